"""The hooks of this site: guests may ask if `ASKME_GUESTS` is on."""

from collections.abc import Mapping

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse

from accounts import guest_cookie, guests
from accounts.guests import Browser
from answers.engine.hooks import Hooks


class SiteHooks(Hooks):
    def session_key(self, cookies: Mapping[str, str]) -> str:
        """The keys of the session and of the guest, `session.guest`. Either part may be empty."""
        session = super().session_key(cookies)
        guest = guest_cookie.key_in(cookies)
        return f"{session}.{guest}" if session or guest else ""

    def prepare_page(self, request: HttpRequest, response: HttpResponse) -> None:
        """Set a guest's cookie, which is stored once its browser asks a question."""
        if request.user.is_authenticated or not settings.ASKME_GUESTS:
            return
        key = guest_cookie.key_in(request.COOKIES)
        if not key or guests.has_ended(key):
            guest_cookie.set_key(response, guest_cookie.new_key())
        elif guest_cookie.needs_renewal(request.COOKIES):
            guest_cookie.set_key(response, key)

    def user_of_session(self, session_key: str) -> AbstractBaseUser | None:
        return _browser(session_key).user()

    def has_session(self, session_key: str) -> bool:
        return _browser(session_key).has_session()

    def user_who_asks(self, session_key: str) -> AbstractBaseUser | None:
        return _browser(session_key).user_or_new_guest()

    def may_ask(self, user: AbstractBaseUser | None) -> bool:
        """If guests are switched off, an existing guest may still read."""
        return bool(settings.ASKME_GUESTS) or (user is not None and not guests.is_guest(user))

    def counts_by_address(self, user: AbstractBaseUser) -> bool:
        """For guests, who become a new user by clearing the cookie."""
        return guests.is_guest(user)


def _browser(key: str) -> Browser:
    session, _, guest = key.partition(".")
    return Browser(session, guest)
