"""Turns at the database thread for sockets without a user, so that a crowd of them does not delay others.

Anybody may open sockets, and the frames of all of them need the same thread. So these strangers wait here
before they reach it. A few go on at a time, and the keys that wait, such as network addresses, take turns.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

AT_ONCE = 4  # so that the thread does not wait for the event loop between two of them


class Turns:
    """One per event loop."""

    def __init__(self) -> None:
        self._taken = 0
        # In the order in which the keys take turns.
        self._waiting: dict[Hashable, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def turn(self, key: Hashable, seconds: float) -> AsyncIterator[None]:
        """Wait for a turn, and hold it. Raises TimeoutError if it takes longer than this."""
        if self._taken < AT_ONCE:
            self._taken += 1
        else:
            await self._wait(key, seconds)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, key: Hashable, seconds: float) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, deque()).append(turn)
        try:
            async with asyncio.timeout(seconds):
                await turn
        except (TimeoutError, asyncio.CancelledError):
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
