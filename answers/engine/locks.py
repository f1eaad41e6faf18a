"""How long a call in the database thread waits for a lock that another session holds.

PostgreSQL locks rows, and `lock_timeout` limits each wait. SQLite locks the whole database for every writer.
If each of the calls in line waited for that lock as long as the first, the tenth would wait ten times as
long. So when the first has waited in vain, those that were made before that moment wait no more than an
instant: the lock may be free by now, or be taken for some milliseconds.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import SQLITE_BUSY

from django.db import connection

SQLITE_SECONDS = 5.0  # Django's and SQLite's own default
SHORT_SECONDS = 0.1  # the least that a call waits


def is_lock_timeout(error: Exception) -> bool:
    """Whether another session held a lock for too long."""
    # SQLite's extended codes have the primary one in their last byte.
    is_busy = getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF == SQLITE_BUSY
    return is_busy or is_row_lock_timeout(error)


def is_row_lock_timeout(error: Exception) -> bool:
    """Whether the lock was on rows (PostgreSQL's 55P03), so that other rows can be written meanwhile."""
    return getattr(error.__cause__, "sqlstate", None) == "55P03"


@contextmanager
def waiting_since(start: float) -> Iterator[None]:
    """Wait for SQLite's lock until its timeout has passed since `start`, by the monotonic clock."""
    waited = time.monotonic() - start
    if connection.vendor != "sqlite" or waited < SHORT_SECONDS:
        yield
        return
    timeout = connection.settings_dict.get("OPTIONS", {}).get("timeout", SQLITE_SECONDS)
    _set_timeout(max(SHORT_SECONDS, timeout - waited))
    try:
        yield
    finally:
        _set_timeout(timeout)


def _set_timeout(seconds: float) -> None:
    connection.ensure_connection()
    connection.connection.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")
