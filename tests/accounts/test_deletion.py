"""Deleting an account, which the person must confirm with a password or another proof."""

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.sessions.models import Session
from django.urls import reverse

from accounts.models import User
from answers.models import Answer
from tests.support.answers import make_answer
from tests.support.forms import PASSWORD

ADDRESS = "/account/delete/"
ASKED_AGAIN = f"/accounts/reauthenticate/?next={ADDRESS.replace('/', '%2F')}"


@pytest.fixture
def alices(client, alice):
    """Alice's browser, just logged in."""
    client.post(reverse("account_login"), {"login": alice.email, "password": PASSWORD})
    make_answer(alice, "Mine?")
    return client


def grow_old(client, seconds=301):
    """Make the last login or password check in this browser's session older."""
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY][-1]["at"] -= seconds
    session.save()


def test_the_password_is_asked_for_again_before_an_account_is_deleted(alices, alice):
    assert alices.get(ADDRESS).url == ASKED_AGAIN
    assert "Enter your password" in alices.get(ASKED_AGAIN).content.decode()
    wrong = alices.post(ASKED_AGAIN, {"password": "wrong"})
    assert wrong.status_code == 200
    assert alices.get(ADDRESS).url == ASKED_AGAIN
    assert alices.post(ASKED_AGAIN, {"password": PASSWORD}).url == ADDRESS
    assert alice.email in alices.get(ADDRESS).content.decode()
    assert User.objects.exists()
    assert "Nothing else about you is kept." in alices.post(ADDRESS).content.decode()
    assert not User.objects.exists()
    assert not Answer.objects.exists()
    assert [session.get_decoded() for session in Session.objects.all()] == []


def test_a_slow_confirmation_asks_for_the_password_once_more_and_then_deletes(alices):
    alices.post(ASKED_AGAIN, {"password": PASSWORD})
    assert alices.get(ADDRESS).status_code == 200
    grow_old(alices)
    assert alices.post(ADDRESS).url == ASKED_AGAIN
    assert User.objects.exists()
    assert (
        "Nothing else about you is kept." in alices.post(ASKED_AGAIN, {"password": PASSWORD}).content.decode()
    )
    assert not User.objects.exists()


def test_another_persons_password_is_refused(alices, alice):
    User.objects.create_user("bob", "bob@example.org", "another horse battery")
    alices.post(ASKED_AGAIN, {"password": "another horse battery"})
    assert alices.post(ADDRESS).url == ASKED_AGAIN
    assert User.objects.filter(pk=alice.pk).exists()


def test_password_attempts_are_limited(alices):
    for _ in range(10):
        alices.post(ASKED_AGAIN, {"password": "wrong"})
    assert alices.post(ASKED_AGAIN, {"password": PASSWORD}).status_code == 429
    assert alices.get(ADDRESS).url == ASKED_AGAIN


def test_a_second_factor_confirms_the_deletion_without_a_password(client, db):
    alice = User.objects.create_user("alice", "alice@example.org")
    TOTP.activate(alice, generate_totp_secret())
    codes = RecoveryCodes.activate(alice)
    client.force_login(alice)
    asked = client.get(ADDRESS).url
    assert asked.startswith(reverse("mfa_reauthenticate"))
    assert client.post(asked, {"code": "000000"}).status_code == 200
    assert client.post(asked, {"code": codes.get_unused_codes()[0]}).url == ADDRESS
    client.post(ADDRESS)
    assert not User.objects.exists()


def test_a_guest_needs_no_confirmation(client, db):
    guest = User.objects.create_user("guest-1", is_guest=True)
    client.force_login(guest)
    assert client.get(ADDRESS).status_code == 200
    client.post(ADDRESS)
    assert not User.objects.exists()


def test_an_account_with_no_way_to_confirm_can_still_be_deleted(client, db):
    client.force_login(User.objects.create_user("made-by-an-operator"))
    assert client.get(ADDRESS).status_code == 200
    client.post(ADDRESS)
    assert not User.objects.exists()


@pytest.mark.parametrize("name", ["account_email", "account_change_password", "mfa_index"])
def test_the_account_pages_link_to_the_deletion(alices, name):
    assert f'href="{ADDRESS}"' in alices.get(reverse(name)).content.decode()
