"""How fast a person may speak: one token bucket for all sockets of a session in this process.

A page that floods would keep the one thread of the database from everybody else, and so would a hundred
sockets that each say a little.
"""

import asyncio
import time
from weakref import WeakValueDictionary

FRAMES_AT_ONCE, FRAMES_PER_SECOND = 60, 5  # a page says a few in a minute; a reconnect says two

_rates: "WeakValueDictionary[str, FrameRate]" = WeakValueDictionary()


class FrameRate:
    def __init__(self) -> None:
        self._left, self._last = float(FRAMES_AT_ONCE), time.monotonic()

    @classmethod
    def of(cls, session_key: str) -> "FrameRate":
        # Readers of shared threads have no session; they are not one person.
        return _rates.setdefault(session_key, cls()) if session_key else cls()

    def allows_one_more(self) -> bool:
        now = time.monotonic()
        refilled = self._left + (now - self._last) * FRAMES_PER_SECOND
        self._left, self._last = min(refilled, FRAMES_AT_ONCE), now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def forget_when_full(self) -> None:
        """Its socket has closed. Who closes and opens another finds no fresh bucket."""
        loop = asyncio.get_running_loop()
        loop.call_later(FRAMES_AT_ONCE / FRAMES_PER_SECOND, lambda rate: None, self)  # held until then
