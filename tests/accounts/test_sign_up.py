"""Signing up: a guest becomes an account, and who may sign up."""

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.hooks import SiteHooks
from accounts.models import Invitation, User
from answers.models import Answer, Share
from tests.support.accounts import browser_key, log_in, log_out, says, sign_up, user_of
from tests.support.forms import PASSWORD

pytestmark = pytest.mark.django_db


# -- From guest to account


def test_a_guest_who_signs_up_keeps_their_answers(client, guest):
    Share.objects.create(user=guest, thread=guest.answers.get().thread)
    old_key = browser_key(client)
    assert "will be added to your account" in client.get(reverse("account_signup")).content.decode()
    assert sign_up(client).status_code == 302
    user = User.objects.get()  # the guest no longer exists
    assert (user.email, user.is_guest, user.has_usable_password()) == ("alice@example.org", False, True)
    assert user.answers.get().question == "As a guest?"
    assert user.shares.count() == 1
    assert user_of(client) == user
    assert browser_key(client) != old_key
    assert SiteHooks().user_of_session(old_key) is SiteHooks().user_who_asks(old_key) is None


def test_a_guest_who_logs_in_gets_the_old_and_the_guests_answers(client, alice, guest):
    Answer.objects.ask(alice, uuid.uuid4(), "As Alice?")
    log_in(client)
    assert {answer.question for answer in alice.answers.all()} == {"As Alice?", "As a guest?"}
    assert list(User.objects.all()) == [alice]


def test_a_failed_login_does_not_change_the_guest(client, alice, guest):
    log_in(client, password="wrong")
    assert guest.answers.count() == 1
    assert user_of(client) == guest


def test_the_answers_of_one_account_do_not_move_to_another(client, alice):
    bob = User.objects.create_user("bob", "bob@example.org", PASSWORD)
    Answer.objects.ask(bob, uuid.uuid4(), "As Bob?")
    client.force_login(bob)
    log_in(client)
    assert bob.answers.count() == 1
    assert alice.answers.count() == 0


def test_everything_that_a_guest_can_own_is_handed_over():
    """A new table with a foreign key to people must be added to `guests.hand_over` and here."""
    relations = {
        r.get_accessor_name()
        for r in User._meta.related_objects
        if r.related_model._meta.app_label == "answers"
    }
    assert relations == {"answers", "shares", "question_log", "personal_settings"}


# -- Who may sign up


def follow(client, invitation):
    return client.get(invitation.get_absolute_url())


def test_an_invitation_is_good_for_one_account(client, settings, guest):
    settings.ASKME_SIGNUP = "invited"
    invitation = Invitation.objects.create(for_whom="Alice")
    assert "invitation" in client.get(reverse("account_signup")).content.decode()
    assert sign_up(client).status_code == 200
    assert User.objects.count() == 1
    assert follow(client, invitation).url == reverse("account_signup")
    assert "Password" in client.get(reverse("account_signup")).content.decode()
    assert sign_up(client).url == "/"
    invitation.refresh_from_db()
    assert invitation.used_by == User.objects.get()
    assert invitation.used_by.answers.count() == 1
    log_out(client)
    assert follow(client, invitation).status_code == 404
    assert "invitation" in sign_up(client, "bob@example.org").content.decode()
    assert User.objects.count() == 1


def test_only_one_of_two_people_with_the_same_invitation_gets_an_account(client, settings):
    settings.ASKME_SIGNUP = "invited"
    invitation, other = Invitation.objects.create(for_whom="Alice"), Client()
    follow(client, invitation)
    follow(other, invitation)
    assert sign_up(client).status_code == 302
    assert "invitation" in sign_up(other, "bob@example.org").content.decode()
    assert User.objects.count() == 1


def test_an_old_and_a_made_up_invitation_look_alike(client, settings):
    settings.ASKME_SIGNUP = "invited"
    old = Invitation.objects.create(for_whom="Alice", expires_at=timezone.now() - timedelta(seconds=1))
    pages = [follow(client, old)]
    for token in ("1", "1:x", f"{old.pk}:{'A' * 43}", "%00", "x" * 3000):
        pages.append(client.get(f"/accounts/invitation/{token}/"))
    assert {page.status_code for page in pages} == {404}
    assert len({says(page) for page in pages}) == 1


def test_a_closed_sign_up_page_says_whom_to_ask(client, settings):
    settings.ASKME_SIGNUP = "closed"
    assert "contact the site's operator" in client.get(reverse("account_signup")).content.decode()
    assert "contact the site's operator" in sign_up(client).content.decode()
    assert User.objects.count() == 0
    assert reverse("account_signup") not in client.get("/").content.decode()
