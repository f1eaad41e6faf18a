"""What one token of a burst costs, from the bytes to its piece."""

import time
from collections import deque
from collections.abc import Callable

import pytest

from tests.support.known_replies import END, event
from tests.support.offline_replies import call_offline
from tests.support.response_events import stream

TOKENS = 10_000
ADDITIONS = 200  # 12 us where 5,000,000 additions take 0.3 s


def of_chat() -> list[bytes]:
    return packets(b"".join(event(f"{number}:123456789 ") for number in range(TOKENS)) + END)


def of_responses() -> list[bytes]:
    events, gathered = stream()
    for number in range(TOKENS):
        events.text(f"{number}:123456789 ")
    events.end()
    return packets(b"".join(gathered))


def packets(stream: bytes) -> list[bytes]:
    return [stream[start : start + 16_384] for start in range(0, len(stream), 16_384)]


def best_time(run: Callable[[], object]) -> float:
    """Seconds of this thread alone, whatever else the machine does."""

    def seconds() -> float:
        began = time.thread_time()
        run()
        return time.thread_time() - began

    return min(seconds() for _ in range(5))


def additions() -> int:
    total = 0
    for _ in range(TOKENS * 100):
        total += 1
    return total


@pytest.mark.measures
@pytest.mark.parametrize("burst", [of_chat, of_responses])
def test_a_token_of_a_burst_costs_no_more_than_a_few_hundred_additions(
    burst: Callable[[], list[bytes]],
) -> None:
    chunks = burst()
    assert sum(1 for piece in call_offline(*chunks).run() if piece.text) == TOKENS
    token = best_time(lambda: deque(call_offline(*chunks).run(), maxlen=0)) / TOKENS
    addition = best_time(additions) / (TOKENS * 100)
    assert token < ADDITIONS * addition, f"{token / addition:.0f} additions"
