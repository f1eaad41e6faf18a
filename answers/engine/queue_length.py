"""How many questions wait in the whole site, for those who watch it from outside."""

import asyncio
import time
from contextlib import suppress
from contextvars import Context
from datetime import datetime
from typing import NamedTuple

from django.db import DatabaseError
from django.utils import timezone

from answers.engine import queue
from answers.engine.database_thread import DatabaseThread

FRESH_SECONDS = 5.0  # however often somebody asks
PATIENCE_SECONDS = 1.0  # whoever asks must not wait for a database that is away


class Waiting(NamedTuple):
    number: int
    oldest_seconds: float  # for how long the first of them has waited; 0 if there is none


class QueueLength:
    def __init__(self, database: DatabaseThread) -> None:
        self._database = database
        self._found: tuple[int, datetime | None] | None = None
        self._found_at = 0.0
        self._task: asyncio.Task[None] | None = None

    async def read(self) -> Waiting | None:
        """At most one short statement every few seconds. None if the database does not answer in time."""
        if self._found is None or time.monotonic() >= self._found_at + FRESH_SECONDS:
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._ask(), context=Context())  # of nobody's request
            self._found = None
            await asyncio.wait([self._task], timeout=PATIENCE_SECONDS)
        if self._found is None:
            return None
        number, oldest = self._found
        seconds = (timezone.now() - oldest).total_seconds() if oldest else 0.0
        return Waiting(number, max(0.0, seconds))  # clocks of two processes may differ

    async def _ask(self) -> None:
        with suppress(DatabaseError):  # the saver reports it
            self._found = await self._database.run(queue.length)
            self._found_at = time.monotonic()

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
