"""When a long computation gives way to others on the event loop."""

from collections.abc import Iterator
from time import perf_counter

SLICE_SECONDS = 0.001
STEPS_PER_LOOK = 20  # a step takes some microseconds, a look at the clock a tenth of one


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

    def give_way(self) -> Iterator[None]:
        """Give way if a slice of time is over. For steps that are long."""
        if self._is_late():
            yield
            self.restart()

    def restart(self) -> None:
        """Call this after having given way."""
        self._until = perf_counter() + SLICE_SECONDS
