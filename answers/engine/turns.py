"""Turns at the database thread for sockets without a user, so that a crowd of them does not delay others.

Anybody may open sockets, and the frames of all of them need the same thread. So these strangers wait here
before they reach it. A few go on at a time, and the keys that wait, such as network addresses, take turns.
However long the line is, they wait, unless the thread is stuck.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from django.db import OperationalError

from answers.engine.database_thread import DatabaseThread

AT_ONCE = 4  # so that the thread does not wait for the event loop between two of them


class Turns:
    def __init__(self, database: DatabaseThread) -> None:
        self._database = database
        self._taken = 0
        # In the order in which the keys take turns.
        self._waiting: dict[Hashable, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def turn(self, key: Hashable) -> AsyncIterator[None]:
        """Wait for a turn, and hold it. Raises OperationalError if the thread is stuck."""
        if self._taken < AT_ONCE:
            self._taken += 1
        else:
            await self._wait(key)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, key: Hashable) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, deque()).append(turn)
        try:
            await self._database.wait_in_line(turn, time.monotonic())
        except (OperationalError, asyncio.CancelledError):
            if turn.done() and not turn.cancelled():  # it got its turn at the same moment
                self._pass_on()
            turn.cancel()
            raise

    def _pass_on(self) -> None:
        while self._waiting:
            key = next(iter(self._waiting))
            turns = self._waiting.pop(key)
            turn = turns.popleft()
            if turns:
                self._waiting[key] = turns  # at the end: the other keys come first
            if not turn.done():
                turn.set_result(None)
                return
        self._taken -= 1
