"""Database access for coroutines: one thread with its own connection, which fails fast in an outage.

By default, Django and Channels share one thread for this, and every frame of every socket goes through it.
With 500 answers in two processes, a separate thread delivered the first text in two thirds of the time. A
second thread would speed up a burst of questions, but delay the text of running answers.

If each query waited for its own timeout while the database is down, the tenth would wait ten times as long.
So after a failure, queries fail at once for a second. And no caller waits longer than `TIMEOUT_SECONDS` for a
database that does not respond at all.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from channels.db import database_sync_to_async
from django.db import InterfaceError, OperationalError, connections

T = TypeVar("T")

FAIL_FAST_SECONDS = 1.0  # after a failure
TIMEOUT_SECONDS = 10.0  # longer than SQLite waits for its lock, and than hundreds of sockets at once need


class DatabaseThread:
    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="database")
        self._fail_fast_until = 0.0

    async def run(self, function: Callable[[], T]) -> T:
        """Run a function that uses the ORM. Raises DatabaseError within seconds if the database is down."""
        run = database_sync_to_async(self._run, thread_sensitive=False, executor=self._executor)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                result: T = await run(function)
                return result
        except TimeoutError as error:
            raise OperationalError("the database did not respond in time") from error

    def _run(self, function: Callable[[], T]) -> T:
        if time.monotonic() < self._fail_fast_until:
            raise OperationalError("the database failed a moment ago")
        try:
            return function()
        except (OperationalError, InterfaceError):
            self._fail_fast_until = time.monotonic() + FAIL_FAST_SECONDS
            raise

    def close(self) -> None:
        """Does not wait: the thread may be stuck in a query."""
        self._executor.submit(connections.close_all)
        self._executor.shutdown(wait=False)
