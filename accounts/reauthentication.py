"""Reauthentication: people with an account confirm who they are before an action that cannot be undone.

allauth asks for their password or second factor. People who have neither use single sign-on, for which
allauth asks nothing (its issue 3030), so they log in there again. Guests have nothing to enter.

A provider that remembers the browser lets people in without a password, and some do so whatever they are
asked. So a login there counts only if the provider says, in the claim `auth_time` of the ID token, that the
password was entered just now. With `max_age` the claim is required (OpenID Connect Core, 3.1.2.1). If a
provider does not send it, nothing is confirmed, and an operator can delete the account.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.account.signals import user_logged_in
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.guests import is_guest
from accounts.models import User

View = Callable[..., HttpResponse]

AUTH_TIME = "provider_auth_time"  # the session's key for when they entered their password at the provider
SKEW_SECONDS = 60  # by which the provider's clock may differ from ours
RETURNED = "returned"  # in the address after the provider was asked, which must not be asked again at once


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
        if not _uses_single_sign_on(user) or _has_just_entered_password(request):
            return view(request, *args, **kwargs)
        if request.method == "GET" and RETURNED in request.GET:
            return render(request, "account/not_confirmed.html", {"again": request.path}, status=403)
        # Both ask for the password even from people who are logged in there; the second for the claim too.
        again = {"next": f"{request.path}?{RETURNED}=1", "auth_params": "prompt=login&max_age=0"}
        return redirect(f"{reverse('openid_connect_login', args=['sso'])}?{urlencode(again)}")

    return wrapper


@receiver(user_logged_in)
def remember_auth_time(request: HttpRequest, sociallogin: SocialLogin | None = None, **kwargs: Any) -> None:
    """Keep it in the session, since a login on another device says nothing about this one."""
    request.session.pop(AUTH_TIME, None)
    token = sociallogin.account.extra_data.get("id_token") if sociallogin else None
    at = token.get("auth_time") if isinstance(token, dict) else None
    if isinstance(at, int | float) and not isinstance(at, bool):
        request.session[AUTH_TIME] = at


def _uses_single_sign_on(user: User) -> bool:
    """False if the provider was switched off since then, because nobody could log in there."""
    return bool(settings.ASKME_OIDC_ISSUER) and SocialAccount.objects.filter(user=user).exists()


def _has_just_entered_password(request: HttpRequest) -> bool:
    at: float | None = request.session.get(AUTH_TIME)
    if at is None:
        return False
    timeout: int = app_settings.REAUTHENTICATION_TIMEOUT
    return -SKEW_SECONDS <= time.time() - at <= timeout + SKEW_SECONDS
