"""Shows people who wait how many questions come before theirs."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextvars import Context
from uuid import UUID

from django.db import DatabaseError

from answers import protocol
from answers.engine import queue
from answers.engine.database_thread import DatabaseThread
from answers.protocol import Event

PLACE_SECONDS = 0.5  # between two updates


class Places:
    """`announce` sends an event to the followers of its answer."""

    def __init__(self, database: DatabaseThread, announce: Callable[[Event], None]) -> None:
        self._database, self._announce = database, announce
        self._watching: Counter[UUID] = Counter()  # how many followers in this process wait for each
        self._known: dict[UUID, int] = {}  # as last announced
        self._order: set[UUID] = set()  # all that waited at the last update
        self._task: asyncio.Task[None] | None = None

    def watch(self, answer: UUID) -> None:
        """Announce its place whenever that changes, until `unwatch`."""
        self._watching[answer] += 1
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._update(), context=Context())

    def unwatch(self, answer: UUID) -> None:
        self._watching[answer] -= 1
        if not self._watching[answer]:
            del self._watching[answer]
            self._known.pop(answer, None)

    def has(self, answer: UUID) -> bool:
        """Whether it waited at the last update. False also means that nobody knows."""
        return answer in self._order

    async def _update(self) -> None:
        """One query for all who wait in this process, and none while nobody does."""
        await asyncio.sleep(PLACE_SECONDS)
        try:
            while self._watching:
                try:
                    order = await self._database.run(queue.order)
                except DatabaseError:
                    order = []  # try again at the next update
                self._order = set(order)
                for ahead, answer in enumerate(order):
                    if answer in self._watching and _is_news(self._known.get(answer), ahead):
                        self._known[answer] = ahead
                        self._announce(protocol.queued(answer, ahead))
                await asyncio.sleep(PLACE_SECONDS)
        finally:
            self._order = set()

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()


def _is_news(known: int | None, ahead: int) -> bool:
    """Whether a place has changed by a tenth. Each step of a long queue is not told to everybody in it."""
    return known is None or abs(known - ahead) >= max(1, ahead // 10)
