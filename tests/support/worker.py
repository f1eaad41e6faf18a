"""A worker in the test's own process, with a stand-in for the API and a real database."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.utils import timezone

from accounts.models import User
from answers.engine import lease, saver
from answers.engine.runtime import close_runtime, current_runtime
from answers.engine.worker import Worker
from answers.models import Answer, Process, Status
from tests.support.api_server import ApiServer

QUICK_SECONDS = 0.05  # instead of the seconds that the saver waits in production


@pytest.fixture
async def worker(
    settings: Any, api_server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Worker]:
    for module, name in (
        (saver, "SAVE_SECONDS"),
        (saver, "CHECK_SECONDS"),
        (lease, "HEARTBEAT_SECONDS"),
        (lease, "SWEEP_SECONDS"),
        (lease, "GRACE_SECONDS"),
    ):
        monkeypatch.setattr(module, name, QUICK_SECONDS)
    settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = api_server.base_url, "sk-test"
    settings.ASKME_DEMO, settings.ASKME_MODEL = False, "test"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "answers.engine.layers.InMemoryLayer"}}
    yield current_runtime().worker
    api_server.release()
    await close_runtime()


@database_sync_to_async
def save_process(silent_seconds: float = 0, **fields: Any) -> Process:
    """Save another process, whose last heartbeat was this many seconds ago."""
    heartbeat_at = timezone.now() - timedelta(seconds=silent_seconds)
    return Process.objects.create(heartbeat_at=heartbeat_at, **fields)


@database_sync_to_async
def save_question(**fields: Any) -> Answer:
    """Save a question of a new person, for a process that does not run."""
    user = User.objects.create_user(uuid.uuid4().hex)
    row = Answer.objects.ask(user, uuid.uuid4(), "What?", process_id=uuid.uuid4())
    if fields:
        Answer.objects.filter(pk=row.pk).update(**fields)
    return row


@database_sync_to_async
def stored(row: Answer) -> Answer:
    return Answer.objects.get(pk=row.pk)


async def until(row: Answer, condition: Callable[[Answer], Any], seconds: float = 20) -> Answer:
    """Return the row as soon as `condition` holds for it."""
    async with asyncio.timeout(seconds):
        while not condition(found := await stored(row)):
            await asyncio.sleep(0.01)
    return found


async def ended(row: Answer) -> Answer:
    return await until(row, lambda found: Status(found.status).is_end)


async def ask(worker: Worker, **fields: Any) -> Answer:
    row = await save_question(**{"process": worker.process} | fields)
    worker.wake()
    return row


async def settled(worker: Worker) -> None:
    """Wait until the worker holds nothing of any answer."""
    async with asyncio.timeout(20):
        while worker.answers or worker.busy:
            await asyncio.sleep(0.01)
