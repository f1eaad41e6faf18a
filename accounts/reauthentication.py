"""Before what cannot be undone: who has an account proves again that it is they, within the last minutes.

By password or second factor, as allauth asks for them. Who has neither comes by single sign-on, where allauth
asks for nothing (its issue 3030), and logs in there again. A guest has nothing to prove it by.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.decorators import reauthentication_required
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from answers.guests import is_guest
from answers.models import User

View = Callable[..., HttpResponse]


def proves_again(view: View) -> View:
    """Asks for the password before it shows, and again before it does, if minutes lie between."""
    by_password: View = reauthentication_required(view)

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = request.user
        if not isinstance(user, User) or is_guest(user):
            return view(request, *args, **kwargs)
        if get_adapter(request).get_reauthentication_methods(user):
            return by_password(request, *args, **kwargs)
        if _comes_by_single_sign_on(user) and not _just_came(request, user):
            # `prompt`: the provider is to ask for the person's own password, though they are logged in there.
            again = urlencode({"next": request.path, "auth_params": "prompt=login"})
            return redirect(f"{reverse('openid_connect_login', args=['sso'])}?{again}")
        return view(request, *args, **kwargs)

    return wrapper


def _comes_by_single_sign_on(user: User) -> bool:
    """Not if its provider was switched off since: nobody could prove anything then."""
    return bool(settings.ASKME_OIDC_ISSUER) and SocialAccount.objects.filter(user=user).exists()


def _just_came(request: HttpRequest, user: User) -> bool:
    came = [record["at"] for record in get_authentication_records(request, user)]
    return bool(came) and time.time() - came[-1] < app_settings.REAUTHENTICATION_TIMEOUT
