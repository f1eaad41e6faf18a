"""Who is speaking: from a session's key to its user, and a guest for a browser that asks its first question.
A guest who makes an account or logs in hands their answers over.

A websocket may stay open for hours, so its frames ask here each time: whoever was logged out, deactivated
or has expired meanwhile is nobody. Sync functions, for the thread of the database.
"""

from importlib import import_module
from types import SimpleNamespace
from typing import cast
from uuid import uuid4

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from answers.models import User


def user_of(session_key: str) -> User | None:
    """The user of a live session, or None: nobody is logged in there."""
    return _user(_store(session_key))


def is_live(session_key: str) -> bool:
    """Whether there is such a session, with or without a user."""
    return _live(session_key).exists()


def user_or_guest(session_key: str) -> User | None:
    """The session's user; if it has none yet, a new guest who is then logged in there. In a transaction.

    None: there is no such session, or `ASKME_GUESTS` is off. The key stays: no websocket can set a cookie;
    `SESSION_COOKIE_NAME` says what keeps a planted cookie out.
    """
    # Two tabs may ask their first question at once: the second waits here and finds the guest.
    locked = _lock(session_key)
    if locked is None:
        return None
    session = _store(session_key, locked)
    user = _user(session)
    if user is None and auth.SESSION_KEY not in session and settings.ASKME_GUESTS:
        user = User.objects.create_user(f"guest-{uuid4().hex[:16]}", is_guest=True)
        session[auth.SESSION_KEY] = str(user.pk)
        session[auth.BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save(must_create=False)
    return user


def is_guest(user: AbstractBaseUser | AnonymousUser) -> bool:
    return isinstance(user, User) and user.is_guest


def must_log_in(user: User | None) -> bool:
    """Whether this person may not ask before they log in; what they asked as a guest they may still read."""
    return not settings.ASKME_GUESTS and (user is None or user.is_guest)


def guest_of(session_key: str | None) -> User | None:
    """The guest of a session. Nobody asks a question in it until the transaction ends, which must be open."""
    locked = None if session_key is None else _lock(session_key)
    if session_key is None or locked is None:
        return None
    user = _user(_store(session_key, locked))
    return user if user is not None and user.is_guest else None


def hand_over(guest: User, user: User) -> None:
    """Give all that a guest has to an account, and remove the guest. What runs goes on."""
    guest.answers.update(user=user)
    guest.shares.update(user=user)
    guest.asked.update(user=user)
    guest.delete()


def _lock(session_key: str) -> Session | None:
    """Make others who want this session wait until the transaction ends. None: it is gone or expired."""
    return _live(session_key).select_for_update().first()


def _live(session_key: str) -> QuerySet[Session]:
    return Session.objects.filter(pk=session_key, expire_date__gt=timezone.now())


def _store(session_key: str, row: Session | None = None) -> SessionBase:
    """With its row, if that was read already, it need not be read again."""
    store = cast(SessionBase, import_module(settings.SESSION_ENGINE).SessionStore(session_key))
    if row is not None:
        store._session_cache = store.decode(row.session_data)  # type: ignore[attr-defined]
    return store


def _user(session: SessionBase) -> User | None:
    request = cast(HttpRequest, SimpleNamespace(session=session))  # it reads no more of a request
    user = auth.get_user(request)
    return user if isinstance(user, User) else None
