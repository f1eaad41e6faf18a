"""A clock for the deadlines of a call, which a test puts forward instead of waiting."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from completions.wire import Deadlines
from tests.support.services import wait_for


class RunningClock:
    """Goes as fast as the real one. So a deadline of a minute passes only if the test lets it, however long
    the machine lets a thread wait."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self.waits = 0  # for the other side, so far

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def put_forward(self, seconds: float) -> None:
        self._ahead += seconds

    @contextmanager
    def until_read(self) -> Iterator[None]:
        """For the server: send something here, and go on when the client waits for what follows it."""
        before = self.waits
        yield
        wait_for(lambda: self.waits > before, 20, "the client waits for more")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> RunningClock:
    clock = RunningClock()
    remaining = Deadlines.remaining

    def counted(deadlines: Deadlines) -> float | None:
        seconds = remaining(deadlines)
        clock.waits += 1
        return seconds

    monkeypatch.setattr("completions.wire.time", clock)
    monkeypatch.setattr(Deadlines, "remaining", counted)
    return clock
