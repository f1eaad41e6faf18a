"""Reads what each person used, also of answers that are not in the figures yet. Part of figures.py."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import F, QuerySet, Sum

from answers.models.personal_usage import PersonalUsage
from answers.models.usage_log import UsageLog

COST_STEP = Decimal("1e-8")
MOST_ROWS = 20_000  # of PersonalUsage that a page adds up
PER_DAY = 20  # people of each day who may be the busiest, if there are more rows than that
CANDIDATES = 1_000
NEWEST = 100  # people who are looked up because of answers that are not in the figures yet
DAYS = 100  # in one statement; SQLite allows 500

# One day has an index with the tokens. SQLite has no LATERAL, so there it is a statement for each day.
OF_DAY = """
    SELECT user_id, tokens FROM (
        SELECT user_id, prompt_tokens + completion_tokens AS tokens FROM answers_personalusage
        WHERE day = %s ORDER BY prompt_tokens + completion_tokens DESC LIMIT %s
    )
"""
OF_DAYS = """
    SELECT user_id, tokens FROM unnest(%s::date[]) AS days(one) CROSS JOIN LATERAL (
        SELECT user_id, prompt_tokens + completion_tokens AS tokens FROM answers_personalusage
        WHERE day = days.one ORDER BY prompt_tokens + completion_tokens DESC LIMIT %s
    ) AS of_day
"""


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


def busiest(since: date, until: date, limit: int = 20) -> list[Busy]:
    """The people who used most tokens. Those who deleted their account are not among them.

    Beyond 20,000 pairs of person and day, only those count who were among the busiest of one of the days.
    """
    own = _personal(since, until)
    # In the order of the index, or PostgreSQL might read the whole table to find those of a few days.
    days = PersonalUsage.objects.filter(day__range=(since, until)).order_by("day").values_list("day")
    if list(days[MOST_ROWS : MOST_ROWS + 1]):
        own = own.filter(user__in=_candidates(since, until))
    fresh = _by_person(UsageLog.objects.of_days(since, until).exclude(user=None))
    found = [*own.order_by("-tokens", "-all_answers")[:limit]]
    newest = sorted(fresh, key=lambda id: fresh[id].tokens, reverse=True)[:NEWEST]
    found += _personal(since, until).filter(user__in=newest)
    used = {row[0]: _use(row) for row in found}
    for id in {*newest, *used} & fresh.keys():
        used[id] = _plus(used[id], fresh[id]) if id in used else fresh[id]
    all = [Busy(id, *numbers) for id, numbers in used.items()]
    return sorted(all, key=lambda one: (one.tokens, one.answers, one.cost), reverse=True)[:limit]


def of_person(user_id: Any, since: date, until: date) -> Use:
    return of_people([user_id], since, until).get(user_id, Use(0, 0, Decimal()))


def of_people(user_ids: Collection[Any], since: date, until: date) -> dict[Any, Use]:
    """The same for several people. Those who used nothing are left out."""
    used = {row[0]: _use(row) for row in _personal(since, until).filter(user__in=user_ids)}
    fresh = _by_person(UsageLog.objects.of_days(since, until).filter(user__in=user_ids))
    for id, more in fresh.items():
        used[id] = _plus(used[id], more) if id in used else more
    return used


def _candidates(since: date, until: date) -> list[Any]:
    best: dict[Any, int] = {}
    days = [since + timedelta(days=number) for number in range((until - since).days + 1)]
    with connection.cursor() as cursor:
        for first in range(0, len(days), DAYS):
            some = days[first : first + DAYS]
            if connection.vendor == "postgresql":
                cursor.execute(OF_DAYS, [some, PER_DAY])
            else:
                params = [(connection.ops.adapt_datefield_value(day), PER_DAY) for day in some]
                cursor.execute(" UNION ALL ".join([OF_DAY] * len(some)), [*chain(*params)])
            for user, tokens in cursor.fetchall():
                best[user] = max(tokens, best.get(user, 0))
    return sorted(best, key=lambda user: best[user], reverse=True)[:CANDIDATES]


def _use(row: tuple[Any, int, int, Decimal]) -> Use:
    _, answers, tokens, cost = row
    return Use(answers, tokens, cost.quantize(COST_STEP))  # SQLite adds costs as binary fractions


def _plus(*all: Use) -> Use:
    cost = sum((one.cost for one in all), Decimal())
    return Use(sum(one.answers for one in all), sum(one.tokens for one in all), cost)


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
    groups: dict[Any, list[Use]] = defaultdict(list)
    for one in entries:
        tokens = (one.prompt_tokens or 0) + (one.completion_tokens or 0)
        groups[one.user_id].append(Use(1, tokens, one.cost or Decimal()))
    return {id: _plus(*uses) for id, uses in groups.items()}
