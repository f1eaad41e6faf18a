"""The hooks of this site: who is a guest, and which accounts share the limits of a network address."""

from collections.abc import Hashable, Mapping

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.messages import get_messages
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts import guest_cookie, guests, pruning
from accounts.guests import Browser
from accounts.models import Invitation, User
from answers.engine.hooks import Hooks
from answers.models import Prunable


class SiteHooks(Hooks):
    def session_key(self, cookies: Mapping[str, str]) -> str:
        """The keys of the session and of the guest, `session.guest`. Either part may be empty."""
        session = super().session_key(cookies)
        guest = guest_cookie.key_in(cookies)
        return f"{session}.{guest}" if session or guest else ""

    def prepare_page(self, request: HttpRequest, response: HttpResponse) -> None:
        """Set a guest's cookie. Its key is stored once the browser asks a question."""
        if request.user.is_authenticated or not settings.ASKME_GUESTS:
            return
        key = guest_cookie.key_in(request.COOKIES)
        if not key or guests.has_ended(key):
            guest_cookie.set_key(response, guest_cookie.new_key())
        elif guest_cookie.needs_renewal(request.COOKIES):
            guest_cookie.set_key(response, key)

    def page_key(self, request: HttpRequest) -> Hashable | None:
        """The same page for all who are not logged in to an account, at an address without a query."""
        user = request.user
        has_account = user.is_authenticated and not guests.is_guest(user)
        if (
            has_account
            or request.META.get("QUERY_STRING")
            or request.path_info != "/"
            or len(get_messages(request))
        ):
            return None
        return timezone.get_current_timezone_name(), request.path

    def user_of_session(self, session_key: str) -> AbstractBaseUser | None:
        return _browser(session_key).user()

    def has_session(self, session_key: str) -> bool:
        return _browser(session_key).has_session()

    def user_who_asks(self, session_key: str) -> AbstractBaseUser | None:
        return _browser(session_key).user_or_new_guest()

    def may_ask(self, user: AbstractBaseUser | None) -> bool:
        """If guests are switched off, an existing guest may still read."""
        return bool(settings.ASKME_GUESTS) or (user is not None and not guests.is_guest(user))

    def is_guest(self, user: AbstractBaseUser) -> bool:
        return guests.is_guest(user)

    def counts_by_address(self, user: AbstractBaseUser) -> bool:
        """True for guests, who are new users without their cookie, and for accounts that anybody can make."""
        return guests.is_guest(user) or not _is_vouched_for(user)

    def login_lifts_address_limit(self, user: AbstractBaseUser) -> bool:
        """True for guests, if somebody vouches for each account that they can log in to or create."""
        if not guests.is_guest(user):
            return False
        is_open = settings.ASKME_SIGNUP == "open" and not settings.ASKME_VERIFY_EMAIL
        return bool(settings.ASKME_OIDC_ISSUER) or not (is_open or settings.ASKME_SIGNUP == "closed")

    def prunable(self) -> list[Prunable]:
        return pruning.prunables()


def _is_vouched_for(user: AbstractBaseUser) -> bool:
    """Whether their email address is verified, they use single sign-on, or the operator knows them.

    In one statement, since each question waits for it.
    """
    theirs = OuterRef("pk")
    return User.objects.filter(
        Q(is_staff=True)
        | Exists(EmailAddress.objects.filter(user=theirs, verified=True))
        | Exists(SocialAccount.objects.filter(user=theirs))
        | Exists(Invitation.objects.filter(used_by=theirs)),
        pk=user.pk,
    ).exists()


def _browser(key: str) -> Browser:
    session, _, guest = key.partition(".")
    return Browser(session, guest)
