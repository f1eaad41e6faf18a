"""Guests: a browser becomes one with its first question."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.signing import TimestampSigner
from django.db import connection, transaction
from django.utils import timezone

from accounts import guests
from accounts.guest_cookie import SALT
from accounts.hooks import SiteHooks
from accounts.models import GuestKey, User
from answers.asking import questions
from answers.asking.requester import SessionRequester
from answers.models import Share
from answers.protocol import Ask
from tests.support.accounts import browser_key, log_in, log_out, user_of, user_who_asks
from tests.support.answers import make_answer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def visitor(client):
    """A browser that has opened the page and asked nothing."""
    client.get("/")
    return client


def test_a_browser_is_nobody_until_its_first_question(visitor):
    assert user_of(visitor) is None
    assert User.objects.count() == GuestKey.objects.count() == 0
    guest = user_who_asks(visitor)
    assert guest.is_guest
    assert not guest.has_usable_password()
    assert user_of(visitor) == user_who_asks(visitor) == guest


def test_the_guest_is_logged_in_on_the_pages_too(visitor):
    guest = user_who_asks(visitor)
    assert visitor.get("/").wsgi_request.user == guest
    assert visitor.get("/accounts/login/").wsgi_request.user.is_anonymous


def test_a_logged_in_person_does_not_become_a_guest(visitor, alice):
    visitor.force_login(alice)
    assert user_who_asks(visitor) == alice
    assert User.objects.count() == 1


@pytest.mark.parametrize("key", ["made-up", "x" * 5000, "\0", "a" * 32, "a:1uXn7x:b"])
def test_a_made_up_cookie_belongs_to_nobody_and_makes_no_guest(
    client, key, django_assert_num_queries, settings
):
    for name in (settings.SESSION_COOKIE_NAME, settings.GUEST_COOKIE_NAME):
        client.cookies.clear()
        client.cookies[name] = key
        assert user_of(client) is user_who_asks(client) is None
        if name == settings.GUEST_COOKIE_NAME:
            assert browser_key(client) == ""  # so that the database is not asked
    assert User.objects.count() == Session.objects.count() == GuestKey.objects.count() == 0


def test_nobody_can_choose_the_key_of_a_guest(visitor, settings):
    key = "chosen-by-an-attacker"
    for signer in (TimestampSigner(key="not ours", salt=SALT), TimestampSigner(salt="another")):
        visitor.cookies[settings.GUEST_COOKIE_NAME] = signer.sign(key)
        assert user_who_asks(visitor) is None
    assert visitor.get("/").cookies[settings.GUEST_COOKIE_NAME].value
    assert user_who_asks(visitor).is_guest


def test_a_session_that_ended_belongs_to_nobody(client, alice):
    client.force_login(alice)
    key = browser_key(client)
    hooks = SiteHooks()
    assert hooks.user_of_session(key) == alice
    User.objects.update(is_active=False)
    assert hooks.user_of_session(key) is None
    assert hooks.user_who_asks(key) is None  # and a deactivated person does not become a guest
    User.objects.update(is_active=True)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert hooks.user_of_session(key) is hooks.user_who_asks(key) is None
    client.force_login(alice)
    key = browser_key(client)
    client.logout()
    assert hooks.user_of_session(key) is hooks.user_who_asks(key) is None


def test_an_account_that_is_logged_out_does_not_become_the_guest_of_its_browser(visitor, alice):
    """Its page, which is still open, thinks that somebody is logged in."""
    visitor.force_login(alice)
    key = browser_key(visitor)  # with the cookie of a guest, who has not asked anything
    visitor.session.delete()
    assert SiteHooks().user_who_asks(key) is None
    assert not SiteHooks().has_session(key)
    visitor.get("/")
    assert user_who_asks(visitor).is_guest  # now its page says that nobody is logged in


@pytest.mark.parametrize("how", ["is_active", "deleted", "password"])
def test_a_browser_whose_account_is_gone_can_be_a_guest_after_a_reload(client, alice, how):
    log_in(client)
    key = browser_key(client)
    if how == "deleted":
        alice.delete()
    elif how == "password":
        alice.set_password("another")
        alice.save()
    else:
        User.objects.update(is_active=False)
    assert SiteHooks().user_who_asks(key) is None
    assert not SiteHooks().has_session(key)
    assert b"Log in" in client.get("/").content
    assert user_who_asks(client).is_guest


@pytest.mark.parametrize(("who", "queries"), [("nobody", 0), ("visitor", 1), ("guest", 1), ("account", 2)])
def test_a_frame_costs_few_queries_to_find_out_who_sends_it(
    client, alice, django_assert_num_queries, who, queries
):
    if who == "account":
        log_in(client)
    elif who != "nobody":
        client.get("/")
    if who == "guest":
        user_who_asks(client)
    requester = SessionRequester(browser_key(client))
    with django_assert_num_queries(queries + (who == "visitor")):  # once, whether its cookie has ended
        requester.user()
    with django_assert_num_queries(queries):
        requester.user()
    if who not in ("nobody", "visitor"):
        with transaction.atomic(), django_assert_num_queries(queries):
            requester.user_who_asks(uuid.uuid4())


def test_a_new_password_ends_other_sessions(client, alice):
    client.force_login(alice)
    alice.set_password("new")
    alice.save()
    assert user_of(client) is None


def test_two_tabs_that_ask_at_the_same_time_make_one_guest(visitor):
    barrier, asked = threading.Barrier(2), []

    def ask():
        barrier.wait()
        asked.append(user_who_asks(visitor))
        connection.close()

    tabs = [threading.Thread(target=ask) for _ in range(2)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert asked[0] == asked[1]
    assert User.objects.count() == 1


def test_a_thread_that_both_the_guest_and_the_account_share_keeps_the_accounts_link():
    guest, alice = User.objects.create_user("guest-1", is_guest=True), User.objects.create_user("alice")
    thread, other = (make_answer(guest, question).thread for question in ("Both?", "Guest's?"))
    Share.objects.create(user=guest, thread=thread)
    Share.objects.create(user=guest, thread=other)
    kept = Share.objects.create(user=alice, thread=thread)
    guests.hand_over(guest, alice)
    assert Share.objects.get(user=alice, thread=thread) == kept
    assert Share.objects.filter(user=alice, thread=other).exists()


def test_a_page_from_before_a_login_cannot_make_a_guest(visitor, alice):
    """Nobody would ever find that guest's answers."""
    before = browser_key(visitor)
    log_in(visitor)
    assert SiteHooks().user_who_asks(before) is None
    assert not SiteHooks().has_session(before)
    log_out(visitor)
    visitor.get("/")
    assert user_who_asks(visitor).is_guest
    assert SiteHooks().user_who_asks(before) is None


def test_a_guest_who_deleted_everything_starts_anew(visitor):
    guest, before = user_who_asks(visitor), browser_key(visitor)
    visitor.post("/account/delete/")
    assert SiteHooks().user_who_asks(before) is None
    visitor.get("/")
    assert user_who_asks(visitor) != guest
    assert User.objects.count() == 1


def test_without_guests_no_cookie_is_set_but_an_existing_guest_may_read(visitor, settings):
    guest = user_who_asks(visitor)
    settings.ASKME_GUESTS = False
    assert user_of(visitor) == guest
    visitor.cookies.clear()
    assert settings.GUEST_COOKIE_NAME not in visitor.get("/").cookies


def test_a_first_question_is_accepted_although_another_tabs_has_just_made_the_guest(visitor, monkeypatch):
    first, lock = user_who_asks(visitor), guests._lock
    looks = iter([None])  # the first look comes before the other tab's question is committed
    monkeypatch.setattr(guests, "_lock", lambda key: next(looks, first) and lock(key))
    requester = SessionRequester(browser_key(visitor))
    assert questions._save.__wrapped__(requester, Ask(uuid.uuid4(), "Why?"), None) == 0
    assert first.answers.count() == 1
    assert User.objects.count() == 1
