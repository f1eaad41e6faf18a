"""A follower whose store fails, or whose page does not read: whole in the end, and nothing is left of it."""

import asyncio
from types import SimpleNamespace

import pytest
from channels.db import database_sync_to_async
from django.db import OperationalError

from answers import follower as follower_module
from answers.follower import Follower
from answers.layers import InMemoryLayer
from answers.models import Answer, Status
from answers.relay import group_name
from tests.worker import save_question

pytestmark = pytest.mark.django_db(transaction=True)


class Reader:
    """Follows in another process than its answer's."""

    def __init__(self):
        self.layer = InMemoryLayer(capacity=5)
        elsewhere = SimpleNamespace(answers={}, relay=SimpleNamespace(layer=self.layer))
        self.follower = Follower(elsewhere, self.send)
        self.text, self.end = "", asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()

    async def send(self, event):
        await self.reads.wait()
        self.text += event.get("text", "")
        if event["type"] == "answer.finished":
            self.end.set()


@pytest.fixture
async def reader(monkeypatch):
    monkeypatch.setattr(follower_module, "QUIET_SECONDS", 0.02)
    reader = Reader()
    await reader.follower.open()
    yield reader
    await reader.follower.close()


async def test_a_follower_looks_again_after_the_store_has_failed(reader, monkeypatch):
    failed = asyncio.Event()

    async def fail(answer, position):
        failed.set()
        raise OperationalError("gone")

    saved = await save_question(status=Status.RUNNING)
    with monkeypatch.context() as broken:
        broken.setattr(follower_module, "_row", fail)
        await reader.follower.follow(saved.pk, 0)
        async with asyncio.timeout(5):
            await failed.wait()  # as it began to follow
            failed.clear()
            await failed.wait()  # at a look
    await save_end(saved)
    async with asyncio.timeout(5):
        await reader.end.wait()
    assert reader.text == "All of it."


@database_sync_to_async
def save_end(saved):
    Answer.objects.filter(pk=saved.pk).update(status=Status.COMPLETE, text="All of it.")


async def test_a_reader_that_was_stuck_is_whole_in_the_end(reader):
    saved = await save_question(status=Status.RUNNING)
    await reader.follower.follow(saved.pk, 0)
    reader.reads.clear()
    group = group_name(saved.pk)
    for _ in range(10):  # until its channel is full, and after
        await reader.layer.group_send(
            group, {"type": "answer.text", "answer": str(saved.pk), "position": 0, "text": "All"}
        )
        await asyncio.sleep(0)
    await save_end(saved)
    [queue] = reader.layer.channels.values()
    async with asyncio.timeout(5):
        while not queue.full():
            await reader.layer.group_send(
                group, {"type": "answer.text", "answer": str(saved.pk), "position": 0, "text": "All"}
            )
            await asyncio.sleep(0)
    await asyncio.sleep(0.1)  # some looks come while it is
    reader.reads.set()
    async with asyncio.timeout(5):
        await reader.end.wait()
    assert reader.text == "All of it."


async def test_a_reader_that_leaves_while_it_is_stuck_leaves_nothing_behind(reader):
    saved = await save_question(status=Status.RUNNING, text="So far. ")
    reader.reads.clear()
    await reader.follower.follow(saved.pk, 0)
    async with asyncio.timeout(5):
        while any(not queue.empty() for queue in reader.layer.channels.values()):
            await asyncio.sleep(0.01)
    await reader.follower.close()
    await asyncio.sleep(0.1)
    assert reader.layer.channels == {}
    assert reader.layer.groups == {}
