"""The figures are the sums over the rows, folded or not, and no deletion changes them."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.removal import remove
from answers.engine.usage import fold
from answers.models import Answer, DailyUsage, PersonalUsage, Status, UsageLog, figures
from answers.models.buckets import bucket
from answers.models.figures import Busy, Figures, Use
from tests.usage.conftest import NOON, USED, no_pause

DAY = NOON.date()


def test_an_answer_that_has_just_ended_is_in_the_figures(alice, answered):
    answered(alice)
    assert figures.daily(DAY, DAY) == [
        (
            DAY,
            "complete",
            "small",
            "",
            Figures(
                answers=1,
                prompt_tokens=100,
                completion_tokens=20,
                cached_tokens=10,
                reasoning_tokens=5,
                cost=Decimal("0.01234567"),
                first_text=Counter({bucket(0.5): 1}),
            ),
        )
    ]
    assert figures.people(DAY, DAY) == {DAY: 1}
    assert figures.busiest(DAY, DAY) == [Busy(alice.pk, 1, 120, Decimal("0.01234567"))]
    assert figures.of_person(alice.pk, DAY, DAY) == Use(1, 120, Decimal("0.01234567"))


def test_folding_changes_no_figure_and_empties_the_log(alice, bob, answered):
    answered(alice)
    answered(alice, status=Status.FAILED, error_code="silent", cost=None, first_text_seconds=None)
    fold(no_pause)
    answered(alice, tokens_estimated=True)
    answered(bob, prompt_tokens=None, completion_tokens=None, cached_tokens=None, cost=None)
    answered(bob, asked_at=NOON + timedelta(days=1))

    def everything():
        until = DAY + timedelta(days=1)
        return (
            figures.daily(DAY, until),
            figures.people(DAY, until),
            figures.busiest(DAY, until),
            figures.of_person(bob.pk, DAY, until),
        )

    before = everything()
    assert fold(no_pause) == 3
    assert everything() == before
    assert not UsageLog.objects.exists()
    assert fold(no_pause) == 0
    [complete, failed] = [one for one in before[0] if one[0] == DAY]
    assert complete[-1].answers == 3
    assert (complete[-1].tokens_estimated, complete[-1].tokens_unknown, complete[-1].cost_unknown) == (
        1,
        1,
        1,
    )
    assert failed[1:4] == ("failed", "small", "silent")
    assert (failed[-1].cost_unknown, failed[-1].first_text) == (1, Counter())
    assert before[1] == {DAY: 2, DAY + timedelta(days=1): 1}


def test_the_sums_are_those_of_the_rows(alice, bob, answered):
    chance = random.Random(5)
    for _ in range(60):
        answered(
            chance.choice([alice, bob]),
            asked_at=NOON + timedelta(hours=chance.randrange(72)),
            status=chance.choice([Status.COMPLETE, Status.FAILED, Status.STOPPED, Status.INTERRUPTED]),
            model=chance.choice(["small", "large"]),
            error_code=chance.choice(["", "silent"]),
            prompt_tokens=chance.choice([None, chance.randrange(1_000)]),
            completion_tokens=chance.randrange(1_000),
            cost=chance.choice([None, Decimal(chance.randrange(10**9)) / 10**8]),
            first_text_seconds=chance.choice([None, chance.random() * 9]),
        )
        if chance.random() < 0.1:
            fold(no_pause)
    rows = list(Answer.objects.all())
    until = DAY + timedelta(days=9)
    found = figures.daily(DAY, until)
    assert len(found) == len({key[:4] for key in found})
    for day, status, model, code, sums in found:
        same = [
            row
            for row in rows
            if (row.asked_at.date(), row.status, row.model, row.error_code) == (day, status, model, code)
        ]
        assert sums.answers == len(same) > 0
        assert sums.prompt_tokens == sum(row.prompt_tokens or 0 for row in same)
        assert sums.completion_tokens == sum(row.completion_tokens for row in same)
        assert sums.cost == sum(row.cost or 0 for row in same)
        assert sums.cost_unknown == sum(row.cost is None for row in same)
        assert sums.first_text.total() == sum(row.first_text_seconds is not None for row in same)
    total = Figures.total(sums for *_, sums in found)
    assert total.answers == 60
    assert total.cost == sum(row.cost or 0 for row in rows)
    for user in (alice, bob):
        own = [row for row in rows if row.user_id == user.pk]
        tokens = sum((row.prompt_tokens or 0) + row.completion_tokens for row in own)
        assert figures.of_person(user.pk, DAY, until) == Use(
            len(own), tokens, sum(row.cost or 0 for row in own)
        )


def test_the_day_is_that_of_the_sites_time_zone(alice, answered, settings):
    settings.TIME_ZONE = "America/New_York"
    answered(alice, asked_at=datetime(2026, 3, 11, 3, 59, tzinfo=UTC))  # 23:59 of the day before, in summer
    answered(alice, asked_at=datetime(2026, 3, 11, 4, tzinfo=UTC))
    expected = [(date(2026, 3, 10), 1), (date(2026, 3, 11), 1)]
    for _ in range(2):
        with timezone.override(ZoneInfo("Asia/Tokyo")):  # of whoever looks
            found = figures.daily(date(2026, 3, 1), date(2026, 3, 31))
            assert [(day, sums.answers) for day, *_, sums in found] == expected
            assert figures.people(date(2026, 3, 11), date(2026, 3, 11)) == {date(2026, 3, 11): 1}
            assert figures.of_person(alice.pk, date(2026, 3, 10), date(2026, 3, 10)).answers == 1
        fold(no_pause)


def test_deleting_answers_and_the_account_leaves_the_figures(alice, bob, answered):
    answered(alice)
    fold(no_pause)
    answered(alice)
    answered(bob)
    before = figures.daily(DAY, DAY)
    Answer.objects.all().delete()
    assert figures.daily(DAY, DAY) == before
    assert figures.of_person(alice.pk, DAY, DAY).answers == 2
    remove(alice)
    assert figures.daily(DAY, DAY) == before
    assert not PersonalUsage.objects.filter(user=alice.pk).exists()
    assert [one.user_id for one in figures.busiest(DAY, DAY)] == [bob.pk]
    assert figures.people(DAY, DAY) == {DAY: 2}
    fold(no_pause)
    assert figures.daily(DAY, DAY) == before
    assert figures.people(DAY, DAY) == {DAY: 2}


def test_an_entry_of_somebody_whose_account_is_gone_is_counted_without_them(alice, answered):
    answered(alice)
    UsageLog.objects.update(user_id=987_654)
    assert fold(no_pause) == 1
    assert figures.daily(DAY, DAY)[0][-1].answers == 1
    assert not PersonalUsage.objects.exists()


def test_the_busiest_are_first_and_include_those_who_are_only_in_the_log(database, answered):
    people = [User.objects.create_user(f"user-{number}") for number in range(4)]
    for number, user in enumerate(people):
        answered(user, completion_tokens=number * 1_000)
    fold(no_pause)
    answered(people[0], completion_tokens=10_000)
    late = User.objects.create_user("late")
    answered(late, completion_tokens=2_500)
    found = figures.busiest(DAY, DAY, limit=3)
    assert [(one.user_id, one.tokens) for one in found] == [
        (people[0].pk, 10_200),
        (people[3].pk, 3_100),
        (late.pk, 2_600),
    ]


def test_what_several_people_used_is_read_at_once(alice, bob, answered):
    answered(alice)
    fold(no_pause)
    answered(alice)
    answered(bob, completion_tokens=None)
    other = User.objects.create_user("charlie")
    found = figures.of_people([alice.pk, bob.pk, other.pk], DAY, DAY)
    assert {id: (use.answers, use.tokens) for id, use in found.items()} == {
        alice.pk: (2, 240),
        bob.pk: (1, 100),
    }
    assert figures.of_people([bob.pk], DAY, DAY).keys() == {bob.pk}


def test_days_outside_of_the_range_are_left_out(alice, answered):
    answered(alice)
    for _ in range(2):
        assert figures.daily(DAY + timedelta(days=1), DAY + timedelta(days=9)) == []
        assert figures.people(DAY - timedelta(days=9), DAY - timedelta(days=1)) == {}
        assert figures.busiest(DAY + timedelta(days=1), DAY + timedelta(days=9)) == []
        assert figures.of_person(alice.pk, DAY - timedelta(days=1), DAY - timedelta(days=1)).answers == 0
        fold(no_pause)


@pytest.mark.parametrize("step", ["of_days", "filter"])
def test_an_answer_that_is_folded_while_the_figures_are_read_is_counted_once(
    alice, answered, monkeypatch, step
):
    """It is folded after the first read, or after the second one."""
    answered(alice)
    rows = type(UsageLog.objects.all())
    read = getattr(rows, step)

    def read_and_fold(self, *args, **kwargs):
        if step == "filter" and "pk" not in kwargs:
            return read(self, *args, **kwargs)
        found = list(read(self, *args, **kwargs))
        monkeypatch.undo()
        fold(no_pause)
        return found if step == "of_days" else read(self, *args, **kwargs)

    monkeypatch.setattr(rows, step, read_and_fold)
    assert [sums.answers for *_, sums in figures.daily(DAY, DAY)] == [1]
    assert not UsageLog.objects.exists()


def test_an_answer_of_another_day_is_another_row(alice, answered):
    for days in (0, 0, 1):
        answered(alice, asked_at=NOON + timedelta(days=days), model=USED["model"])
    fold(no_pause)
    assert list(DailyUsage.objects.exclude(status="").order_by("day").values_list("answers", flat=True)) == [
        2,
        1,
    ]
    assert [row.people for row in DailyUsage.objects.filter(status="").order_by("day")] == [1, 1]


def test_with_many_people_the_busiest_are_those_of_the_busiest_of_each_day(database, answered, monkeypatch):
    people = [User.objects.create_user(f"user-{number}") for number in range(5)]
    for days in range(3):
        for number, user in enumerate(people):
            answered(user, asked_at=NOON + timedelta(days=days), completion_tokens=number * 10 + days)
    fold(no_pause)
    until = DAY + timedelta(days=200)  # in several statements
    exact = figures.busiest(DAY, until, limit=2)
    assert [one.user_id for one in exact] == [people[4].pk, people[3].pk]
    monkeypatch.setattr("answers.models.busiest.MOST_ROWS", 14)
    monkeypatch.setattr("answers.models.busiest.PER_DAY", 2)
    assert figures.busiest(DAY, until, limit=2) == exact
    assert len(figures.busiest(DAY, until)) == 2
    monkeypatch.setattr("answers.models.busiest.MOST_ROWS", 15)
    assert len(figures.busiest(DAY, until)) == 5
