"""When a long computation gives way to others on the event loop."""

from time import perf_counter

SLICE_SECONDS = 0.001
STEPS_PER_LOOK = 50  # a step takes about a microsecond, and so does a look at the clock


class Pace:
    def __init__(self) -> None:
        self._steps = 0
        self._until = perf_counter() + SLICE_SECONDS

    def is_due(self) -> bool:
        """Count a step. True if it is time to give way."""
        self._steps += 1
        return self._steps >= STEPS_PER_LOOK and self._is_late()

    def _is_late(self) -> bool:
        self._steps = 0
        return perf_counter() > self._until

    def restart(self) -> None:
        """Call this after having given way."""
        self._until = perf_counter() + SLICE_SECONDS
