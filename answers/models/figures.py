"""Reads what answers used: the figures by day, and the answers that are not added to them yet.

All days are included, from `since` to `until`, in the time zone of the site. Nothing here writes.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, Self

from django.db.models import QuerySet

from answers.models.buckets import bucket
from answers.models.busiest import Busy, Use, busiest, of_people, of_person
from answers.models.daily_usage import DailyUsage
from answers.models.days import day_of, today
from answers.models.personal_usage import PersonalUsage
from answers.models.usage_log import UsageLog

__all__ = [
    "Busy",
    "Figures",
    "Key",
    "Use",
    "busiest",
    "by_key",
    "daily",
    "of_people",
    "of_person",
    "people",
    "today",
]

Key = tuple[date, str, str, str]  # day, status, model, error code
TRIES = 5


class Figures(NamedTuple):
    """The sum over some answers. The names are those of the columns of `DailyUsage`."""

    answers: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    tokens_estimated: int = 0  # answers whose tokens are estimated
    tokens_unknown: int = 0  # answers whose tokens are not known
    cost: Decimal = Decimal()
    cost_unknown: int = 0  # answers whose cost is not known
    first_text: Counter[str] = Counter()  # by seconds to the first text, see buckets.py; never changed
    good: int = 0
    bad: int = 0

    @classmethod
    def total(cls, all: Iterable["Figures"]) -> Self:
        columns: list[tuple[Any, ...]] = list(zip(cls(), *all, strict=True))
        return cls(*[sum(rest, start) for start, *rest in columns])

    @classmethod
    def of(cls, entries: Iterable[UsageLog]) -> Self:
        entries = list(entries)
        return cls(
            answers=len(entries),
            prompt_tokens=sum(one.prompt_tokens or 0 for one in entries),
            completion_tokens=sum(one.completion_tokens or 0 for one in entries),
            cached_tokens=sum(one.cached_tokens or 0 for one in entries),
            reasoning_tokens=sum(one.reasoning_tokens or 0 for one in entries),
            tokens_estimated=sum(one.tokens_estimated for one in entries),
            tokens_unknown=sum(one.has_unknown_tokens for one in entries),
            cost=sum((one.cost or Decimal() for one in entries), Decimal()),
            cost_unknown=sum(one.cost is None for one in entries),
            first_text=Counter(
                bucket(one.first_text_seconds) for one in entries if one.first_text_seconds is not None
            ),
        )


def by_key(entries: Iterable[UsageLog]) -> dict[Key, Figures]:
    groups: dict[Key, list[UsageLog]] = defaultdict(list)
    for one in entries:
        groups[day_of(one.asked_at), one.status, one.model, one.error_code].append(one)
    return {key: Figures.of(group) for key, group in groups.items()}


def daily(since: date, until: date) -> list[tuple[date, str, str, str, Figures]]:
    """Day, status, model, error code, and the sum over all such answers, in this order."""
    counted = DailyUsage.objects.filter(day__range=(since, until)).exclude(status="")
    rows, entries = _together(counted, since, until)
    found = {(row.day, row.status, row.model, row.error_code): _figures_of(row) for row in rows}
    for key, figures in by_key(entries).items():
        found[key] = Figures.total([found.get(key, Figures()), figures])
    return [(*key, found[key]) for key in sorted(found)]


def people(since: date, until: date) -> dict[date, int]:
    """How many people asked on each day. Days without any are left out."""
    rows, entries = _together(DailyUsage.objects.filter(day__range=(since, until), status=""), since, until)
    asked = {(one.user_id, day_of(one.asked_at)) for one in entries if one.user_id is not None}
    users, days = {user for user, _ in asked}, {day for _, day in asked}
    counted = PersonalUsage.objects.filter(user__in=users, day__in=days)
    found = Counter({row.day: row.people for row in rows})
    found.update(day for _, day in asked.difference(counted.values_list("user_id", "day")))
    return {day: number for day, number in sorted(found.items()) if number}


def _together(
    rows: QuerySet[DailyUsage], since: date, until: date
) -> tuple[list[DailyUsage], list[UsageLog]]:
    """Both, so that no answer is missing or counted twice because it is being added to the figures."""
    for _ in range(TRIES):
        entries, counted = list(UsageLog.objects.of_days(since, until)), list(rows.all())
        # The oldest entries are added first.
        if not entries or UsageLog.objects.filter(pk=entries[0].pk).exists():
            break
    return counted, entries


def _figures_of(row: DailyUsage) -> Figures:
    return Figures(*[getattr(row, name) for name in Figures.__annotations__])._replace(
        first_text=Counter(row.first_text)
    )
