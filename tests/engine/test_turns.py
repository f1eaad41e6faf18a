"""Turns: a few at a time, and the keys take turns."""

import asyncio

import pytest
from django.db import OperationalError

from answers.engine import database_thread
from answers.engine.database_thread import DatabaseThread
from answers.engine.turns import AT_ONCE, Turns


class Queue:
    """Callers who take a turn each, and hold it until they are released."""

    def __init__(self) -> None:
        self.turns = Turns(DatabaseThread())
        self.order: list[str] = []
        self.held: list[asyncio.Event] = []

    async def call(self, key: str) -> None:
        async with self.turns.turn(key):
            self.order.append(key)
            self.held.append(over := asyncio.Event())
            await over.wait()

    def start(self, *keys: str) -> list[asyncio.Task]:
        return [asyncio.create_task(self.call(key)) for key in keys]

    async def release(self) -> None:
        self.held.pop(0).set()
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.fixture
def queue():
    return Queue()


async def test_a_few_go_on_at_once_and_the_others_take_turns_by_key(queue):
    tasks = queue.start(*"a" * AT_ONCE, "b", "b", "b", "c", "b", "d")
    await asyncio.sleep(0)
    assert queue.order == ["a"] * AT_ONCE
    while queue.held:
        await queue.release()
    await asyncio.gather(*tasks)
    assert queue.order[AT_ONCE:] == ["b", "c", "d", "b", "b", "b"]


async def test_who_gives_up_passes_no_turn_on_to_nobody(queue, monkeypatch):
    first = queue.start(*"a" * AT_ONCE)
    await asyncio.sleep(0)
    with monkeypatch.context() as impatient:
        impatient.setattr(database_thread, "TIMEOUT_SECONDS", 0.01)  # in which the thread does nothing
        with pytest.raises(OperationalError):
            await queue.call("b")
    gone, last = queue.start("c", "d")
    await asyncio.sleep(0)
    gone.cancel()
    await queue.release()
    assert queue.order[AT_ONCE:] == ["d"]
    while queue.held:
        await queue.release()
    await asyncio.gather(*first, last)
    again = queue.start(*"e" * AT_ONCE)
    await asyncio.sleep(0)
    assert len(queue.held) == AT_ONCE  # none was lost
    while queue.held:
        await queue.release()
    await asyncio.gather(*again)


async def test_a_turn_that_comes_as_its_caller_is_cancelled_goes_to_the_next(queue):
    first = queue.start(*"a" * AT_ONCE)
    await asyncio.sleep(0)
    gone, last = queue.start("b", "c")
    await asyncio.sleep(0)
    queue.held.pop(0).set()
    first[0].add_done_callback(lambda task: gone.cancel())  # after it has got its turn
    for _ in range(10):
        await asyncio.sleep(0)
    assert gone.cancelled()
    assert queue.order[AT_ONCE:] in (["c"], ["b", "c"])
    while queue.held:
        await queue.release()
    await asyncio.gather(*first, last)
