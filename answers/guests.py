"""Who is speaking: from a session's key to its user, and a guest for a browser that asks its first question.

A websocket may stay open for hours, so its frames ask here each time: whoever was logged out, deactivated
or has expired meanwhile is nobody. Sync functions, for the thread of the database.
"""

from importlib import import_module
from types import SimpleNamespace
from typing import cast
from uuid import uuid4

from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from answers.models import User


def user_of(session_key: str) -> User | None:
    """The user of a live session, or None: nobody is logged in there."""
    return _user(_store(session_key))


def user_or_guest(session_key: str) -> User | None:
    """The session's user; if it has none yet, a new guest who is then logged in there.

    None: there is no such session. The key stays the same, since a websocket cannot set the cookie anew;
    `SESSION_COOKIE_NAME` says what keeps a planted cookie out.
    """
    with transaction.atomic():
        # Two tabs may ask their first question at once: the second waits here and finds the guest.
        live = Session.objects.filter(pk=session_key, expire_date__gt=timezone.now())
        if live.select_for_update().first() is None:
            return None
        session = _store(session_key)
        user = _user(session)
        if user is None and auth.SESSION_KEY not in session:
            user = User.objects.create_user(f"guest-{uuid4().hex[:16]}", is_guest=True)
            session[auth.SESSION_KEY] = str(user.pk)
            session[auth.BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
            session[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
            session.save(must_create=False)
        return user


def _store(session_key: str) -> SessionBase:
    return cast(SessionBase, import_module(settings.SESSION_ENGINE).SessionStore(session_key))


def _user(session: SessionBase) -> User | None:
    request = cast(HttpRequest, SimpleNamespace(session=session))  # it reads no more of a request
    user = auth.get_user(request)
    return user if isinstance(user, User) else None
