"""A process that is too busy refuses nothing: what a page sends waits its turn, and the page is told."""

import asyncio
import json
import threading
import time
import uuid

import pytest
from channels.db import database_sync_to_async
from channels.sessions import CookieMiddleware
from channels.testing import WebsocketCommunicator

from answers.asking import limits
from answers.engine import database_thread
from answers.engine.runtime import current_runtime
from answers.live import handling, session_check
from answers.live.consumer import AnswerConsumer
from answers.models import Answer
from tests.support.accounts import guest_cookie_header
from tests.support.api_server import stall

PEOPLE = 12

pytestmark = pytest.mark.django_db(transaction=True)


def slow_down(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Each question takes so long to save."""
    check = limits.check
    monkeypatch.setattr(
        limits, "check", lambda *args, **options: time.sleep(seconds) or check(*args, **options)
    )


async def ask() -> tuple[WebsocketCommunicator, str]:
    headers = [(b"cookie", guest_cookie_header())]
    page = WebsocketCommunicator(CookieMiddleware(AnswerConsumer.as_asgi()), "/ws/answers/", headers)
    assert (await page.connect())[0]
    answer = str(uuid.uuid4())
    await page.send_json_to({"type": "question.ask", "answer": answer, "question": "Why?"})
    return page, answer


async def replies(page: WebsocketCommunicator) -> list[dict]:
    """All events up to the first that is about the question."""
    events = []
    async with asyncio.timeout(20):
        while not events or events[-1]["type"] == "site.busy":
            events.append(json.loads((await page.receive_output(20))["text"]))
    return events


async def test_all_questions_of_a_crowd_are_accepted_and_those_that_wait_are_told(worker, monkeypatch):
    """Together they take longer than one of them may."""
    slow_down(monkeypatch, 0.1)
    monkeypatch.setattr(database_thread, "TIMEOUT_SECONDS", 1.0)
    monkeypatch.setattr(handling, "BUSY_SECONDS", 0.2)
    asked = [await ask() for _ in range(PEOPLE)]
    events = await asyncio.gather(*[replies(page) for page, _answer in asked])
    assert [seen[-1]["type"] for seen in events] == ["answer.queued"] * PEOPLE
    assert {"type": "site.busy"} in events[-1]
    assert await database_sync_to_async(Answer.objects.count)() == PEOPLE
    for page, _answer in asked:
        await page.disconnect()


async def test_a_quick_reply_comes_without_a_notice(worker):
    page, answer = await ask()
    assert [event["answer"] for event in await replies(page)] == [answer]
    await page.disconnect()


async def test_a_session_is_not_checked_while_a_question_that_looks_its_user_up_waits(worker, monkeypatch):
    waits = []

    async def wait(self, seconds: float) -> None:
        """The first one ends while the question is being saved, and the next one never."""
        waits.append(seconds)
        async with asyncio.timeout(20):
            while not self._consumer.handling.is_under_way or len(waits) > 1:
                await asyncio.sleep(0.01)

    monkeypatch.setattr(session_check.SessionCheck, "_wait", wait)
    checked, require_login = [], session_check.require_login
    monkeypatch.setattr(
        session_check,
        "require_login",
        lambda requester: checked.append(requester) or require_login(requester),
    )
    slow_down(monkeypatch, 0.5)
    page, _answer = await ask()
    await replies(page)
    assert (checked, waits) == ([], [session_check.FIRST_CHECK_SECONDS, session_check.SESSION_SECONDS])
    await page.disconnect()


async def test_stop_does_not_wait_in_line(worker, api_server):
    """The API is paid for until then."""
    api_server.behaviour = stall(["So far. "])
    page, answer = await ask()
    await replies(page)
    exchange = await asyncio.to_thread(api_server.wait_for_requests, 1)
    is_over = threading.Event()
    before = asyncio.create_task(current_runtime().database.run(lambda: is_over.wait(20)))
    await page.send_json_to({"type": "answer.stop", "answer": answer})
    try:
        assert await asyncio.to_thread(exchange.closed.wait, 5)
    finally:
        is_over.set()
        await before
    await page.disconnect()


def test_a_page_that_waits_longer_than_a_ping_stays_connected(make_site, api_server, meet):
    """Until its question is saved, nothing is read from it, and so no reply to Daphne's pings."""
    slow_save = """
        import time
        from answers.asking import limits
        check = limits.check
        limits.check = lambda *args, **options: time.sleep(6) or check(*args, **options)
    """
    site = make_site(api_server).start_changed(slow_save, "--ping-interval", "1", "--ping-timeout", "1")
    page = meet(site.url).connect()
    assert page.finish(page.ask("Why?"))["status"] == "complete"
    assert {"type": "site.busy"} in page.events
