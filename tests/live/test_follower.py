"""A follower in another process than its answer, behind layers that lose, double and delay messages."""

import asyncio
import random
import uuid

import pytest
from channels.db import database_sync_to_async

from accounts.models import User
from answers.engine.layers import InMemoryLayer
from answers.engine.relay import group_name
from answers.engine.running_answer import RunningAnswer, Saved
from answers.live import follower as follower_module
from answers.models import Answer, Status
from completions import Piece, Prompt
from tests.support.remote_follower import RemoteFollower

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = "".join(f"{number}é🎈 " for number in range(400))


class Page:
    """What a reader sees. Text must continue at its position, and there is one end."""

    def __init__(self, layer):
        self.layer = layer
        self.reader = RemoteFollower(layer, self.send)
        self.text = ""
        self.ends = []
        self.end = asyncio.Event()
        self.statuses = []

    async def send(self, event):
        if event["type"] == "answer.text":
            assert not self.ends
            assert event["position"] == len(self.text)
            self.text += event["text"]
        elif event["type"] == "answer.finished":
            self.ends.append(event)
            self.end.set()
        else:
            self.statuses.append(event)

    async def shows(self, text):
        async with asyncio.timeout(10):
            while self.text != text:
                await asyncio.sleep(0.005)


class Source:
    """The process that runs the answer: its text, its saves and its messages."""

    def __init__(self, layer, row):
        self.layer, self.row = layer, row
        self.answer = RunningAnswer(row, Prompt(row.question))

    async def write(self, text):
        self.answer.incoming.append(Piece(text))
        for message in self.answer.collect():
            await self.layer.group_send(group_name(self.row.pk), message)

    async def save(self, **fields):
        text = self.answer.content.text
        await database_sync_to_async(self.row.__class__.objects.filter(pk=self.row.pk).update)(
            text=text, **{"status": Status.RUNNING} | fields
        )
        self.answer.saved = Saved(0, len(text), 0)


@pytest.fixture
async def page(monkeypatch):
    monkeypatch.setattr(follower_module, "CHECK_SECONDS", 0.2)
    page = Page(InMemoryLayer())
    yield page
    await page.reader.close()


@database_sync_to_async
def make_row():
    user = User.objects.create_user(uuid.uuid4().hex)
    return Answer.objects.ask(user, uuid.uuid4(), "?")


@pytest.fixture
async def source(page):
    return Source(page.layer, await make_row())


@pytest.mark.parametrize("seed", range(8))
async def test_the_text_is_complete_when_the_layer_loses_doubles_or_delays_messages(
    page, source, seed, monkeypatch
):
    chance = random.Random(seed)
    deliver, late = source.layer.deliver, []

    def unreliable(group, message):
        fate = chance.random()
        if fate < 0.3:
            return
        if fate < 0.5:
            late.append(message)
            return
        deliver(group, message)
        if fate < 0.7:
            deliver(group, message)
        if late and fate < 0.9:
            deliver(group, late.pop(chance.randrange(len(late))))

    monkeypatch.setattr(source.layer, "deliver", unreliable)
    await page.reader.follow(source.row.pk, 0)
    position = 0
    while position < len(TEXT):
        size = chance.randint(1, 40)
        await source.write(TEXT[position : position + size])
        position += size
        if chance.random() < 0.2:
            await source.save()
        await asyncio.sleep(0)
    await source.save(status=Status.COMPLETE, finish_reason="stop")
    async with asyncio.timeout(10):
        await page.end.wait()  # no message was sent at the end: the follower found it in the database
    assert page.text == TEXT
    assert page.ends[0]["length"] == len(TEXT)
    assert len(page.ends) == 1


async def test_a_follower_starts_from_its_position(page, source):
    await source.write("what it has, ")
    await source.save()
    page.text = "what it"
    await page.reader.follow(source.row.pk, len(page.text))
    await page.shows("what it has, ")
    await source.write("what is new")
    await page.shows("what it has, what is new")


async def test_the_batch_after_a_lost_one_catches_up_without_the_database(page, source, monkeypatch):
    await page.reader.follow(source.row.pk, 0)
    await source.write("first ")
    await page.shows("first ")
    source.answer.incoming.append(Piece("lost "))
    source.answer.collect()
    looks = []
    monkeypatch.setattr(follower_module, "read_row", looks.append)
    await source.write("found")
    await page.shows("first lost found")
    assert looks == []


async def test_the_end_of_a_process_that_died_is_noticed(page, source):
    await page.reader.follow(source.row.pk, 0)
    await source.write("shown")
    await page.shows("shown")
    await source.save(status=Status.INTERRUPTED)
    async with asyncio.timeout(10):
        await page.end.wait()
    assert page.ends[0]["status"] == "interrupted"


async def test_a_deleted_answer_is_no_longer_followed(page, source):
    await page.reader.follow(source.row.pk, 0)
    await database_sync_to_async(source.row.delete)()
    async with asyncio.timeout(10):
        await page.reader.task
    assert source.layer.groups == {}


async def test_a_closed_follower_leaves_nothing_behind(page, source):
    await page.reader.follow(source.row.pk, 0)
    await page.reader.close()
    assert source.layer.groups == {}
    await asyncio.sleep(0)
    assert source.layer.channels == {}


async def test_a_status_is_sent_once(page, source):
    await source.save(model="m")
    await page.reader.follow(source.row.pk, 0)
    started = {"type": "answer.started", "answer": str(source.row.pk), "model": "m"}
    await source.layer.group_send(group_name(source.row.pk), started)
    await source.write("x")
    await page.shows("x")
    assert page.statuses == [started]


async def test_closing_a_follower_ends_the_task_that_iterates_over_it(page, source):
    await page.reader.follow(source.row.pk, 0)
    await source.write("So far. ")
    await page.shows("So far. ")
    await page.reader.follower.close()
    async with asyncio.timeout(5):
        await page.reader.task
    assert source.layer.channels == {}
