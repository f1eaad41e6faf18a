"""The pause between two reads follows how busy and how late the process is."""

import asyncio
import time
from itertools import pairwise

import pytest

from answers.engine.pace import FALL_SECONDS, LONGEST_SECONDS, PER_ANSWER_SECONDS, TICK_SECONDS, Pace


class Client:
    def __init__(self):
        self.seconds = 0.0


@pytest.fixture
def client():
    return Client()


@pytest.fixture
async def pace(client):
    pace = Pace(lambda seconds: setattr(client, "seconds", seconds))
    yield pace
    pace.close()


def measure(pace, ticks, *, busy=0.0, late=0.0):
    for _ in range(ticks):
        pace.measure(busy, late)


async def test_a_process_with_time_reads_each_token_as_it_comes(pace, client):
    pace.count(200)
    measure(pace, 50, busy=0.09, late=0.004)
    assert client.seconds == 0


async def test_it_rises_within_a_second_and_is_bounded(pace, client):
    pace.count(200)
    measure(pace, 10, busy=1.0, late=2.0)
    assert client.seconds > 0.9 * LONGEST_SECONDS
    measure(pace, 100, busy=1.0, late=2.0)
    assert client.seconds == LONGEST_SECONDS


async def test_it_falls_slowly_and_back_to_nothing(pace, client):
    pace.count(200)
    measure(pace, 50, busy=1.0)
    seconds = [client.seconds]
    for _ in range(50):
        measure(pace, 1)
        seconds.append(client.seconds)
    assert max(before - after for before, after in pairwise(seconds)) == pytest.approx(FALL_SECONDS)
    assert (seconds[0], seconds[-1]) == (LONGEST_SECONDS, 0)


async def test_lag_alone_is_enough_as_on_a_core_that_others_use(pace, client):
    pace.count(200)
    measure(pace, 20, busy=0.05, late=0.03)
    assert client.seconds > 0.4 * LONGEST_SECONDS


async def test_a_lone_answer_is_not_held_back_and_a_few_are_only_a_little(pace, client):
    pace.count(1)
    measure(pace, 50, busy=1.0, late=1.0)
    assert client.seconds == 0
    pace.count(3)
    measure(pace, 50, busy=1.0, late=1.0)
    assert client.seconds == pytest.approx(2 * PER_ANSWER_SECONDS)


async def test_it_measures_the_process_itself_and_only_while_several_answers_run(pace, client):
    pace.count(100)
    end = time.monotonic() + 20
    while not client.seconds:
        assert time.monotonic() < end
        time.sleep(TICK_SECONDS)  # noqa: ASYNC251 - so that the loop is late
        await asyncio.sleep(0)
    pace.count(1)
    while client.seconds:
        assert time.monotonic() < end
        await asyncio.sleep(TICK_SECONDS)
    pending = [one for one in asyncio.get_running_loop()._scheduled if not one.cancelled()]
    assert not [one for one in pending if getattr(one._callback, "__self__", None) is pace]
