"""The requester: who asks, follows or stops. This is the user of a session, or one that the caller knows.

A socket may stay open for hours. Meanwhile its user may be logged out or deactivated, or the session may
expire. So a session is looked up again each time. All methods are synchronous, for the database thread.
"""

from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import gettext as _

from answers.asking.address import NO_ADDRESS
from answers.engine.hooks import site_hooks
from answers.protocol import Refused


class Requester:
    """A user that the caller has authenticated."""

    is_limited = True  # whether the limits of the settings apply, and the site decides who may ask
    is_nobody = False  # whether there can be no user, now or later

    def __init__(self, user: AbstractBaseUser | None = None) -> None:
        self._user = user
        self.user_id: Any = user.pk if user else None  # as of the last lookup
        self.is_guest = False  # of the site's guests, as of the last lookup
        self.address = NO_ADDRESS  # their network address, as returned by `answers.asking.address`

    @staticmethod
    def of(requester: "Requester | AbstractBaseUser") -> "Requester":
        return requester if isinstance(requester, Requester) else Requester(requester)

    def user(self, answer: UUID | None = None) -> AbstractBaseUser | None:
        """The current user. Raises `Refused`, with this answer's id, if they are no longer logged in."""
        return self._user

    def user_who_asks(self, answer: UUID) -> AbstractBaseUser | None:
        """The same for a question, inside its transaction. The site may create a user here."""
        return self.user(answer)

    def require_session(self, answer: UUID | None) -> None:
        """Raises `Refused` if there is no session."""


class Operator(Requester):
    """A user without limits, such as one at the server's terminal."""

    is_limited = False


class SessionRequester(Requester):
    """The user who is currently logged in to a session, whose key `Hooks.session_key` has returned."""

    def __init__(self, session_key: str, address: str = NO_ADDRESS) -> None:
        super().__init__()
        self.session_key, self.address = session_key, address
        # Whether there can be no such session. That stays true, because only the site chooses keys.
        self.is_nobody = not session_key
        self._had_session = False

    def user(self, answer: UUID | None = None) -> AbstractBaseUser | None:
        found = site_hooks().user_of_session(self.session_key) if self.session_key else None
        user = self._require_login(found, answer)
        self.user_id = user.pk if user else None
        return user

    def user_who_asks(self, answer: UUID) -> AbstractBaseUser | None:
        # `user_id` is set after the commit: if the question is refused, its new guest is rolled back.
        found = site_hooks().user_who_asks(self.session_key) if self.session_key else None
        return self._require_login(found, answer)

    def require_session(self, answer: UUID | None) -> None:
        if not self._has_session():
            self.is_nobody = True
            raise no_session(answer)

    def _has_session(self) -> bool:
        return bool(self.session_key) and site_hooks().has_session(self.session_key)

    def _require_login(self, user: AbstractBaseUser | None, answer: UUID | None) -> AbstractBaseUser | None:
        if user is None and self.user_id is not None:
            raise no_session(answer)
        self.is_guest = user is not None and site_hooks().is_guest(user)
        if user is None and not self._had_session:  # checked once: it may be a cookie that somebody invented
            self._had_session = self._has_session()
            self.is_nobody = not self._had_session
        return user


def no_session(answer: UUID | None) -> Refused:
    sentence = _("Your session has ended. Please reload the page; your question is kept.")
    return Refused("no_session", sentence, answer=answer)
