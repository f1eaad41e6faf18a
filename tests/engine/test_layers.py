"""Channel layers: in memory, and over Redis."""

import asyncio

import pytest
from channels.exceptions import ChannelFull

from answers.engine.layers import InMemoryLayer
from answers.engine.redis_layer import RedisLayer
from tests.support.measurements import within
from tests.support.services import Redis


async def receive(layer, channel, seconds=10):
    async with asyncio.timeout(seconds):
        return await layer.receive(channel)


async def subscribed(layer):
    """Wait until Redis has all subscriptions of the layer."""
    async with asyncio.timeout(10):
        while len(layer.bridge._subscribed_to) != len(layer.groups):
            await asyncio.sleep(0.01)


@pytest.fixture(params=["in memory", "Redis"])
async def layer(request):
    if request.param == "in memory":
        made = InMemoryLayer(capacity=10)
    else:
        made = RedisLayer(request.getfixturevalue("redis_url"), prefix="test-layers", capacity=10)
    yield made
    await made.flush()


async def test_a_group_reaches_its_channels_and_no_others(layer):
    first, second, outside = [await layer.new_channel() for _ in range(3)]
    await layer.group_add("answer.1", first)
    await layer.group_add("answer.1", second)
    await layer.group_add("answer.2", outside)
    await layer.group_send("answer.1", {"type": "answer.text", "text": "é"})
    assert await receive(layer, first) == {"type": "answer.text", "text": "é"}
    assert await receive(layer, second) == {"type": "answer.text", "text": "é"}
    await layer.group_send("answer.2", {"type": "last"})
    assert await receive(layer, outside) == {"type": "last"}


async def test_a_channel_that_has_left_gets_nothing(layer):
    channel = await layer.new_channel()
    await layer.group_add("answer.1", channel)
    await layer.group_discard("answer.1", channel)
    await layer.group_discard("answer.1", channel)
    await layer.group_send("answer.1", {"type": "lost"})
    await layer.send(channel, {"type": "direct"})
    assert await receive(layer, channel) == {"type": "direct"}
    assert layer.groups == {}


async def test_a_stuck_channel_loses_its_own_messages_only(layer):
    stuck, reading = await layer.new_channel(), await layer.new_channel()
    await layer.group_add("answer.1", stuck)
    await layer.group_add("answer.1", reading)
    for number in range(30):
        await layer.group_send("answer.1", {"type": "answer.text", "number": number})
        assert (await receive(layer, reading))["number"] == number
    assert [(await receive(layer, stuck))["number"] for _ in range(10)] == list(range(10))
    await layer.send(stuck, {"type": "next"})
    assert await receive(layer, stuck) == {"type": "next"}


async def test_a_full_channel_says_so(layer):
    channel = await layer.new_channel()
    for _ in range(10):
        await layer.send(channel, {"type": "more"})
    with pytest.raises(ChannelFull):
        await layer.send(channel, {"type": "more"})


async def test_a_cancelled_reader_leaves_no_channel_behind(layer):
    channel = await layer.new_channel()
    reader = asyncio.create_task(layer.receive(channel))
    await asyncio.sleep(0)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert channel not in layer.channels


@pytest.mark.parametrize("name", ["", "no spaces", "x" * 101])
async def test_bad_group_names_are_refused(layer, name):
    with pytest.raises(TypeError):
        await layer.group_add(name, await layer.new_channel())


@pytest.fixture
async def two_processes(redis_url):
    """Two layers on one Redis, as in two processes."""
    layers = [RedisLayer(redis_url, prefix="test-two") for _ in range(2)]
    yield layers
    for layer in layers:
        await layer.flush()


async def test_groups_cross_processes_once_and_in_order(two_processes):
    here, there = two_processes
    near, far = await here.new_channel(), await there.new_channel()
    await here.group_add("answer.1", near)
    await there.group_add("answer.1", far)
    await subscribed(here)
    await subscribed(there)
    for number in range(2000):
        await here.group_send("answer.1", {"type": "answer.text", "number": number})
        assert (await receive(here, near))["number"] == number
        if number % 100 == 99:  # within the channel's capacity
            got = [(await receive(there, far))["number"] for _ in range(100)]
            assert got == list(range(number - 99, number + 1))
    await there.group_send("answer.1", {"type": "reply"})
    assert await receive(here, near) == {"type": "reply"}  # so its own messages did not come back from Redis


@pytest.mark.timed
async def test_without_redis_the_own_process_misses_nothing_and_the_layer_recovers():
    redis = Redis()
    redis.start()
    here, there = [RedisLayer(redis.url, prefix="test-away") for _ in range(2)]
    near, far = await here.new_channel(), await there.new_channel()
    await here.group_add("answer.1", near)
    await there.group_add("answer.1", far)
    await subscribed(there)
    try:
        redis.stop()
        with within(1):
            late = await there.new_channel()
            await there.group_add("answer.2", late)  # joins while Redis is away
            for number in range(100):
                await here.group_send("answer.1", {"type": "answer.text", "number": number})
                assert (await receive(here, near))["number"] == number
        redis.start()
        for group, channel in (("answer.1", far), ("answer.2", late)):
            arrived = asyncio.create_task(there.receive(channel))
            async with asyncio.timeout(30):
                while not arrived.done():
                    await here.group_send(group, {"type": "back", "group": group})
                    await asyncio.wait([arrived], timeout=0.1)
            message = arrived.result()
            while message["type"] != "back":  # messages that the short outage did not lose
                message = await receive(there, channel)
            assert message["group"] == group
    finally:
        await here.flush()
        await there.flush()
        redis.stop()


async def listens_to(layer, *groups):
    """Wait until this is all that Redis sends to the layer's process."""
    names = {layer.bridge._name(group).encode() for group in groups}
    async with asyncio.timeout(20):
        while layer.bridge._pubsub.channels.keys() != names:
            await asyncio.sleep(0.01)


async def test_an_error_that_nobody_expects_does_not_end_the_subscriptions(two_processes, monkeypatch):
    layer, _ = two_processes
    channel = await layer.new_channel()
    await layer.group_add("answer.1", channel)
    await subscribed(layer)
    unsubscribe, failures = layer.bridge.unsubscribe, [KeyError("answer.1")]

    async def fail_once(name):
        if failures:
            raise failures.pop()
        await unsubscribe(name)

    monkeypatch.setattr(layer.bridge, "unsubscribe", fail_once)
    await layer.group_add("answer.2", channel)
    await layer.group_discard("answer.1", channel)
    await listens_to(layer, "answer.2")
    assert not failures


async def test_groups_that_are_left_while_redis_is_away_are_forgotten():
    redis = Redis()
    redis.start()
    layer = RedisLayer(redis.url, prefix="test-left")
    channel = await layer.new_channel()
    for group in ("answer.1", "answer.2"):
        await layer.group_add(group, channel)
    await subscribed(layer)
    try:
        redis.stop()
        async with asyncio.timeout(10):
            while not layer.is_away:
                await asyncio.sleep(0.01)
        await layer.group_discard("answer.1", channel)
        redis.start()
        await listens_to(layer, "answer.2")
    finally:
        await layer.flush()
        redis.stop()
