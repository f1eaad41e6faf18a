"""Auto-delete: people choose to have their threads kept for less time, and see what that deletes."""

import re
import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.guests import hand_over
from accounts.models import User
from answers.engine.pruning import prune
from answers.models import Answer, PersonalSettings, Share, Status

ADDRESS = "/history/auto-delete/"


def asked(user, question, days, follows=None):
    answer = Answer.objects.ask(user, uuid.uuid4(), question, follows=follows and follows.pk)
    moment = timezone.now() - timedelta(days=days)
    Answer.objects.filter(pk=answer.pk).update(status=Status.COMPLETE, asked_at=moment)
    return answer


def text_of(reply):
    return " ".join(reply.content.decode().replace("&#x27;", "'").split())


def choices_of(client):
    return [(value, label) for value, label in client.get(ADDRESS).context["form"].fields["days"].choices]


def chosen(user):
    return PersonalSettings.objects.values_list("keep_days", flat=True).filter(user=user).first()


def left():
    return sorted(Answer.objects.values_list("question", flat=True))


def test_a_choice_that_deletes_nothing_is_saved_at_once(alices, alice):
    asked(alice, "New?", 1)
    done = alices.post(ADDRESS, {"days": "7"}, follow=True)
    assert "Saved. Your threads are deleted 7 days after their newest answer." in text_of(done)
    assert re.search(r'<input type="radio" name="days" value="7"[^>]* checked', done.content.decode())
    assert chosen(alice) == 7
    assert left() == ["New?"]


def test_before_a_choice_deletes_threads_the_page_asks_with_their_number(alices, alice, bob):
    kept = asked(alice, "Kept?", 40)
    asked(alice, "New?", 2, follows=kept)
    old = asked(alice, "Old?", 40)
    asked(alice, "Old too?", 31, follows=old)
    Share.objects.create(user=alice, thread=old.thread)
    asked(bob, "Bob's?", 500)
    page = text_of(alices.post(ADDRESS, {"days": "30"}))
    assert "You have 2 questions in threads that are already old enough to be deleted." in page
    assert "each thread is deleted 30 days after its newest answer" in page
    assert len(left()) == 5
    assert chosen(alice) is None
    alices.post(ADDRESS, {"days": "30", "confirmed": "1"})
    assert chosen(alice) == 30
    assert left() == ["Bob's?", "Kept?", "New?"]
    assert not Share.objects.exists()


def test_later_the_prune_deletes_what_gets_too_old(alices, alice, bob):
    for user in (alice, bob):
        asked(user, f"{user}'s?", 6)
    alices.post(ADDRESS, {"days": "7"})
    Answer.objects.update(asked_at=timezone.now() - timedelta(days=8))
    assert dict(prune(lambda seconds: None))["answers that people keep for less time"] == 1
    assert left() == ["bob's?"]


def test_a_choice_can_be_taken_back_and_limits_of_the_operator_stay(alices, alice):
    PersonalSettings.objects.create(user=alice, tokens_per_day=5, keep_days=7)
    done = alices.post(ADDRESS, {"days": ""}, follow=True)
    assert "Saved. Your threads are kept until you delete them." in text_of(done)
    own = PersonalSettings.objects.get()
    assert (own.keep_days, own.tokens_per_day) == (None, 5)


def test_nobody_can_keep_theirs_for_longer_than_the_site(alices, alice, settings):
    assert choices_of(alices)[-1] == ("", "Until you delete them")
    settings.ASKME_KEEP_DAYS = 30
    assert choices_of(alices) == [
        ("1", "1 day after the newest answer"),
        ("7", "7 days after the newest answer"),
        ("", "30 days after the newest answer (the site's default)"),
    ]
    assert "This site deletes each thread 30 days after its newest answer." in text_of(alices.get(ADDRESS))
    for days in ("30", "365", "-1", "0", "x"):
        assert alices.post(ADDRESS, {"days": days}).status_code == 400
    assert chosen(alice) is None


def test_a_choice_that_is_longer_than_the_site_keeps_threads_now_is_not_offered(alices, alice, settings):
    PersonalSettings.objects.create(user=alice, keep_days=45)
    assert ("45", "45 days after the newest answer") in choices_of(alices)
    settings.ASKME_KEEP_DAYS = 30
    assert "45" not in dict(choices_of(alices))
    assert alices.get(ADDRESS).status_code == 200


def test_whoever_has_asked_nothing_has_nothing_to_choose(db):
    assert Client().get(ADDRESS).url == "/history/"
    assert Client().post(ADDRESS, {"days": "7"}).url == "/history/"
    assert not PersonalSettings.objects.exists()


def test_a_guest_is_told_when_guests_are_deleted(alices, alice, settings):
    settings.ASKME_GUEST_DAYS = 60
    assert "60 days" not in text_of(alices.get(ADDRESS))
    User.objects.filter(pk=alice.pk).update(is_guest=True)
    page = text_of(alices.get(ADDRESS))
    assert "If you don't come back for 60 days, everything is deleted." in page


def test_the_page_is_linked_from_the_history_and_the_account(alices):
    for page in ("/history/", "/accounts/email/"):
        assert f'href="{ADDRESS}"' in text_of(alices.get(page, follow=True)), page


def test_a_new_account_keeps_the_choice_of_its_guest(alice):
    guest = User.objects.create_user("guest-1", is_guest=True)
    PersonalSettings.objects.create(user=guest, keep_days=7)
    hand_over(guest, alice)
    assert chosen(alice) == 7


def test_an_account_with_answers_does_not_lose_them_by_the_choice_of_a_guest(alice):
    asked(alice, "Old?", 400)
    guest = User.objects.create_user("guest-1", is_guest=True)
    asked(guest, "As a guest?", 1)
    PersonalSettings.objects.create(user=guest, keep_days=7)
    hand_over(guest, alice)
    assert chosen(alice) is None


def test_the_notice_says_how_long_answers_are_kept(client, db, settings):
    settings.ASKME_KEEP_DAYS = 30
    assert "Questions and answers are kept for 30 days, and the operator" in text_of(client.get("/"))


@pytest.mark.parametrize("days", [0, 365])
def test_after_the_account_is_deleted_the_page_says_how_long_the_audit_names_people(alices, settings, days):
    settings.ASKME_AUDIT_DAYS = days
    page = text_of(alices.post("/account/delete/"))
    assert ("a record with your name is kept for 365 days." if days else "your name is kept.") in page
