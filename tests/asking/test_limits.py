"""Limits on a person's questions, on an address, and on the queue."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from answers.asking import limits
from answers.asking.address import NO_ADDRESS
from answers.engine import queue
from answers.models import Answer, QuestionLog, Status
from answers.protocol import Refused

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """The clock stands still, so that the seconds until the next question are the same on a busy machine."""
    moment = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: moment)


@pytest.fixture
def alice():
    return User.objects.create_user("alice")


def asked(user, *, seconds_ago=0, address=NO_ADDRESS):
    one = QuestionLog.objects.create(user=user, address=address)
    QuestionLog.objects.filter(pk=one.pk).update(asked_at=timezone.now() - timedelta(seconds=seconds_ago))


def wait(user, status):
    answer = Answer.objects.ask(user, uuid.uuid4(), "?")
    Answer.objects.filter(pk=answer.pk).update(status=status)


def check(user, address=NO_ADDRESS):
    place = queue.next_place(user, uuid.uuid4())
    limits.check(user, address, uuid.uuid4(), waiting=place.waiting, unfinished=place.unfinished)


def refused(user, address=NO_ADDRESS):
    id = uuid.uuid4()
    place = queue.next_place(user, id)
    with pytest.raises(Refused) as refusal:
        limits.check(user, address, id, waiting=place.waiting, unfinished=place.unfinished)
    assert refusal.value.answer == id
    assert refusal.value.message.endswith(".")
    return refusal.value


def test_a_person_has_a_limit_per_minute_and_learns_when_to_ask_again(alice, settings):
    settings.ASKME_QUESTIONS_PER_MINUTE = 3
    for seconds_ago in (50, 20, 10):
        check(alice)
        asked(alice, seconds_ago=seconds_ago)
    refusal = refused(alice)
    assert refusal.code == "too_many_questions"
    assert refusal.retry_after == 10
    assert f"in {refusal.retry_after} seconds" in refusal.message


def test_old_questions_and_other_peoples_questions_do_not_count(alice, settings):
    settings.ASKME_QUESTIONS_PER_MINUTE = 1
    asked(alice, seconds_ago=61)
    asked(User.objects.create_user("bob"))
    check(alice)


def test_a_person_has_a_limit_per_day(alice, settings):
    settings.ASKME_QUESTIONS_PER_DAY = 2
    asked(alice, seconds_ago=80_000)
    check(alice)
    asked(alice, seconds_ago=70_000)
    refusal = refused(alice)
    assert refusal.retry_after == 6_400
    assert "in 2 hours" in refusal.message


def test_zero_is_no_limit(alice, settings):
    settings.ASKME_QUESTIONS_PER_MINUTE = settings.ASKME_QUESTIONS_PER_DAY = settings.ASKME_QUEUE = 0
    for _ in range(30):
        asked(alice)
        wait(alice, Status.QUEUED)
    check(alice)


def test_a_full_queue_refuses_everybody(alice, settings):
    settings.ASKME_QUEUE = 2
    bob = User.objects.create_user("bob")
    wait(bob, Status.QUEUED)
    wait(bob, Status.RUNNING)
    check(alice)
    wait(bob, Status.QUEUED)
    refusal = refused(alice)
    assert (refusal.code, refusal.retry_after) == ("busy", limits.BUSY_SECONDS)


def test_guests_at_one_address_share_a_limit_that_does_not_apply_to_accounts(alice, settings):
    settings.ASKME_QUESTIONS_PER_MINUTE, settings.ASKME_ADDRESS_QUESTIONS_PER_MINUTE = 9, 2
    for name in ("guest-1", "guest-2"):
        asked(User.objects.create_user(name, is_guest=True), seconds_ago=20, address="192.0.2.7")
    guest = User.objects.create_user("guest-3", is_guest=True)
    refusal = refused(guest, "192.0.2.7")
    assert (refusal.code, refusal.retry_after) == ("too_many_questions", 40)
    assert "network" in refusal.message
    check(guest, "192.0.2.8")
    check(guest)
    check(alice)


def test_the_whole_site_has_a_limit_per_day(alice, settings):
    settings.ASKME_SITE_QUESTIONS_PER_DAY = 3
    for seconds_ago in (80_000, 70_000, 90_000):  # the last one is too old to count
        check(alice)
        asked(User.objects.create_user(f"user-{seconds_ago}"), seconds_ago=seconds_ago)
    asked(None, seconds_ago=60_000)  # whose account was deleted
    refusal = refused(alice)
    assert (refusal.code, refusal.retry_after) == ("too_many_questions", 6_400)
    assert "in 2 hours" in refusal.message


def test_the_limit_of_the_site_reads_no_more_than_its_own_number_of_entries(alice, settings):
    settings.ASKME_SITE_QUESTIONS_PER_DAY = 2
    settings.ASKME_QUESTIONS_PER_MINUTE = settings.ASKME_ADDRESS_QUESTIONS_PER_MINUTE = (
        settings.ASKME_QUEUE
    ) = 0
    with CaptureQueriesContext(connection) as queries:
        limits.check(alice, NO_ADDRESS, uuid.uuid4(), waiting=0, unfinished=0)
    [query] = [query for query in queries if "answers_questionlog" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
        plan = " ".join(row[-1] for row in cursor.fetchall())
    # In the order of the index, so that LIMIT ends the search.
    assert "question_log_by_time" in plan
    assert "TEMP B-TREE" not in plan
    assert "LIMIT 1 OFFSET 1" in query["sql"]


def test_an_address_has_a_limit_per_day_too(settings):
    settings.ASKME_ADDRESS_QUESTIONS_PER_DAY = 1
    guest = User.objects.create_user("guest-1", is_guest=True)
    asked(None, seconds_ago=80_000, address="192.0.2.7")
    assert refused(guest, "192.0.2.7").retry_after == 6_400


def test_entries_of_the_question_log_expire_after_a_day(alice):
    asked(alice, seconds_ago=86_300)
    asked(alice, seconds_ago=86_500, address="192.0.2.7")
    QuestionLog.objects.expired().delete()
    assert QuestionLog.objects.get().address == NO_ADDRESS
