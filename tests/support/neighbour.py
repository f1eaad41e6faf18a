"""Somebody else on the site, who must not notice what others do to it."""

import statistics
import time

from tests.support.measurements import assert_less
from tests.support.people import Socket

COST_SECONDS = 1.0
TROUBLE_SECONDS = 4.0


class Neighbour:
    """Another person, who asks and waits for the first text."""

    def __init__(self, socket: Socket, rounds: int = 5) -> None:
        self.socket = socket
        self.usual_seconds = statistics.median(self.first_text_seconds() for _ in range(rounds))

    def first_text_seconds(self) -> float:
        began = time.monotonic()
        id = self.socket.ask("A neighbour's question")
        self.socket.read_text(id, "Here. ")
        seconds = time.monotonic() - began
        self.socket.finish(id)
        return seconds

    def must_not_notice(self, seconds: float = TROUBLE_SECONDS) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert_less(self.first_text_seconds() - self.usual_seconds, COST_SECONDS)
            time.sleep(0.05)
