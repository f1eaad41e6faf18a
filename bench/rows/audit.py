"""The audit and Django's log: as many entries as there are answers, and how the staff looks at them."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib.admin.models import CHANGE
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

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
    client = Client()
    users = get_user_model()._default_manager
    client.force_login(users.get_or_create(username="staff", is_staff=True, is_superuser=True)[0])
    client.get("/admin/")
    day = timezone.localdate() - timedelta(days=1)

    def get(address: str = AUDIT, **query: object) -> Callable[[], object]:
        def run() -> None:
            assert client.get(address, query).status_code == 200, address

        return run

    yield "audit: the newest entries", get()
    yield "audit: the last page", get(p=20)
    yield "audit: a day", get(since=day, until=day)
    yield "audit: one of the staff", get(staff_name="staff-3")
    yield "audit: a rare action", get(action="deleted")
    yield "audit: a rare action of one", get(action="deleted", staff_name="staff-3")
    yield "audit: a person", get(person="person-7")
    yield "audit: a word that nobody used", get(q="zyzzyva")
    yield "Django's log: the newest entries", get(LOG)
    yield "Django's log: a day", get(LOG, since=day, until=day)
    yield "Django's log: a word that nobody used", get(LOG, q="zyzzyva")
