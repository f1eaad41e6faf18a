"""How many questions wait in the whole site, for those who watch it from outside."""

from datetime import datetime
from typing import NamedTuple

from django.db import DatabaseError
from django.utils import timezone

from answers.engine import queue
from answers.engine.database_thread import DatabaseThread
from answers.engine.shared_look import SharedLook

FRESH_SECONDS = 5.0  # however often somebody asks
PATIENCE_SECONDS = 1.0  # whoever asks must not wait for a database that is away


class Waiting(NamedTuple):
    number: int
    oldest_seconds: float  # for how long the first of them has waited; 0 if there is none


class QueueLength:
    def __init__(self, database: DatabaseThread) -> None:
        self._database = database
        self._look = SharedLook(self._ask)

    async def read(self) -> Waiting | None:
        """At most one short statement every few seconds. None if the database does not answer in time."""
        found = await self._look.result(patience=PATIENCE_SECONDS, fresh_seconds=FRESH_SECONDS)
        if found is None:
            return None
        number, oldest = found
        seconds = (timezone.now() - oldest).total_seconds() if oldest else 0.0
        return Waiting(number, max(0.0, seconds))  # clocks of two processes may differ

    async def _ask(self) -> tuple[int, datetime | None] | None:
        try:
            return await self._database.run(queue.length)
        except DatabaseError:  # the saver reports it
            return None

    def close(self) -> None:
        self._look.close()
