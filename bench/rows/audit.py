"""The audit and Django's log: as many entries as there are answers, and how the staff looks at them."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib.admin.models import CHANGE
from django.utils import timezone

from bench.rows.staff import Staff

BUSY, FIRST_OTHER = 1, 3  # as in `fill`, which imports this module
STAFF = 10
ACTIONS = ["read"] * 7 + ["searched", "exported", "changed"]
RARE_ACTIONS = 5  # of all entries, the oldest
AUDIT, LOG = "/admin/answers/auditentry/", "/admin/admin/logentry/"
BETWEEN = timedelta(seconds=30)


def entries(rows: int, now: datetime) -> Iterator[dict[str, Any]]:
    for number in range(rows):
        yield {
            "id": number + 1,
            "at": now - (rows - number) * BETWEEN,
            "staff_name": f"staff-{number % STAFF}",
            "action": "deleted" if number < RARE_ACTIONS else ACTIONS[number * 7 % 10],
            "what": f"answer {number}",
            "person": f"person-{number // 10}",
        }


def log_entries(rows: int, now: datetime) -> Iterator[dict[str, Any]]:
    for number in range(rows):
        yield {
            "id": number + 1,
            "action_time": now - (rows - number) * BETWEEN,
            "user_id": BUSY if number % 2 else FIRST_OTHER,
            "object_repr": f"group {number}",
            "action_flag": CHANGE,
        }


def audit() -> Iterator[tuple[str, Callable[[], object]]]:
    get = Staff().get
    day = timezone.localdate() - timedelta(days=1)

    yield "audit: the newest entries", get(AUDIT)
    yield "audit: the last page", get(AUDIT, p=20)
    yield "audit: a day", get(AUDIT, since=day, until=day)
    yield "audit: one of the staff", get(AUDIT, staff_name="staff-3")
    yield "audit: a rare action", get(AUDIT, action="deleted")
    yield "audit: a rare action of one", get(AUDIT, action="deleted", staff_name="staff-3")
    yield "audit: a person", get(AUDIT, person="person-7")
    yield "audit: a word that nobody used", get(AUDIT, q="zyzzyva")
    yield "Django's log: the newest entries", get(LOG)
    yield "Django's log: a day", get(LOG, since=day, until=day)
    yield "Django's log: a word that nobody used", get(LOG, q="zyzzyva")
