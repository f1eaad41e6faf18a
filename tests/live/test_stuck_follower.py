"""A follower whose database fails or whose page does not read still gets all text, and leaves nothing."""

import asyncio

import pytest
from channels.db import database_sync_to_async
from django.db import OperationalError

from answers.engine.layers import InMemoryLayer
from answers.engine.relay import group_name
from answers.live import follower as follower_module
from answers.models import Answer, Status
from tests.support.remote_follower import RemoteFollower
from tests.support.worker import save_question

pytestmark = pytest.mark.django_db(transaction=True)


class Page:
    """A page in another process than its answer."""

    def __init__(self):
        self.layer = InMemoryLayer(capacity=5)
        self.reader = RemoteFollower(self.layer, self.send)
        self.text, self.end = "", asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()

    async def send(self, event):
        await self.reads.wait()
        self.text += event.get("text", "")
        if event["type"] == "answer.finished":
            self.end.set()


@pytest.fixture
async def page(monkeypatch):
    monkeypatch.setattr(follower_module, "CHECK_SECONDS", 0.02)
    page = Page()
    yield page
    await page.reader.close()


async def test_a_follower_checks_again_after_the_database_has_failed(page, monkeypatch):
    failed = asyncio.Event()

    async def fail(answer, position, **options):
        failed.set()
        raise OperationalError("gone")

    saved = await save_question(status=Status.RUNNING)
    with monkeypatch.context() as broken:
        broken.setattr(follower_module, "read_row", fail)
        await page.reader.follow(saved.pk, 0)
        async with asyncio.timeout(20):
            await failed.wait()  # as it starts to follow
            failed.clear()
            await failed.wait()  # at a later check
    await save_end(saved)
    async with asyncio.timeout(20):
        await page.end.wait()
    assert page.text == "All of it."


@database_sync_to_async
def save_end(saved):
    Answer.objects.filter(pk=saved.pk).update(status=Status.COMPLETE, text="All of it.")


async def test_a_reader_that_was_stuck_has_the_whole_text_at_the_end(page):
    saved = await save_question(status=Status.RUNNING)
    await page.reader.follow(saved.pk, 0)
    page.reads.clear()
    group = group_name(saved.pk)
    for _ in range(10):  # more than its channel holds
        await page.layer.group_send(
            group, {"type": "answer.text", "answer": str(saved.pk), "position": 0, "text": "All"}
        )
        await asyncio.sleep(0)
    await save_end(saved)
    [queue] = page.layer.channels.values()
    async with asyncio.timeout(20):
        while not queue.full():
            await page.layer.group_send(
                group, {"type": "answer.text", "answer": str(saved.pk), "position": 0, "text": "All"}
            )
            await asyncio.sleep(0)
    await asyncio.sleep(0.1)  # the follower checks the database a few times meanwhile
    page.reads.set()
    async with asyncio.timeout(20):
        await page.end.wait()
    assert page.text == "All of it."


async def test_a_reader_that_disconnects_while_it_is_stuck_leaves_nothing_behind(page):
    saved = await save_question(status=Status.RUNNING, text="So far. ")
    page.reads.clear()
    await page.reader.follow(saved.pk, 0)
    async with asyncio.timeout(20):
        while any(not queue.empty() for queue in page.layer.channels.values()):
            await asyncio.sleep(0.01)
    await page.reader.close()
    await asyncio.sleep(0.1)
    assert page.layer.channels == {}
    assert page.layer.groups == {}
