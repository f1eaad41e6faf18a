"""How late the event loop is, as the heartbeat says."""

import asyncio
import types

import pytest

from answers.engine import loop_lag
from answers.engine.loop_lag import LoopLag
from answers.models import Process
from tests.support.services import wait_for


@pytest.fixture
def clock(monkeypatch):
    clock = types.SimpleNamespace(now=100.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(loop_lag, "time", clock)
    return clock


def test_it_is_the_worst_since_the_last_heartbeat(clock):
    lag = LoopLag()
    assert lag.worst() is None
    lag.expect(0.5)
    for late in (0.1, 0.7, 0.0):
        clock.now += 0.5 + late
        lag.expect(0.5)
    assert lag.worst() == pytest.approx(0.7)
    assert lag.worst() == 0


def test_a_loop_that_hangs_is_late_before_its_timer_runs(clock):
    lag = LoopLag()
    lag.expect(0.5)
    clock.now += 0.4
    assert lag.worst() == 0
    clock.now += 3.0
    assert lag.worst() == pytest.approx(2.9)
    assert lag.worst() == pytest.approx(2.9)


def test_a_process_that_ends_is_not_late(clock):
    lag = LoopLag()
    lag.expect(0.5)
    lag.stop()
    clock.now += 60
    assert lag.worst() is None


@pytest.mark.django_db(transaction=True)
async def test_heartbeats_say_that_the_loop_hangs(worker):
    row = Process.objects.filter(pk=worker.process)
    async with asyncio.timeout(10):
        while not await row.filter(lag_seconds__isnull=False).aexists():
            await asyncio.sleep(0.01)
    # This blocks the loop. The saver's thread writes heartbeats nevertheless.
    wait_for(lambda: row.filter(lag_seconds__gte=0.3).exists(), 10, "the lag is in the heartbeat")
