"""Fill in the forms of accounts with Django's test client."""

import re

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.urls import reverse

from accounts import guest_cookie
from accounts.hooks import SiteHooks
from tests.support.forms import PASSWORD


def browser_key(client):
    """Return what the hooks are given to find out who the browser's user is."""
    return SiteHooks().session_key({name: cookie.value for name, cookie in client.cookies.items()})


def guest_cookie_header() -> bytes:
    """Return the header of a browser that has not asked yet."""
    response = HttpResponse()
    guest_cookie.set_key(response, guest_cookie.new_key())
    return f"{settings.GUEST_COOKIE_NAME}={response.cookies[settings.GUEST_COOKIE_NAME].value}".encode()


def user_of(client):
    return SiteHooks().user_of_session(browser_key(client))


def user_who_asks(client):
    """As when a question is saved."""
    try:
        with transaction.atomic():
            return SiteHooks().user_who_asks(browser_key(client))
    except IntegrityError:
        with transaction.atomic():
            return SiteHooks().user_who_asks(browser_key(client))


def sign_up(client, email="alice@example.org", password=PASSWORD):
    return client.post(reverse("account_signup"), {"email": email, "password1": password})


def log_in(client, login="alice@example.org", password=PASSWORD, **fields):
    return client.post(reverse("account_login"), {"login": login, "password": password, **fields})


def log_out(client):
    assert client.post(reverse("account_logout")).status_code == 302


def totp(secret):
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def says(response):
    """Return what a person reads, without values that differ at each load, and without the address."""
    return re.sub(r'value="[\w-]{40,}"|\?next=[^"]*', "", response.content.decode())


def enrol(client):
    ask_again = client.get(reverse("mfa_activate_totp")).url  # it asks for the password first
    page = client.post(ask_again, {"password": PASSWORD}, follow=True)
    assert "data:image/svg+xml" in page.content.decode()
    secret = page.context["form"].secret
    assert client.post(reverse("mfa_activate_totp"), {"code": totp(secret)}).status_code == 302
    codes = client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"]
    cache.clear()  # a code is valid once, and a test cannot wait 30 seconds for the next one
    return secret, codes
