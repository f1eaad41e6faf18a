"""How many frames a session may send, over all its sockets and all processes."""

import asyncio
import uuid
from contextlib import suppress

import pytest
from channels.layers import get_channel_layer
from websockets.exceptions import ConnectionClosed

from answers.live import frame_limit
from answers.live.frame_limit import ADDRESS, PERSON, FrameLimit, FrameLimits
from tests.support.services import Redis


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
async def limits():
    limits = FrameLimits()
    yield limits
    await limits.close()


def allowed(rate: FrameLimit, frames: int) -> int:
    return sum(rate.allows_one_more() for _ in range(frames))


async def test_a_burst_is_allowed_and_then_a_few_frames_per_second(clock, limits):
    rate = limits.of_session("alice")
    assert allowed(rate, 1000) == PERSON.burst
    clock.now += 1
    assert allowed(rate, 1000) == PERSON.per_second


async def test_a_session_that_flooded_may_send_again_after_a_while(clock, limits):
    rate = limits.of_session("alice")
    assert allowed(rate, 100_000) == PERSON.burst
    clock.now += 3600
    assert allowed(rate, 1000) == PERSON.burst


async def test_all_sockets_of_a_session_share_one_limit(clock, limits):
    first, second, bob = (limits.of_session(name) for name in ("alice", "alice", "bob"))
    assert allowed(first, 1000) == PERSON.burst
    assert allowed(second, 1000) == 0
    assert allowed(bob, 1000) == PERSON.burst


async def test_a_message_of_another_version_is_not_the_end_of_what_others_report(clock, limits):
    """As while the processes are updated one after the other."""
    rate, layer = limits.of_session("alice"), get_channel_layer()
    [key] = limits._limits
    message = {"type": frame_limit.GROUP, "origin": "another process", "key": key, "frames": PERSON.burst}
    sizes = {"burst": PERSON.burst, "per_second": PERSON.per_second}
    async with asyncio.timeout(20):
        while frame_limit.GROUP not in layer.groups:
            await asyncio.sleep(0.01)
        await layer.group_send(frame_limit.GROUP, message)
        await layer.group_send(frame_limit.GROUP, message | sizes)
        while rate.allows_one_more():
            clock.now += 1  # so that the bucket is full unless somebody else empties it
            await asyncio.sleep(0.01)


async def test_an_address_has_a_limit_of_its_own_and_an_unknown_one_has_none(clock, limits):
    assert allowed(limits.of_address("1.1.1.1"), 1000) == ADDRESS.burst
    assert allowed(limits.of_address("2.2.2.2"), 1) == 1
    assert limits.of_address("") is None


async def test_opening_another_socket_gives_no_fresh_burst(clock, limits):
    rate = limits.of_session("alice")
    allowed(rate, 1000)
    rate.keep_until_full()
    del rate
    assert allowed(limits.of_session("alice"), 1000) == 0


# -- In two processes


def send_until_closed(*sockets, at_most: int) -> int:
    """Send frames on the sockets in turn, each after the reply to the last. Return how many were answered."""
    for sent in range(at_most):
        socket = sockets[sent % len(sockets)]
        try:
            socket.say("answer.stop", answer=str(uuid.uuid4()))
            assert socket.read()["code"] == "not_found"
        except ConnectionClosed:
            return sent
    return at_most


def test_two_processes_allow_a_session_about_as_much_as_one(pair, meet):
    alice, bob = meet(pair.url), meet(pair.url)
    pages = [alice.connect(url) for url in pair.urls]
    sent = send_until_closed(*pages, at_most=3 * PERSON.burst)
    assert PERSON.burst <= sent < 2 * PERSON.burst
    with suppress(ConnectionClosed):  # not yet closed, perhaps, but out of frames too
        assert send_until_closed(*pages[::-1], at_most=PERSON.burst) < PERSON.burst / 2
    other = bob.connect(pair.urls[1])
    assert other.finish(other.ask("And I?"))["status"] == "complete"


def test_without_redis_the_limit_holds_in_each_process(make_site, api_server, meet):
    redis = Redis()
    redis.start()
    try:
        site = make_site(api_server, REDIS_URL=redis.url).start(processes=2)
        alice = meet(site.url)
        pages = [alice.connect(url) for url in site.urls]
        redis.stop()
        for page in pages:
            assert PERSON.burst <= send_until_closed(page, at_most=3 * PERSON.burst) < 2 * PERSON.burst
    finally:
        redis.stop()
