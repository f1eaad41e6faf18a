"""The hooks of this site: guests may ask if `ASKME_GUESTS` is on."""

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser

from accounts import guests
from answers.engine.hooks import Hooks


class SiteHooks(Hooks):
    def user_who_asks(self, session_key: str) -> AbstractBaseUser | None:
        return guests.user_or_guest(session_key)

    def may_ask(self, user: AbstractBaseUser | None) -> bool:
        """If guests are switched off, an existing guest may still read."""
        return bool(settings.ASKME_GUESTS) or (user is not None and not guests.is_guest(user))

    def counts_by_address(self, user: AbstractBaseUser) -> bool:
        """For guests, who become a new user by clearing the cookie."""
        return guests.is_guest(user)
