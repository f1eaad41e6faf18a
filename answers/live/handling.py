"""Handling one frame of a socket: while it waits in line, the page is told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from answers import protocol
from answers.protocol import Event

# A page takes a socket that does not reply for twelve seconds for a dead one (connection.js).
BUSY_SECONDS = 4.0


class Handling:
    """`send` sends an event to the page."""

    def __init__(self, send: Callable[[Event], Awaitable[None]]) -> None:
        self._send = send
        self._notices: asyncio.Task[None] | None = None
        self.is_under_way = False

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Use it for each frame, one after another."""
        # No task yet: nearly every frame is handled at once.
        timer = asyncio.get_running_loop().call_later(BUSY_SECONDS, self._begin)
        self.is_under_way = True
        try:
            yield
        finally:
            self.is_under_way = False
            timer.cancel()
            if self._notices is not None:
                self._notices.cancel()
                self._notices = None

    def _begin(self) -> None:
        self._notices = asyncio.create_task(self._send_notices())

    async def _send_notices(self) -> None:
        while True:
            await self._send(protocol.busy())
            await asyncio.sleep(BUSY_SECONDS)
