"""How many frames a session may send, over all its sockets."""

import pytest

from answers.live import frame_limit
from answers.live.frame_limit import BURST_FRAMES, FRAMES_PER_SECOND, FrameLimit, FrameLimits


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(frame_limit, "time", clock)
    return clock


@pytest.fixture
def limits():
    return FrameLimits()


def allowed(rate: FrameLimit, frames: int) -> int:
    return sum(rate.allows_one_more() for _ in range(frames))


def test_a_burst_is_allowed_and_then_a_few_frames_per_second(clock, limits):
    rate = limits.of("alice")
    assert allowed(rate, 1000) == BURST_FRAMES
    clock.now += 1
    assert allowed(rate, 1000) == FRAMES_PER_SECOND


def test_a_session_that_flooded_may_send_again_after_a_while(clock, limits):
    rate = limits.of("alice")
    assert allowed(rate, 100_000) == BURST_FRAMES
    clock.now += 3600
    assert allowed(rate, 1000) == BURST_FRAMES


def test_all_sockets_of_a_session_share_one_limit(clock, limits):
    first, second, bob = limits.of("alice"), limits.of("alice"), limits.of("bob")
    assert allowed(first, 1000) == BURST_FRAMES
    assert allowed(second, 1000) == 0
    assert allowed(bob, 1000) == BURST_FRAMES


async def test_opening_another_socket_gives_no_fresh_burst(clock, limits):
    rate = limits.of("alice")
    allowed(rate, 1000)
    rate.keep_until_full()
    del rate
    assert allowed(limits.of("alice"), 1000) == 0
