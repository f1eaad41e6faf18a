"""Strangers hold a turn at the database thread only while they use it, not while their page does not read."""

import asyncio
import json
import uuid

import pytest
from channels.db import database_sync_to_async
from channels.sessions import CookieMiddleware

from answers.engine.runtime import current_runtime
from answers.engine.turns import AT_ONCE
from answers.live.consumer import AnswerConsumer
from answers.models import Answer
from tests.support.accounts import guest_cookie_header


class StuckPage:
    """A page that asks one question and reads nothing."""

    def __init__(self) -> None:
        question = {"type": "question.ask", "answer": str(uuid.uuid4()), "question": "Why?"}
        self.messages: asyncio.Queue[dict] = asyncio.Queue()
        self.messages.put_nowait({"type": "websocket.connect"})
        self.messages.put_nowait({"type": "websocket.receive", "text": json.dumps(question)})
        self.is_stuck = asyncio.Event()
        scope = {"type": "websocket", "path": "/", "headers": [(b"cookie", guest_cookie_header())]}
        application = CookieMiddleware(AnswerConsumer.as_asgi())
        self.task = asyncio.create_task(application(scope, self.messages.get, self.send))

    async def send(self, message: dict) -> None:
        if message["type"] == "websocket.send":
            self.is_stuck.set()
            await asyncio.Event().wait()

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])


@pytest.mark.django_db(transaction=True)
async def test_pages_that_do_not_read_hold_no_turns(worker):
    pages = [StuckPage() for _ in range(AT_ONCE)]
    async with asyncio.timeout(20):
        for page in pages:
            await page.is_stuck.wait()
    assert await database_sync_to_async(Answer.objects.count)() == AT_ONCE
    async with asyncio.timeout(20), current_runtime().turns.turn("somebody else"):
        pass
    for page in pages:
        await page.close()
