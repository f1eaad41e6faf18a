"""How long an answer's thread pauses between two reads: the busier or the later the process is, the longer.

Waking a thread costs far more than reading a token. With a pause, a thread that wakes up reads several tokens
at once, and the event loop, the questions and the pages get the time that is saved. The signal is what the
process uses of a core, because that rises before anything is late, and how late the event loop is, which also
shows a core that others use. They mean the same on a quick core and a slow one, unlike the number of answers.
"""

import asyncio
import time
from collections.abc import Callable

LONGEST_SECONDS = 0.25  # people still see it as steady
PER_ANSWER_SECONDS = 0.01  # at most, for each other answer: one alone is not held back by pages
TICK_SECONDS = 0.1  # between two measurements
BUSY, FULLY_BUSY = 0.1, 0.35  # of a core: where pauses begin, and where they are longest
LATE_SECONDS, FULLY_LATE_SECONDS = 0.005, 0.05  # the same for the lag of the event loop
WEIGHT = 0.3  # of the latest measurement
FALL_SECONDS = 0.01  # at each tick; it rises at once


def share(value: float, begin: float, end: float) -> float:
    """Where a value lies between two others: 0 at the first or below, 1 at the second or above."""
    return min(1.0, max(0.0, (value - begin) / (end - begin)))


class Pace:
    """One per worker, on its event loop. `apply` gets the seconds whenever they change."""

    def __init__(self, apply: Callable[[float], None]) -> None:
        self.seconds = 0.0
        self._apply = apply
        self._running = 0
        self._busy = self._late = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def count(self, running: int) -> None:
        """So many answers are running now. While there are several, it measures."""
        self._running = running
        if running > 1 and self._timer is None:
            self._busy = self._late = 0.0
            self._begin()

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        self._at, self._cpu = loop.time(), time.process_time()
        self._timer = loop.call_at(self._at + TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        seconds = asyncio.get_running_loop().time() - self._at
        self.measure((time.process_time() - self._cpu) / seconds, seconds - TICK_SECONDS)
        self._timer = None
        if self._running > 1 or self.seconds:
            self._begin()

    def measure(self, busy: float, late: float) -> None:
        """Adapt to the last tick: the share of a core that was used, and how many seconds late it came."""
        self._busy += WEIGHT * (busy - self._busy)
        self._late += WEIGHT * (late - self._late)
        strain = max(share(self._busy, BUSY, FULLY_BUSY), share(self._late, LATE_SECONDS, FULLY_LATE_SECONDS))
        seconds = max(LONGEST_SECONDS * strain, self.seconds - FALL_SECONDS)
        seconds = max(0.0, min(seconds, PER_ANSWER_SECONDS * (self._running - 1)))
        if seconds != self.seconds:
            self.seconds = seconds
            self._apply(seconds)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
