"""Database access for coroutines: one thread with its own connection, which fails fast in an outage.

By default, Django and Channels share one thread for this, and every frame of every socket goes through it.
With 500 answers in two processes, a separate thread delivered the first text in two thirds of the time. A
second thread would speed up a burst of questions, but delay the text of running answers.

If each query waited for its own timeout while the database is down, the tenth would wait ten times as long.
So after a failure, queries fail at once for a second. And if one query does not end within `TIMEOUT_SECONDS`,
its caller and all who wait behind it give up. Those who wait only because many others come first do not: a
busy process is slow, but it refuses nothing.
"""

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from channels.db import database_sync_to_async
from django.db import InterfaceError, OperationalError, connections

from answers.engine.locks import is_lock_timeout, waiting_since
from answers.engine.own_connection import use_own_connection

T = TypeVar("T")

FAIL_FAST_SECONDS = 1.0  # after a failure
TIMEOUT_SECONDS = 10.0  # for one call; longer than SQLite waits for its lock


class CallerGone(OperationalError):
    """The caller has given up, and the person has seen an error. Nothing may be saved any more."""


class Call:
    """A function that is run for a caller, who may give up on it before it commits, and not afterwards."""

    def __init__(self) -> None:
        self.made = time.monotonic()
        self.is_abandoned = self._is_committing = False
        self._lock = threading.Lock()

    def abandon(self) -> bool:
        """The caller gives up. False: it is being committed, so its result has to be waited for."""
        with self._lock:
            self.is_abandoned = not self._is_committing
            return self.is_abandoned

    def commit(self) -> bool:
        with self._lock:
            self._is_committing = not self.is_abandoned
            return self._is_committing


_current_call: contextvars.ContextVar[Call | None] = contextvars.ContextVar("call", default=None)


def require_caller() -> None:
    """At the end of a transaction: raises `CallerGone` if it must not be committed."""
    call = _current_call.get()
    if call is not None and not call.commit():
        raise CallerGone


def mark_as_read(task: "asyncio.Task[Any]") -> None:
    """For a task whose caller may give up on it: asyncio logs an exception that nobody has read."""
    if not task.cancelled():
        task.exception()


class DatabaseThread:
    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, "database", initializer=use_own_connection)
        self._run_in_thread = database_sync_to_async(
            self._run, thread_sensitive=False, executor=self._executor
        )
        self._fail_fast_until = 0.0
        self._last_began_at = time.monotonic()  # when the last call began
        self._lock_timed_out_at = 0.0  # when a call last waited its whole time for a lock

    async def run(self, function: Callable[[], T]) -> T:
        """Run a function that uses the ORM. Raises DatabaseError within seconds if there is no database."""
        call = Call()
        task: asyncio.Task[T] = asyncio.ensure_future(self._run_in_thread(call, function))
        task.add_done_callback(mark_as_read)
        try:
            await self.wait_in_line(task, call.made)
        except OperationalError:
            if call.abandon():
                raise
        return await task

    async def wait_in_line(self, future: "asyncio.Future[Any]", since: float) -> None:
        """Wait for something that comes after calls of this thread, since then by the monotonic clock.

        Raises OperationalError if the thread is stuck in one of them.
        """
        while not future.done():
            seconds = max(since, self._last_began_at) + TIMEOUT_SECONDS - time.monotonic()
            if seconds <= 0:
                raise OperationalError("the database takes too long")
            await asyncio.wait([future], timeout=seconds)

    def has_begun_a_call(self, seconds: float) -> bool:
        """Whether a call has begun in these last seconds."""
        return time.monotonic() - self._last_began_at < seconds

    def _run(self, call: "Call", function: Callable[[], T]) -> T:
        self._last_began_at = now = time.monotonic()
        _current_call.set(call)
        if call.is_abandoned:
            raise CallerGone
        if now < self._fail_fast_until:
            raise OperationalError("the database was unavailable a moment ago")
        # A call that another one kept waiting for a lock has waited for that lock too.
        start = call.made if call.made < self._lock_timed_out_at else now
        try:
            with waiting_since(start):
                return function()
        except (OperationalError, InterfaceError) as error:
            if is_lock_timeout(error):  # other calls may well succeed
                if start == now:  # it has waited itself, so those behind it need not
                    self._lock_timed_out_at = time.monotonic()
            elif not isinstance(error, CallerGone):
                self._fail_fast_until = time.monotonic() + FAIL_FAST_SECONDS
            if isinstance(error, InterfaceError):  # which is no DatabaseError, as callers expect
                raise OperationalError(*error.args) from error
            raise

    def close(self) -> None:
        """Does not wait: the thread may be stuck in a query."""
        self._executor.submit(connections.close_all)
        self._executor.shutdown(wait=False)
