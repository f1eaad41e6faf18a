"""What askme adds to allauth: who may sign up, and that guests keep their answers.

allauth calls these classes, and does everything else about accounts.
"""

import logging
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.account.stages import EmailVerificationStage
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import render

from accounts import guest_cookie, guests
from accounts.models import Invitation, User
from accounts.names import is_reserved

log = logging.getLogger(__name__)

NOWHERE = "0.0.0.0"  # noqa: S104  # of a connection without an address, such as a Unix socket
INVITATION = "invitation"  # the session's key for the invitation that was opened


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def get_client_ip(self, request: HttpRequest) -> str:
        """allauth refuses a request that came through fewer proxies than `ASKME_PROXIES` says.

        Then this is the address of the nearest one, so that its people share the limits on logins.
        """
        try:
            return str(super().get_client_ip(request))
        except (ImproperlyConfigured, PermissionDenied):
            return request.META.get("REMOTE_ADDR") or NOWHERE

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Name the site in the text as in its links, and not as the request does."""
        if host := urlsplit(settings.ASKME_URL).netloc:
            context = {"current_site": {"name": host, "domain": host}, **context}
        super().send_mail(template_prefix, email, context)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        match settings.ASKME_SIGNUP:
            case "open":
                return True
            case "invited":
                opened = request.session.get(INVITATION)
                return opened is not None and Invitation.objects.usable().filter(pk=opened).exists()
        return False

    def clean_username(self, username: str, shallow: bool = False) -> str:
        """Called for the names that allauth derives from an address, and for those of single sign-on."""
        if is_reserved(username):
            raise self.validation_error("username_blacklisted")
        return str(super().clean_username(username, shallow=shallow))

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        with transaction.atomic():
            super().save_user(request, user, form, commit)
            # People who use single sign-on need no invitation: the provider decides.
            if settings.ASKME_SIGNUP == "invited" and not hasattr(form, "sociallogin"):
                self._use_invitation(request, user)
        return user

    def _use_invitation(self, request: HttpRequest, user: User) -> None:
        if not Invitation.objects.use(request.session.pop(INVITATION, 0), user):
            raise ImmediateHttpResponse(render(request, "account/signup_closed.html", status=403))

    def login(self, request: HttpRequest, user: User) -> None:
        """Log in, and take over what was asked in this browser as a guest."""
        with transaction.atomic():
            key = guest_cookie.key_in(request.COOKIES)
            guest = guests.end(key) if key else None
            super().login(request, user)
            if guest is not None:
                guests.hand_over(guest, user)

    def get_login_stages(self) -> list[str]:
        theirs = f"{EmailVerificationStage.__module__}.{EmailVerificationStage.__name__}"
        ours = f"{VerificationStage.__module__}.{VerificationStage.__name__}"
        return [ours if stage == theirs else stage for stage in super().get_login_stages()]


class VerificationStage(EmailVerificationStage):  # type: ignore[misc]
    """Like allauth's, but skips an account without an address to verify, such as one from `make admin`."""

    def handle(self) -> Any:
        login = self.login
        if login.user and not login.signup and not EmailAddress.objects.filter(user=login.user).exists():
            return None, True
        return super().handle()


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return True  # for everybody whom the provider accepts; see pre_social_login

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, **rest: Any
    ) -> None:
        # For the operator; the person sees our own error page.
        log.warning("single sign-on failed: %s %s", error, exception or "")

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Runs at every login, so that a change of ASKME_OIDC_DOMAINS applies to existing accounts too."""
        domains = [domain.lower() for domain in settings.ASKME_OIDC_DOMAINS]
        # Only addresses that the provider has verified: people can enter any other address.
        verified = [address.email for address in sociallogin.email_addresses if address.verified is True]
        if domains and not any(email.rpartition("@")[2].lower() in domains for email in verified):
            page = render(request, "socialaccount/wrong_domain.html", {"domains": domains}, status=403)
            raise ImmediateHttpResponse(page)
