"""Budgets: tokens and money per day, of a person and of the site."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from answers.asking import budgets, limits
from answers.asking.address import NO_ADDRESS
from answers.engine import queue
from answers.engine.usage import fold
from answers.models import Answer, PersonalSettings, QuestionLog, Status
from answers.protocol import Refused
from tests.usage.conftest import no_pause


@pytest.fixture
def now(monkeypatch):
    """It is half past one in the night of the site's day."""
    moment = datetime(2026, 3, 10, 1, 30, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: moment)
    return moment


def check(user):
    limits.check(user, NO_ADDRESS, uuid.uuid4(), waiting=0, unfinished=0)


def refused(user):
    id = uuid.uuid4()
    with pytest.raises(Refused) as refusal:
        limits.check(user, NO_ADDRESS, id, waiting=0, unfinished=0)
    assert refusal.value.answer == id
    assert refusal.value.code == "budget_used"
    return refusal.value


@pytest.mark.parametrize("is_folded", [False, True])
def test_a_person_has_tokens_for_a_day_and_learns_when_there_are_new_ones(
    alice, bob, answered, now, settings, is_folded
):
    settings.ASKME_TOKENS_PER_DAY = 1_240
    answered(alice, asked_at=now, prompt_tokens=1_000)
    check(alice)
    answered(alice, asked_at=now)
    answered(alice, asked_at=now - timedelta(hours=2))  # yesterday
    if is_folded:
        fold(no_pause)
    check(bob)
    answered(alice, asked_at=now)
    refusal = refused(alice)
    assert refusal.message == (
        "You've reached the limit of 1,240 tokens per day. Please ask again in 23 hours."
    )
    assert refusal.retry_after == 22.5 * 3_600
    Answer.objects.all().delete()
    refused(alice)


@pytest.mark.parametrize("is_folded", [False, True])
def test_a_person_has_money_for_a_day(alice, bob, answered, now, settings, is_folded):
    settings.ASKME_COST_PER_DAY, settings.ASKME_CURRENCY = 0.3, "EUR"
    for cost in (Decimal("0.1"), Decimal("0.19999999"), None):
        answered(alice, asked_at=now, cost=cost)
        check(alice)
    answered(alice, asked_at=now, cost=Decimal("0.00000001"))
    if is_folded:
        fold(no_pause)
    assert refused(alice).message == (
        "You've reached the limit of 0.30 EUR per day. Please ask again in 23 hours."
    )
    with translation.override("de"):
        assert "0,30" in refused(alice).message
    check(bob)


@pytest.mark.parametrize("setting", ["ASKME_SITE_TOKENS_PER_DAY", "ASKME_SITE_COST_PER_DAY"])
def test_the_site_has_a_budget_that_all_share(alice, bob, answered, now, settings, setting):
    setattr(settings, setting, 200)
    answered(alice, asked_at=now, prompt_tokens=99, completion_tokens=0, cost=99)
    fold(no_pause)
    answered(bob, asked_at=now - timedelta(hours=2), cost=150, prompt_tokens=150)
    answered(bob, asked_at=now, prompt_tokens=100, completion_tokens=0, cost=100)
    check(alice)
    answered(bob, asked_at=now, prompt_tokens=1, completion_tokens=0, cost=1)
    for user in (alice, bob):
        assert refused(user).message == (
            "This site has reached its budget for today. Please ask again in 23 hours."
        )


def test_a_persons_own_limits_replace_those_of_the_site(alice, bob, answered, now, settings):
    settings.ASKME_TOKENS_PER_DAY, settings.ASKME_COST_PER_DAY = 100, 1.5
    for user in (alice, bob):
        answered(user, asked_at=now, cost=Decimal("0.5"))
        refused(user)
    own = PersonalSettings.objects.create(user=alice, tokens_per_day=121)
    check(alice)
    own.tokens_per_day, own.cost_per_day = 0, Decimal("0.50")
    own.save()
    assert "0.50 USD" in refused(alice).message
    own.cost_per_day = 0
    own.save()
    check(alice)
    refused(bob)


