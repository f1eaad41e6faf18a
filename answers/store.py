"""The database for coroutines: a thread of its own, kept from queueing behind a database that is away.

It is not the one that Channels and Django have for this, through which each frame of each socket goes: with
500 answers in two processes a first text came in two thirds of the time. All look-ups of all sockets run in
it, one after another; a second thread would help a burst of questions, and hold up the text that flows.

If each look-up waited for its own timeout while the
database is away, the tenth would wait ten times as long. So after a failure the next ones fail at once, for
a second. And whoever waits for a database that says nothing at all, frozen or locked, waits no longer than
`PATIENCE_SECONDS`.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from channels.db import database_sync_to_async
from django.db import InterfaceError, OperationalError

P = ParamSpec("P")
T = TypeVar("T")

AWAY_SECONDS = 1.0
PATIENCE_SECONDS = 10.0  # more than SQLite waits for its lock, and than hundreds of sockets at once take

_thread = ThreadPoolExecutor(1, thread_name_prefix="store")
_away_until = 0.0


def in_store(function: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Make a coroutine function of one that uses the ORM. Raises DatabaseError, within seconds."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        global _away_until
        if time.monotonic() < _away_until:
            raise OperationalError("the database was away a moment ago")
        try:
            return function(*args, **kwargs)
        except (OperationalError, InterfaceError):
            _away_until = time.monotonic() + AWAY_SECONDS
            raise

    in_thread: Callable[P, Coroutine[Any, Any, T]] = database_sync_to_async(
        run, thread_sensitive=False, executor=_thread
    )

    @wraps(function)
    async def wait(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await in_thread(*args, **kwargs)
        except TimeoutError as error:
            raise OperationalError("the database takes too long") from error

    return wait
