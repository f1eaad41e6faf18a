"""A page and the process that runs its answer, with a channel layer between them that a test may disturb."""

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


class Page:
    """What a reader sees. Everything must continue at its position, and there is one end."""

    def __init__(self, layer):
        self.layer = layer
        self.reader = RemoteFollower(layer, self.send)
        self.text = self.reasoning = ""
        self.edition = 0
        self.editions = []  # each one that began
        self.ends = []
        self.end = asyncio.Event()
        self.statuses = []

    async def send(self, event):
        assert not self.ends
        if event["type"] == "answer.text":
            if event.get("edition", 0) != self.edition:
                self.edition, self.text = event.get("edition", 0), ""
                self.editions.append(self.edition)
            assert event["position"] == len(self.text)
            self.text += event["text"]
        elif event["type"] == "answer.reasoning":
            assert event["position"] == len(self.reasoning)
            self.reasoning += event["text"]
        elif event["type"] == "answer.finished":
            self.ends.append(event)
            self.end.set()
        else:
            self.statuses.append(event)

    async def follow_on(self, answer):
        """Follow from where the page is."""
        await self.reader.follow(answer, len(self.text), len(self.reasoning), self.edition)

    async def shows(self, text, reasoning=None):
        async with asyncio.timeout(20):
            while self.text != text or (reasoning is not None and self.reasoning != reasoning):
                await asyncio.sleep(0.005)


class Source:
    """The process that runs the answer: what it collects, its saves and its messages."""

    def __init__(self, layer, row):
        self.layer, self.row = layer, row
        self.answer = RunningAnswer(row, Prompt(row.question))

    async def write(self, *pieces):
        self.answer.incoming.extend(Piece(one) if isinstance(one, str) else one for one in pieces)
        for message in self.answer.collect():
            await self.layer.group_send(group_name(self.row.pk), message)

    def write_unnoticed(self, *pieces):
        """The layer loses these messages."""
        self.answer.incoming.extend(pieces)
        self.answer.collect()

    async def save(self, **fields):
        content = self.answer.content
        fields = {"status": Status.RUNNING} | content.fields() | fields
        await database_sync_to_async(Answer.objects.filter(pk=self.row.pk).update)(**fields)
        self.answer.saved = Saved(content.edition, len(content.text), len(content.reasoning))


class Unreliable:
    """Makes a layer lose, double and delay messages."""

    def __init__(self, layer, seed):
        self.chance = random.Random(seed)
        self.deliver, self.late = layer.deliver, []

    def __call__(self, group, message):
        fate = self.chance.random()
        if fate < 0.3:
            return
        if fate < 0.5:
            self.late.append(message)
            return
        self.deliver(group, message)
        if fate < 0.7:
            self.deliver(group, message)
        if self.late and fate < 0.9:
            self.deliver(group, self.late.pop(self.chance.randrange(len(self.late))))


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


async def dictate(source, chance, pieces, make, *, pauses=(0,)):
    """Write the pieces in random portions, and save now and then. `pauses` between them are in seconds."""
    position = 0
    while position < len(pieces):
        size = chance.randint(1, 40)
        await source.write(make(pieces[position : position + size]))
        position += size
        if chance.random() < 0.2:
            await source.save()
        await asyncio.sleep(chance.choice(pauses))
