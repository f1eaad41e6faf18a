"""Reads what answers used: the figures by day, and the answers that are not added to them yet.

All days are included, from `since` to `until`, in the time zone of the site. Nothing here writes.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, Self

from django.db.models import F, QuerySet, Sum

from answers.models.buckets import bucket
from answers.models.daily_usage import DailyUsage
from answers.models.days import day_of, end_of, start_of, today
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
COST_STEP = Decimal("1e-8")


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


class Use(NamedTuple):
    """What one person used."""

    answers: int
    tokens: int
    cost: Decimal


class Busy(NamedTuple):
    user_id: Any
    answers: int
    tokens: int
    cost: Decimal


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
    counted = PersonalUsage.objects.filter(day__range=(since, until), user__in={user for user, _ in asked})
    found = Counter({row.day: row.people for row in rows})
    found.update(day for _, day in asked.difference(counted.values_list("user_id", "day")))
    return {day: number for day, number in sorted(found.items()) if number}


def busiest(since: date, until: date, limit: int = 20) -> list[Busy]:
    """The people who used most tokens. Those who deleted their account are not among them."""
    own = _personal(since, until)
    fresh = _by_person(_entries(since, until).exclude(user=None))
    rows = [*own.order_by("-tokens", "-all_answers")[:limit], *own.filter(user__in=fresh)]
    used = {row[0]: _use(row) for row in rows}
    for id, more in fresh.items():
        used[id] = _plus(used[id], more) if id in used else more
    all = [Busy(id, *numbers) for id, numbers in used.items()]
    return sorted(all, key=lambda one: (one.tokens, one.answers, one.cost), reverse=True)[:limit]


def of_person(user_id: Any, since: date, until: date) -> Use:
    used = [_use(row) for row in _personal(since, until).filter(user=user_id)]
    fresh = _by_person(_entries(since, until).filter(user=user_id))
    return _plus(*used, *fresh.values())


def of_people(user_ids: Collection[Any], since: date, until: date) -> dict[Any, Use]:
    """The same for several people. Those who used nothing are left out."""
    used = {row[0]: _use(row) for row in _personal(since, until).filter(user__in=user_ids)}
    for id, more in _by_person(_entries(since, until).filter(user__in=user_ids)).items():
        used[id] = _plus(used[id], more) if id in used else more
    return used


def _use(row: tuple[Any, int, int, Decimal]) -> Use:
    _, answers, tokens, cost = row
    return Use(answers, tokens, cost.quantize(COST_STEP))  # SQLite adds costs as binary fractions


def _plus(*all: Use) -> Use:
    cost = sum((one.cost for one in all), Decimal())
    return Use(sum(one.answers for one in all), sum(one.tokens for one in all), cost)


def _entries(since: date, until: date) -> QuerySet[UsageLog]:
    return UsageLog.objects.filter(asked_at__gte=start_of(since), asked_at__lt=end_of(until)).order_by("pk")


def _together(
    rows: QuerySet[DailyUsage], since: date, until: date
) -> tuple[list[DailyUsage], list[UsageLog]]:
    """Both, so that no answer is missing or counted twice because it is being added to the figures."""
    for _ in range(TRIES):
        entries, counted = list(_entries(since, until)), list(rows)
        # The oldest entries are added first.
        if not entries or UsageLog.objects.filter(pk=entries[0].pk).exists():
            break
    return counted, entries


def _figures_of(row: DailyUsage) -> Figures:
    return Figures(*[getattr(row, name) for name in Figures._fields])._replace(
        first_text=Counter(row.first_text)
    )


def _personal(since: date, until: date) -> QuerySet[Any, tuple[Any, int, int, Decimal]]:
    return (
        PersonalUsage.objects.filter(day__range=(since, until))
        .values("user_id")
        .annotate(
            all_answers=Sum("answers"),
            tokens=Sum(F("prompt_tokens") + F("completion_tokens")),
            all_cost=Sum("cost"),
        )
        .values_list("user_id", "all_answers", "tokens", "all_cost")
    )


def _by_person(entries: Iterable[UsageLog]) -> dict[Any, Use]:
    groups: dict[Any, list[UsageLog]] = defaultdict(list)
    for one in entries:
        groups[one.user_id].append(one)
    figures = {id: Figures.of(group) for id, group in groups.items()}
    return {
        id: Use(one.answers, one.prompt_tokens + one.completion_tokens, one.cost)
        for id, one in figures.items()
    }
