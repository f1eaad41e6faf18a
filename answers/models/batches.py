"""Deleting many rows without keeping other writers waiting.

SQLite lets one connection write at a time, and a single statement that deletes 300,000 rows would block all
others for seconds. So each transaction deletes few rows, and others get as much time as it took.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from django.db.models import QuerySet

FIRST_ROWS, MIN_ROWS, MAX_ROWS = 100, 50, 500
BATCH_SECONDS = 0.1  # what a transaction aims at; the saver and people's questions wait for it


def delete_in_batches(rows: QuerySet[Any], pause: Callable[[float], object] = time.sleep) -> int:
    """Delete these rows and what they cascade to. Returns how many of the rows themselves were deleted.

    `pause` is called between two transactions with the seconds that others should get.
    """
    return in_batches(lambda size: delete_some(rows, size), pause)


def in_batches(delete: Callable[[int], int | None], pause: Callable[[float], object] = time.sleep) -> int:
    """Call `delete` with a number of rows until it returns None. Returns the sum of what it returned."""
    total, size = 0, FIRST_ROWS
    while True:
        started = time.monotonic()
        deleted = delete(size)
        if deleted is None:
            return total
        total += deleted
        took = time.monotonic() - started
        if took > BATCH_SECONDS:
            size = max(MIN_ROWS, size // 2)
        elif took < BATCH_SECONDS / 2:
            size = min(MAX_ROWS, size * 2)
        pause(took)


class Prunable(NamedTuple):
    """One kind of rows that are out of date."""

    name: str  # in the plural
    total: Callable[[], int]  # how many there are
    delete: Callable[[int], int | None]  # up to so many, in one transaction; None if there are none left

    @classmethod
    def rows(cls, name: str, rows: QuerySet[Any]) -> "Prunable":
        return cls(name, rows.count, partial(delete_some, rows))


def delete_some(rows: QuerySet[Any], size: int) -> int | None:
    """Delete some of the rows, in one transaction. Returns how many, and None if there are none."""
    keys = list(rows.order_by().values_list("pk", flat=True)[:size])
    if not keys:
        return None
    # Only the key: long texts need not be read. The condition still applies, if rows changed meanwhile.
    _, by_model = rows.order_by().filter(pk__in=keys).only("pk").delete()
    return by_model.get(rows.model._meta.label, 0)
