"""Guests: a browser becomes one with its first question."""

import threading
from datetime import timedelta
from importlib import import_module

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.utils import timezone

from accounts import guests
from accounts.hooks import SiteHooks
from accounts.models import User
from answers.models import Share
from tests.support.answers import make_answer

pytestmark = pytest.mark.django_db(transaction=True)


user_or_guest = transaction.atomic(guests.user_or_guest)


@pytest.fixture
def session_key(client):
    client.get("/")
    return client.session.session_key


def test_a_browser_is_nobody_until_its_first_question(session_key):
    assert SiteHooks().user_of_session(session_key) is None
    assert User.objects.count() == 0
    guest = user_or_guest(session_key)
    assert guest.is_guest
    assert not guest.has_usable_password()
    assert SiteHooks().user_of_session(session_key) == user_or_guest(session_key) == guest


def test_the_guest_is_logged_in_on_the_pages_too(client, session_key):
    guest = user_or_guest(session_key)
    assert client.get("/").wsgi_request.user == guest


def test_a_logged_in_person_does_not_become_a_guest(client):
    alice = User.objects.create_user("alice")
    client.force_login(alice)
    assert user_or_guest(client.session.session_key) == alice
    assert User.objects.count() == 1


@pytest.mark.parametrize("key", ["", "made-up", "x" * 5000, "\0"])
def test_an_unknown_session_belongs_to_nobody_and_makes_no_guest(key):
    if connection.vendor == "postgresql" and "\0" in key:
        key = ""
    assert SiteHooks().user_of_session(key) is None
    assert user_or_guest(key) is None
    assert User.objects.count() == Session.objects.count() == 0


def test_a_session_that_ended_belongs_to_nobody(client):
    alice = User.objects.create_user("alice")
    client.force_login(alice)
    key = client.session.session_key
    assert SiteHooks().user_of_session(key) == alice
    User.objects.update(is_active=False)
    assert SiteHooks().user_of_session(key) is None
    assert user_or_guest(key) is None  # and a deactivated person does not become a guest
    User.objects.update(is_active=True)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert SiteHooks().user_of_session(key) is None
    assert user_or_guest(key) is None
    client.force_login(alice)
    key = client.session.session_key
    client.logout()
    assert SiteHooks().user_of_session(key) is None
    assert user_or_guest(key) is None


def test_a_new_password_ends_other_sessions(client):
    alice = User.objects.create_user("alice", password="old")
    client.force_login(alice)
    alice.set_password("new")
    alice.save()
    assert SiteHooks().user_of_session(client.session.session_key) is None


def test_two_tabs_that_ask_at_the_same_time_make_one_guest(session_key):
    barrier, guests = threading.Barrier(2), []

    def ask():
        barrier.wait()
        guests.append(user_or_guest(session_key))
        connection.close()

    tabs = [threading.Thread(target=ask) for _ in range(2)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert guests[0] == guests[1]
    assert User.objects.count() == 1


def test_sessions_are_stored_in_the_table_that_guests_lock():
    assert import_module(settings.SESSION_ENGINE).SessionStore.get_model_class() is Session


def test_a_thread_that_both_the_guest_and_the_account_share_keeps_the_accounts_link():
    guest, alice = User.objects.create_user("guest-1", is_guest=True), User.objects.create_user("alice")
    thread, other = (make_answer(guest, question).thread for question in ("Both?", "Guest's?"))
    Share.objects.create(user=guest, thread=thread)
    Share.objects.create(user=guest, thread=other)
    kept = Share.objects.create(user=alice, thread=thread)
    guests.hand_over(guest, alice)
    assert Share.objects.get(user=alice, thread=thread) == kept
    assert Share.objects.filter(user=alice, thread=other).exists()
