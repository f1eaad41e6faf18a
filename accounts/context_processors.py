"""The context for the bar at the top of every page."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.guests import is_guest
from accounts.middleware import PATHS

gettext_noop("single sign-on")  # the default of ASKME_OIDC_NAME; other names are not translated

MOST_CHARS = 1_000  # of an address to come back to: links repeat it, encoded again, and servers have limits


def accounts(request: HttpRequest) -> dict[str, Any]:
    is_elsewhere = not request.path_info.startswith(PATHS)
    address = request.get_full_path()
    here = "?" + urlencode({"next": address if len(address) <= MOST_CHARS else request.path})
    return {
        "person": SimpleLazyObject(lambda: _person(request)),
        "here": here,
        "back": here if is_elsewhere else "",
        "must_log_in": is_elsewhere and not settings.ASKME_GUESTS,
        "signup": settings.ASKME_SIGNUP,
        "guest_days": settings.ASKME_GUEST_DAYS,
        "sends_email": bool(settings.EMAIL_URL),
        "account": SimpleLazyObject(_benefits),
        "sso": _(settings.ASKME_OIDC_NAME) if settings.ASKME_OIDC_ISSUER else "",
    }


def _benefits() -> dict[str, bool]:
    """What an account gives, as far as it depends on the settings (templates/account/signup.html)."""
    # As accounts/hooks.py decides for an account that somebody signs up for with a password.
    is_vouched_for = settings.ASKME_VERIFY_EMAIL or settings.ASKME_SIGNUP == "invited"
    has_limits = settings.ASKME_ADDRESS_QUESTIONS_PER_MINUTE or settings.ASKME_ADDRESS_QUESTIONS_PER_DAY
    own_limits = bool(settings.ASKME_GUESTS and has_limits and is_vouched_for)
    return {"guests": settings.ASKME_GUESTS, "own_limits": own_limits}


def _person(request: HttpRequest) -> Any:
    """The reader, if they are logged in to an account; guests have none."""
    user = getattr(request, "user", None)  # not set if a request is rejected because of its host
    return user if user and user.is_authenticated and not is_guest(user) else None
