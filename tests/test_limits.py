import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from answers import limits
from answers.events import Refused
from answers.models import Answer, Status, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return User.objects.create_user("alice")


def ask(user, *, seconds_ago=0, status=Status.COMPLETE):
    answer, _ = Answer.objects.ask(user, uuid.uuid4(), "?")
    asked_at = timezone.now() - timedelta(seconds=seconds_ago)
    Answer.objects.filter(pk=answer.pk).update(asked_at=asked_at, status=status)


def refused(user):
    id = uuid.uuid4()
    with pytest.raises(Refused) as refusal:
        limits.check(user, id)
    assert refusal.value.answer == id
    assert refusal.value.message.endswith(".")
    return refusal.value


def test_a_person_may_ask_so_often_in_a_minute_and_is_told_when_again(alice, settings):
    settings.ASKME_QUESTIONS_PER_MINUTE = 3
    for seconds_ago in (50, 20, 10):
        limits.check(alice, uuid.uuid4())
        ask(alice, seconds_ago=seconds_ago)
    refusal = refused(alice)
    assert refusal.code == "too_many_questions"
    assert 9 <= refusal.retry_after <= 10
    assert f"in {refusal.retry_after} seconds" in refusal.message


def test_what_is_a_minute_old_and_what_others_ask_does_not_count(alice, settings):
    settings.ASKME_QUESTIONS_PER_MINUTE = 1
    ask(alice, seconds_ago=61)
    ask(User.objects.create_user("bob"))
    limits.check(alice, uuid.uuid4())


def test_a_day_has_a_limit_of_its_own(alice, settings):
    settings.ASKME_QUESTIONS_PER_DAY = 2
    ask(alice, seconds_ago=80_000)
    limits.check(alice, uuid.uuid4())
    ask(alice, seconds_ago=70_000)
    refusal = refused(alice)
    assert 6_399 <= refusal.retry_after <= 6_400
    assert "in 2 hours" in refusal.message


def test_zero_is_no_limit(alice, settings):
    settings.ASKME_QUESTIONS_PER_MINUTE = settings.ASKME_QUESTIONS_PER_DAY = settings.ASKME_QUEUE = 0
    for _ in range(30):
        ask(alice, status=Status.QUEUED)
    limits.check(alice, uuid.uuid4())


def test_a_full_queue_refuses_everybody(alice, settings):
    settings.ASKME_QUEUE = 2
    bob = User.objects.create_user("bob")
    ask(bob, status=Status.QUEUED)
    ask(bob, status=Status.RUNNING)
    limits.check(alice, uuid.uuid4())
    ask(bob, status=Status.QUEUED)
    refusal = refused(alice)
    assert (refusal.code, refusal.retry_after) == ("busy", limits.FULL_SECONDS)
