"""What every page says about who reads it: the bar at its top."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.middleware import PATHS
from answers.guests import is_guest

gettext_noop("single sign-on")  # what ASKME_OIDC_NAME says of itself; what an operator writes there stays


def accounts(request: HttpRequest) -> dict[str, Any]:
    is_elsewhere = not request.path.startswith(PATHS)
    return {
        "person": SimpleLazyObject(lambda: _person(request)),
        "back": "?" + urlencode({"next": request.path}) if is_elsewhere else "",
        "must_log_in": is_elsewhere and not settings.ASKME_GUESTS,
        "signup": settings.ASKME_SIGNUP,
        "sends_email": bool(settings.EMAIL_URL),
        "sso": _(settings.ASKME_OIDC_NAME) if settings.ASKME_OIDC_ISSUER else "",
    }


def _person(request: HttpRequest) -> Any:
    """Who has an account and is logged in; a guest has none."""
    user = getattr(request, "user", None)  # nobody has looked yet where a request is refused for its host
    return user if user and user.is_authenticated and not is_guest(user) else None
