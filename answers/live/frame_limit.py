"""How many frames a person may send: a token bucket for all sockets of a session, in all processes.

Otherwise one page that sends many frames could occupy the database thread that everybody shares, and so could
a hundred sockets that each send a few. Anybody can invent a cookie, so many sockets without a user may belong
to one person. So these also share a bucket per network address.

Each process has its own buckets. An honest page sends so few frames that its process need not report them.
A process that has counted more reports them to the others over the channel layer. While Redis is unavailable,
each process counts by itself.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from uuid import uuid4
from weakref import WeakValueDictionary

from channels.layers import get_channel_layer

from answers.asking.address import NO_ADDRESS
from answers.engine.layers import Message

log = logging.getLogger(__name__)

GROUP = "frames"
REPORT_FRAMES = 10  # that a process counts before it reports them to the others


@dataclass(frozen=True, slots=True)
class Size:
    burst: int
    per_second: float

    @property
    def seconds_to_fill(self) -> float:
        return self.burst / self.per_second


PERSON = Size(60, 5)  # a page sends a few per minute, and two when it reconnects
STRANGER = Size(20, 1)  # one socket without a session, on which a shared thread is read
ADDRESS = Size(600, 30)  # all without a user at one address, such as an office whose pages all reconnect


class FrameLimits:
    """The buckets of a process. `close` it at the end."""

    def __init__(self) -> None:
        self._limits: WeakValueDictionary[str, FrameLimit] = WeakValueDictionary()
        self._origin = uuid4().hex
        self._layer = get_channel_layer()
        self._tasks = {asyncio.create_task(self._listen(), context=Context())}

    def of_session(self, session_key: str) -> "FrameLimit":
        # Hashed, since it leaves the process, and whoever has a session's key is its user.
        return self._shared(hashlib.sha256(session_key.encode()).hexdigest(), PERSON)

    def of_address(self, address: str) -> "FrameLimit | None":
        return None if address == NO_ADDRESS else self._shared(address, ADDRESS)

    def _shared(self, key: str, size: Size) -> "FrameLimit":
        limit = self._limits.get(key)
        if limit is None:
            limit = self._limits[key] = FrameLimit(size, lambda frames: self._report(key, size, frames))
        return limit

    def _report(self, key: str, size: Size, frames: int) -> None:
        message = {"type": GROUP, "origin": self._origin, "key": key, "frames": frames}
        message |= {"burst": size.burst, "per_second": size.per_second}
        task = asyncio.create_task(self._layer.group_send(GROUP, message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _listen(self) -> None:
        channel = await self._layer.new_channel()
        await self._layer.group_add(GROUP, channel)
        try:
            while True:
                message = await self._layer.receive(channel)
                try:
                    self._take_reported(message)
                except Exception:  # such as a message of another version of askme
                    log.exception("frames that another process has counted could not be added")
        finally:
            await self._layer.group_discard(GROUP, channel)

    def _take_reported(self, message: Message) -> None:
        if message["origin"] != self._origin:
            limit = self._shared(message["key"], Size(message["burst"], message["per_second"]))
            limit.take(message["frames"])
            limit.keep_until_full()

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.wait(self._tasks)


class FrameLimit:
    """A token bucket. `report` is called with the number of frames that the other processes do not know."""

    def __init__(self, size: Size = PERSON, report: Callable[[int], None] = lambda frames: None) -> None:
        self._size, self._report = size, report
        self._left, self._last = float(size.burst), time.monotonic()
        self._unreported = 0

    def allows_one_more(self) -> bool:
        self.take(0)
        if self._left < 1:
            return False
        self.take(1)
        self._unreported += 1
        if self._unreported == REPORT_FRAMES:
            self._report(self._unreported)
            self._unreported = 0
        return True

    def take(self, frames: int) -> None:
        now = time.monotonic()
        self._left = min(self._left + (now - self._last) * self._size.per_second, self._size.burst)
        self._left, self._last = max(self._left - frames, 0), now

    def keep_until_full(self) -> None:
        """Called when a socket closes, so that a person who opens another one does not get a full bucket."""
        loop = asyncio.get_running_loop()
        loop.call_later(self._size.seconds_to_fill, lambda limit: None, self)  # a reference
