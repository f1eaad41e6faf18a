"""How many frames a person may send: one token bucket for all sockets of a session in this process.

Otherwise one page that sends many frames could occupy the database thread that everybody shares, and so could
a hundred sockets that each send a few.
"""

import asyncio
import time
from weakref import WeakValueDictionary

BURST_FRAMES, FRAMES_PER_SECOND = 60, 5  # a page sends a few per minute, and two when it reconnects


class FrameLimits:
    """The buckets of a process, by session."""

    def __init__(self) -> None:
        self._limits: WeakValueDictionary[str, FrameLimit] = WeakValueDictionary()

    def of(self, session_key: str) -> "FrameLimit":
        # Readers of shared threads may have no session; they are not one person.
        return self._limits.setdefault(session_key, FrameLimit()) if session_key else FrameLimit()


class FrameLimit:
    def __init__(self) -> None:
        self._left, self._last = float(BURST_FRAMES), time.monotonic()

    def allows_one_more(self) -> bool:
        now = time.monotonic()
        refilled = self._left + (now - self._last) * FRAMES_PER_SECOND
        self._left, self._last = min(refilled, BURST_FRAMES), now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def keep_until_full(self) -> None:
        """Called when a socket closes, so that a person who opens another one does not get a full bucket."""
        loop = asyncio.get_running_loop()
        loop.call_later(BURST_FRAMES / FRAMES_PER_SECOND, lambda limit: None, self)  # a reference
