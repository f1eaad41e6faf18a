"""A worker in the test's own process, with the API stand-in behind it and a real store."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from channels.db import database_sync_to_async

from answers import journal
from answers.completions import Prompt
from answers.models import Answer, Status, User
from answers.running import RunningAnswer
from answers.worker import Worker, close_workers, current_worker
from tests.api_server import ApiServer

JOURNAL_SECONDS = 0.05  # what takes the journal seconds in production


@pytest.fixture
async def worker(
    settings: Any, api_server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Worker]:
    for name in ("SAVE_SECONDS", "HEARTBEAT_SECONDS", "SWEEP_SECONDS", "GRACE_SECONDS"):
        monkeypatch.setattr(journal, name, JOURNAL_SECONDS)
    settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = api_server.base_url, "sk-test"
    settings.ASKME_DEMO, settings.ASKME_MODEL = False, "test"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "answers.layers.InMemoryLayer"}}
    yield current_worker()
    api_server.release()
    await close_workers()


@database_sync_to_async
def save_question(**fields: Any) -> Answer:
    """A new person's question, which no worker knows of."""
    user = User.objects.create_user(uuid.uuid4().hex)
    row = Answer.objects.ask(user, uuid.uuid4(), "What?")
    if fields:
        Answer.objects.filter(pk=row.pk).update(**fields)
    return row


@database_sync_to_async
def stored(row: Answer) -> Answer:
    return Answer.objects.get(pk=row.pk)


async def until(row: Answer, condition: Callable[[Answer], Any], seconds: float = 10) -> Answer:
    """The row as soon as `condition` holds for it."""
    async with asyncio.timeout(seconds):
        while not condition(found := await stored(row)):
            await asyncio.sleep(0.01)
    return found


async def ended(row: Answer) -> Answer:
    return await until(row, lambda found: Status(found.status).is_end)


async def ask(worker: Worker, **fields: Any) -> Answer:
    row = await save_question(**fields)
    worker.ask(RunningAnswer(row.pk, row.user_id, Prompt(row.question)))
    return row


async def settled(worker: Worker) -> None:
    """Nothing is left of any answer."""
    async with asyncio.timeout(5):
        while worker.answers or worker._busy or worker._queue or worker._queue._served:
            await asyncio.sleep(0.01)
