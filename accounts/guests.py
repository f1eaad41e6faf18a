"""Guests: a browser that asks its first question becomes a user. After sign-up, the account gets its answers.

Synchronous functions, for the database thread.
"""

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.models import User
from answers.engine.hooks import logged_in_user, open_session
from answers.models import Answer, QuestionLog, Share


def user_or_guest(session_key: str) -> User | None:
    """The session's user, or a new guest, who is then logged in to it. Call it in a transaction.

    Returns None if there is no such session, or if a guest is needed and `ASKME_GUESTS` is off. The session
    key stays the same, since a websocket cannot set a cookie. See `SESSION_COOKIE_NAME` in the settings for
    the protection against a planted cookie.
    """
    # Two tabs may ask their first question at once. The second waits here, and then finds the guest.
    locked = _lock(session_key)
    if locked is None:
        return None
    session = _loaded(locked)
    user = _user(session)
    if user is None and settings.ASKME_GUESTS and _is_nobodys(session):
        user = User.objects.create_user(f"guest-{uuid4().hex[:16]}", is_guest=True)
        session[auth.SESSION_KEY] = str(user.pk)
        session[auth.BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save(must_create=False)
    return user


def is_guest(user: AbstractBaseUser | AnonymousUser) -> bool:
    return isinstance(user, User) and user.is_guest


def guest_of(session_key: str | None) -> User | None:
    """The guest of a session. Until the transaction ends, nobody can ask a question in the session."""
    locked = None if session_key is None else _lock(session_key)
    if session_key is None or locked is None:
        return None
    user = _user(_loaded(locked))
    return user if user is not None and user.is_guest else None


def hand_over(guest: User, user: User) -> None:
    """Give everything that a guest has to an account, and delete the guest. Running answers continue."""
    for model in (Answer, Share, QuestionLog):
        model.objects.filter(user=guest).update(user=user)
    guest.delete()


def _is_nobodys(session: Any) -> bool:
    """Nobody is logged in to it, or only a user who has been deleted. A deactivated user still counts."""
    key = session.get(auth.SESSION_KEY)
    return key is None or not User.objects.filter(pk=key).exists()


def _lock(session_key: str) -> Session | None:
    """Lock a session until the transaction ends. Returns None if it is gone or expired."""
    live = Session.objects.filter(pk=session_key, expire_date__gt=timezone.now())
    return live.select_for_update().first()


def _loaded(row: Session) -> Any:
    """The session of a row that is already loaded, without reading it again."""
    session: Any = open_session(row.session_key)
    session._session_cache = session.decode(row.session_data)
    return session


def _user(session: Any) -> User | None:
    user = logged_in_user(session)
    return user if isinstance(user, User) else None
