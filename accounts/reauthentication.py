"""Reauthentication: people with an account confirm who they are before an action that cannot be undone.

allauth asks for their password or second factor. People who have neither use single sign-on, for which
allauth asks nothing (its issue 3030), so they log in there again. Guests have nothing to enter.
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

from accounts.guests import is_guest
from accounts.models import User

View = Callable[..., HttpResponse]


def require_reauthentication(view: View) -> View:
    """Ask for the password before the page, and again before the form is accepted if minutes have passed."""
    by_password: View = reauthentication_required(view)

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = request.user
        if not isinstance(user, User) or is_guest(user):
            return view(request, *args, **kwargs)
        if get_adapter(request).get_reauthentication_methods(user):
            return by_password(request, *args, **kwargs)
        if _uses_single_sign_on(user) and not _has_just_logged_in(request, user):
            # `prompt=login`: the provider asks for the password even from people who are logged in there.
            again = urlencode({"next": request.path, "auth_params": "prompt=login"})
            return redirect(f"{reverse('openid_connect_login', args=['sso'])}?{again}")
        return view(request, *args, **kwargs)

    return wrapper


def _uses_single_sign_on(user: User) -> bool:
    """False if the provider was switched off since then, because nobody could log in there."""
    return bool(settings.ASKME_OIDC_ISSUER) and SocialAccount.objects.filter(user=user).exists()


def _has_just_logged_in(request: HttpRequest, user: User) -> bool:
    times = [record["at"] for record in get_authentication_records(request, user)]
    return bool(times) and time.time() - times[-1] < app_settings.REAUTHENTICATION_TIMEOUT