def test_a_person_has_a_number_of_questions_of_their_own(alice, bob, settings):
    settings.ASKME_QUESTIONS_PER_DAY = 1
    PersonalSettings.objects.create(user=alice, questions_per_day=2)
    for user in (alice, bob):
        QuestionLog.objects.create(user=user)
    check(alice)
    with pytest.raises(Refused, match="1 question per day"):
        check(bob)
    QuestionLog.objects.create(user=alice)
    with pytest.raises(Refused, match="2 questions per day"):
        check(alice)
    PersonalSettings.objects.update(questions_per_day=0)
    check(alice)


def test_the_budget_says_what_is_used_and_when_it_opens(alice, bob, answered, now, settings):
    settings.TIME_ZONE = "America/New_York"  # where it is still the ninth
    settings.ASKME_TOKENS_PER_DAY, settings.ASKME_COST_PER_DAY = 1_000, 2.5
    PersonalSettings.objects.create(user=alice, questions_per_day=7)
    answered(alice, asked_at=now)
    answered(alice, asked_at=now - timedelta(hours=21), tokens_estimated=True)
    answered(alice, asked_at=now - timedelta(hours=22))  # of the eighth
    answered(bob, asked_at=now)
    for _ in range(2):
        assert budgets.budget_of(alice.pk) == budgets.Budget(
            tokens_used=240,
            tokens_limit=1_000,
            cost_used=Decimal("0.02469134"),
            cost_limit=Decimal("2.5"),
            questions_limit=7,
            opens_at=datetime(2026, 3, 10, tzinfo=ZoneInfo("America/New_York")),
        )
        assert budgets.budget_of_site().tokens_used == 360
        fold(no_pause)


def test_what_is_still_running_or_was_never_answered_uses_nothing(alice, answered, now, settings):
    settings.ASKME_TOKENS_PER_DAY = 1
    row = Answer.objects.ask(alice, uuid.uuid4(), "Running?")
    Answer.objects.filter(pk=row.pk).update(status=Status.RUNNING, asked_at=now, prompt_tokens=99)
    answered(alice, asked_at=now, status=Status.FAILED, prompt_tokens=None, completion_tokens=None, cost=None)
    check(alice)


@pytest.mark.parametrize(("running_at_once", "most"), [(2, 2), (0, 3)])
@pytest.mark.parametrize("budget", ["ASKME_TOKENS_PER_DAY", "ASKME_COST_PER_DAY", "a person's own"])
def test_who_has_a_budget_waits_for_a_few_answers_at_a_time(
    alice, bob, answered, settings, budget, running_at_once, most
):
    settings.ASKME_RUNNING_PER_USER = running_at_once
    if budget == "a person's own":
        PersonalSettings.objects.create(user=alice, tokens_per_day=1_000_000)
    else:
        setattr(settings, budget, 1_000_000)
    for status in [Status.RUNNING, Status.QUEUED, Status.QUEUED][:most]:
        answered(alice)
        ask(alice)  # still one less
        row = Answer.objects.ask(alice, uuid.uuid4(), "Why?", process_id=uuid.uuid4())
        Answer.objects.filter(pk=row.pk).update(status=status)
    with pytest.raises(Refused, match=f"already waiting for {most} answers.* one of them is fin") as refusal:
        ask(alice)
    assert refusal.value.code == "too_many_questions"
    ask(bob)
    assert Answer.objects.finish(row.pk, status=Status.FAILED)
    ask(alice)


def test_who_has_no_budget_may_ask_many_questions_at_once(alice, settings):
    settings.ASKME_RUNNING_PER_USER = 1
    settings.ASKME_SITE_TOKENS_PER_DAY = 1_000_000  # the site's, not the person's
    for _ in range(3):
        Answer.objects.ask(alice, uuid.uuid4(), "Why?")
        ask(alice)
    settings.ASKME_COST_PER_DAY = 5.0
    with pytest.raises(Refused, match=r"^You're already waiting for an answer"):
        ask(alice)


def ask(user):
    """Check the limits with the answers that are unfinished in the database."""
    place = queue.next_place(user, uuid.uuid4())
    limits.check(user, NO_ADDRESS, uuid.uuid4(), waiting=0, unfinished=place.unfinished)
