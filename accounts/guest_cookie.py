"""The cookie of a guest: a random key, signed with the time.

A page sets it before anything is stored, since a websocket cannot set a cookie. The first question then
stores a guest under its key (accounts/guests.py). Because of the signature, nobody can choose a key, and one
that was made up costs no query.

It is not the session's cookie: Django saves a session whole, so a request that loaded it before the guest was
created and saved it afterwards would lose the guest.
"""

import secrets
from collections.abc import Mapping

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpResponse

DAY = 24 * 3600
RENEWED_DAYS = 300  # a cookie that is valid for fewer days is renewed
SALT = "accounts.guest"


def new_key() -> str:
    return secrets.token_urlsafe(24)


def key_in(cookies: Mapping[str, str]) -> str:
    """The key in a browser's cookies, or "" if there is none, its signature is wrong, or it has expired."""
    try:
        signed = cookies.get(settings.GUEST_COOKIE_NAME, "")
        return TimestampSigner(salt=SALT).unsign(signed, max_age=settings.SESSION_COOKIE_AGE)
    except BadSignature:
        return ""


def needs_renewal(cookies: Mapping[str, str]) -> bool:
    """Whether a valid cookie expires soon, or was signed with a secret key that will be removed."""
    age = settings.SESSION_COOKIE_AGE - RENEWED_DAYS * DAY
    try:
        signed = cookies.get(settings.GUEST_COOKIE_NAME, "")
        TimestampSigner(salt=SALT, fallback_keys=[]).unsign(signed, max_age=age)
    except BadSignature:
        return True
    return False


def set_key(response: HttpResponse, key: str) -> None:
    response.set_cookie(
        settings.GUEST_COOKIE_NAME,
        TimestampSigner(salt=SALT).sign(key),
        max_age=settings.SESSION_COOKIE_AGE,
        path="/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
