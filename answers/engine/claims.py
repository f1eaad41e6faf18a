"""When this process claims questions from the queue, and how many at a time. Runs on the event loop."""

import asyncio
import logging
from collections.abc import Callable
from contextvars import Context
from functools import partial
from uuid import UUID

from django.db import DatabaseError

from answers.engine import queue
from answers.engine.database_thread import CallerGone, DatabaseThread
from answers.engine.lease import Lease
from answers.engine.prompts import has_hook
from answers.engine.running_answer import RunningAnswer

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5  # between two looks at the queue, if nothing causes an earlier one
FRESH_SECONDS = 0.3  # until then, a question is left to the process that it was asked in, where its page is
AT_ONCE = 20  # so that the first one need not wait until many others are claimed; one if a hook prepares it


class Claims:
    """`room` says how many more answers may run here, and `start` is called for each that was claimed."""

    def __init__(
        self, lease: Lease, *, room: Callable[[], int], start: Callable[[RunningAnswer], None]
    ) -> None:
        self._lease, self._room, self._start = lease, room, start
        self.only_own = True  # only questions that no other process may run
        # A thread of its own, so that claims do not wait for the questions and followers of all sockets.
        self.database = DatabaseThread()
        self._wanted_age: float | None = None  # for how long what is to be claimed has waited; None: nothing
        self._task: asyncio.Task[None] | None = None
        self._poll()

    def wake(self, age: float = 0.0) -> None:
        """Claim what has waited for `age` seconds, because there is a new question or a free thread."""
        self._wanted_age = age if self._wanted_age is None else min(age, self._wanted_age)
        if not self._lease.draining and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._claim(), context=Context())

    async def _claim(self) -> None:
        while self._wanted_age is not None and self._room() > 0:
            age, self._wanted_age = self._wanted_age, None
            claim = partial(
                queue.claim,
                self._lease.process,
                min(self._room(), 1 if has_hook() else AT_ONCE),
                only_own=self.only_own,
                age=age,
                on_claim=self._claiming,
            )
            try:
                claimed = await self.database.run(claim)
            except DatabaseError:
                return  # the saver reports it, and the next poll tries again
            except Exception:
                log.exception("questions could not be claimed")
                return
            if claimed:  # there may be more
                self.wake(age)
            for answer in claimed:
                self._start(answer)
            self._lease.claimed = set()

    def _claiming(self, ids: set[UUID]) -> None:
        """Called in the thread, before they are committed."""
        if self._lease.draining:
            raise CallerGone  # others run them
        self._lease.claimed = ids

    def _poll(self) -> None:
        """Other processes may have more questions than threads, or may have left some behind."""
        self._lease.lag.expect(POLL_SECONDS)
        self._timer = asyncio.get_running_loop().call_later(POLL_SECONDS, self._poll)
        self.wake(FRESH_SECONDS)

    async def stop(self, seconds: float) -> None:
        """Claim nothing more, once the lease says that the process drains. Waits so long for a claim."""
        self._timer.cancel()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=seconds)
            if not self._task.done():
                log.error("%d questions were not prepared before the process ended", len(self._lease.claimed))

    def close(self) -> None:
        self.database.close()
