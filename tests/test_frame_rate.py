"""How fast a person may speak, over all sockets of a session."""

import pytest

from answers import frame_rate
from answers.frame_rate import FRAMES_AT_ONCE, FRAMES_PER_SECOND, FrameRate


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(frame_rate, "time", clock)
    return clock


def allowed(rate: FrameRate, frames: int) -> int:
    return sum(rate.allows_one_more() for _ in range(frames))


def test_a_burst_and_then_a_few_in_a_second(clock):
    rate = FrameRate.of("alice")
    assert allowed(rate, 1000) == FRAMES_AT_ONCE
    clock.now += 1
    assert allowed(rate, 1000) == FRAMES_PER_SECOND


def test_who_flooded_may_speak_again_after_a_while(clock):
    rate = FrameRate.of("alice")
    assert allowed(rate, 100_000) == FRAMES_AT_ONCE
    clock.now += 3600
    assert allowed(rate, 1000) == FRAMES_AT_ONCE


def test_all_sockets_of_a_session_share_and_others_do_not(clock):
    first, second, bob = FrameRate.of("alice"), FrameRate.of("alice"), FrameRate.of("bob")
    assert allowed(first, 1000) == FRAMES_AT_ONCE
    assert allowed(second, 1000) == 0
    assert allowed(bob, 1000) == FRAMES_AT_ONCE


async def test_opening_another_socket_gives_no_fresh_burst(clock):
    rate = FrameRate.of("alice")
    allowed(rate, 1000)
    rate.forget_when_full()
    del rate
    assert allowed(FrameRate.of("alice"), 1000) == 0
