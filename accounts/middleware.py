"""Who sends a request: an account, a guest, or nobody. Renews the sessions and cookies of people who return.

Guests count as nobody on the account pages and in the admin, so that they can log in or sign up.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts import guest_cookie, guests
from accounts.guests import is_guest
from answers.engine.hooks import logged_in_user

PATHS = ("/accounts/", "/admin/")
KEPT = "kept"  # in a session: its key and the time when its cookie was set
SEEN_SECONDS = 24 * 3600  # how exactly the list of a person's sessions says when each was last seen
MOST_SEEN = 10_000  # sessions that one process remembers, so that it writes this no more often


class GuestMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._seen: dict[str, float] = {}  # by session key: until when nothing is written about it

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.user = SimpleLazyObject(lambda: _user(request))  # type: ignore[assignment]
        response = self.get_response(request)
        if response.status_code < 500:  # otherwise the database may be what failed
            _keep_session(request)
            self._note_visit(request)
        if (key := getattr(request, "renewed_guest_key", "")) and response.status_code < 500:
            guest_cookie.set_key(response, key)
        return response

    def _note_visit(self, request: HttpRequest) -> None:
        """Write when an account's session was last seen: at most once a day, and if the database can."""
        session, now = request.session, time.monotonic()
        if not session.accessed or auth.SESSION_KEY not in session:
            return
        key = session.session_key
        if key is None or now < self._seen.get(key, 0):
            return
        if len(self._seen) >= MOST_SEEN:
            self._seen.clear()
        self._seen[key] = now + SEEN_SECONDS
        moment = timezone.now()
        due = UserSession.objects.filter(
            session_key=key, last_seen_at__lt=moment - timedelta(seconds=SEEN_SECONDS)
        )
        with suppress(DatabaseError):  # the page is there; the visit is noted another time
            if due.exists():  # without a write, for which SQLite has one lock
                due.update(last_seen_at=moment, ip=get_adapter().get_client_ip(request))


def _user(request: HttpRequest) -> AbstractBaseUser | AnonymousUser:
    user = _account(request)
    # Not `path`, which may begin with a root path; the URL is resolved without it too.
    is_theirs = not request.path_info.startswith(PATHS)
    if user is None and is_theirs:
        user = _guest(request)
    return user if user is not None and (is_theirs or not is_guest(user)) else AnonymousUser()


def _account(request: HttpRequest) -> AbstractBaseUser | None:
    """The session's user. A session that has ended is deleted, so that its browser can be a guest.

    Unlike Django's `get_user`, this keeps the session's key after a change of `SECRET_KEY`.
    """
    session = request.session
    user = logged_in_user(session)
    if user is not None:
        current = user.get_session_auth_hash()
        if session[auth.HASH_SESSION_KEY] != current:  # signed with one of SECRET_KEY_FALLBACKS
            session[auth.HASH_SESSION_KEY] = current
    elif auth.SESSION_KEY in session:
        session.flush()
    return user


def _guest(request: HttpRequest) -> AbstractBaseUser | None:
    key = guest_cookie.key_in(request.COOKIES)
    guest = guests.guest_of(key) if key else None
    if guest is not None and guest_cookie.needs_renewal(request.COOKIES):
        guests.renew(key)
        request.renewed_guest_key = key  # type: ignore[attr-defined]
    return guest


def _keep_session(request: HttpRequest) -> None:
    """Note a new session of an account, by which its sessions are found, and renew one that expires soon.

    allauth notes the sessions of its own logins. But Django's admin too changes the key of a session when
    somebody changes their password there.
    """
    session = request.session
    if not session.accessed or auth.SESSION_KEY not in session:
        return
    key, kept_at = session.get(KEPT, ("", 0))
    age = settings.SESSION_COOKIE_AGE - guest_cookie.RENEWED_DAYS * guest_cookie.DAY
    if key == session.session_key and time.time() - kept_at < age:
        return
    if request.user.is_authenticated and not is_guest(request.user):
        UserSession.objects.create_from_request(request)
        session[KEPT] = session.session_key, int(time.time())
