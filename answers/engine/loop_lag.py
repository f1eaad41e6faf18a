"""How late the event loop is: every page of the process waits that long."""

import time
from collections import deque

from answers.engine.histogram import DELAY_SECONDS, Histogram

KEPT = 100  # timers, while the database is away and nobody reads the lag


class LoopLag:
    """The worker's timer says when it should run next. The saver reads the worst delay for its heartbeat."""

    def __init__(self) -> None:
        self._late: deque[float] = deque(maxlen=KEPT)  # written on the loop, read in the saver's thread
        self._due: float | None = None
        self.seconds = Histogram(*DELAY_SECONDS)  # since the start

    def expect(self, seconds: float) -> None:
        """Call it when a timer runs. The next one is due in so many seconds."""
        now = time.monotonic()
        if self._due is not None:
            self._late.append(now - self._due)
            self.seconds.observe(max(0.0, now - self._due))
        self._due = now + seconds

    def stop(self) -> None:
        """No other timer follows."""
        self._due = None

    def worst(self) -> float | None:
        """The longest delay since the last call, in seconds, even if the loop still hangs. None: unknown."""
        found = [self._late.popleft() for _ in range(len(self._late))]
        due = self._due  # the loop may stop at this moment
        if due is not None:
            found.append(time.monotonic() - due)  # negative, unless the timer is overdue
        return max(0.0, *found) if found else None
