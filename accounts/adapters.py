"""What askme adds to allauth: who may make an account, and that a guest's answers go along.

allauth calls these; everything else about accounts is its own.
"""

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.account.stages import EmailVerificationStage
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib import auth
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import render

from accounts.models import Invitation
from answers import guests
from answers.models import User

log = logging.getLogger(__name__)

INVITATION = "invitation"  # in the session: the key of the one whose link was followed


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        match settings.ASKME_SIGNUP:
            case "open":
                return True
            case "invited":
                followed = request.session.get(INVITATION)
                return followed is not None and Invitation.objects.usable().filter(pk=followed).exists()
        return False

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        with transaction.atomic():
            super().save_user(request, user, form, commit)
            # Who comes by single sign-on needs no invitation: its provider has decided.
            if settings.ASKME_SIGNUP == "invited" and not hasattr(form, "sociallogin"):
                self._use_invitation(request, user)
        return user

    def _use_invitation(self, request: HttpRequest, user: User) -> None:
        if not Invitation.objects.use(request.session.pop(INVITATION, 0), user):
            raise ImmediateHttpResponse(render(request, "account/signup_closed.html", status=403))

    def login(self, request: HttpRequest, user: User) -> None:
        """Log in, and take over what was asked in this browser as a guest."""
        with transaction.atomic():
            guest = guests.guest_of(request.session.session_key)
            if guest is not None:
                # Of another person's session Django would flush everything; a guest is the same person, and
                # the session says when they gave their password. The key is changed either way.
                for key in (auth.SESSION_KEY, auth.BACKEND_SESSION_KEY, auth.HASH_SESSION_KEY):
                    request.session.pop(key, None)
            super().login(request, user)
            if guest is not None:
                guests.hand_over(guest, user)

    def get_login_stages(self) -> list[str]:
        theirs = f"{EmailVerificationStage.__module__}.{EmailVerificationStage.__name__}"
        ours = f"{VerificationStage.__module__}.{VerificationStage.__name__}"
        return [ours if stage == theirs else stage for stage in super().get_login_stages()]


class VerificationStage(EmailVerificationStage):  # type: ignore[misc]
    """As allauth's, but one whom an operator made has nothing to verify: `make admin` locks nobody out."""

    def handle(self) -> Any:
        login = self.login
        if login.user and not login.signup and not EmailAddress.objects.filter(user=login.user).exists():
            return None, True
        return super().handle()


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return True  # whom the provider lets in; see pre_social_login

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, **rest: Any
    ) -> None:
        # For the operator; the person gets a sentence of ours.
        log.warning("single sign-on failed: %s %s", error, exception or "")

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """At each login, so that a change of ASKME_OIDC_DOMAINS holds for those who have an account too."""
        domains = [domain.lower() for domain in settings.ASKME_OIDC_DOMAINS]
        # Only what the provider has verified: elsewhere people may write what they like.
        verified = [address.email for address in sociallogin.email_addresses if address.verified is True]
        if domains and not any(email.rpartition("@")[2].lower() in domains for email in verified):
            page = render(request, "socialaccount/wrong_domain.html", {"domains": domains}, status=403)
            raise ImmediateHttpResponse(page)
