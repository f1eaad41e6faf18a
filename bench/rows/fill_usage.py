"""What the answers used, as rows: by day, by person, and of those that have just ended."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model

from answers.models import DailyUsage, PersonalUsage, UsageLog
from answers.models.days import day_of

YEAR = 365  # days
LOGGED = 100  # answers that have ended since the last fold
USED = {"prompt_tokens": 300, "completion_tokens": 100, "cost": "0.00010000"}

Rows = Iterator[dict[str, Any]]


def usage(rows: int, busy: int, others: range, now: datetime) -> list[tuple[type[Model], Rows]]:
    """Of a year. A quarter as many pairs of person and day as answers, but always as many rows by day."""
    today = day_of(now)
    return [
        (DailyUsage, _of_days(today)),
        (PersonalUsage, _of_people(rows // 4, busy, others, today)),
        (UsageLog, _logged(others, now)),
    ]


def _of_days(today: Any) -> Rows:
    kinds = [{"people": 100}]
    for status, code in (("complete", ""), ("stopped", ""), ("failed", "silent")):
        for model in ("model", "other"):
            kinds.append(USED | {"status": status, "error_code": code, "model": model, "answers": 50})
    for number in range(YEAR * len(kinds)):
        day = today - timedelta(days=number // len(kinds))
        yield {"id": number + 1, "day": day} | kinds[number % len(kinds)]


def _of_people(rows: int, busy: int, others: range, today: Any) -> Rows:
    for number in range(YEAR):
        day = today - timedelta(days=number)
        yield {"id": number + 1, "user_id": busy, "day": day, "answers": 9} | USED
    for number in range(rows):
        turn, user = divmod(number, len(others))
        day = today - timedelta(days=turn * 30 + user % 30)
        yield {"id": YEAR + number + 1, "user_id": others[user], "day": day, "answers": 4} | USED


def _logged(others: range, now: datetime) -> Rows:
    for number in range(LOGGED):
        row = {"id": number + 1, "answer": uuid.uuid4(), "user_id": others[number % len(others)]}
        yield row | USED | {"asked_at": now, "status": "complete", "model": "model"}
