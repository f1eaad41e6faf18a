"""A process that is too busy refuses nothing: what a page sends waits its turn, and the page is told."""

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Callable

import pytest
from channels.db import database_sync_to_async
from channels.sessions import CookieMiddleware
from channels.testing import WebsocketCommunicator

from answers.asking import limits
from answers.engine import database_thread, locks
from answers.engine.runtime import current_runtime
from answers.live import handling, session_check
from answers.live.consumer import AnswerConsumer
from answers.models import Answer
from tests.support.accounts import guest_cookie_header
from tests.support.api_server import stall
from tests.support.clock import Clock

PEOPLE = 12

pytestmark = pytest.mark.django_db(transaction=True)


def before_saving(monkeypatch: pytest.MonkeyPatch, wait: Callable[[], object]) -> None:
    """Call this in the database thread for each question."""
    check = limits.check
    monkeypatch.setattr(limits, "check", lambda *args, **options: (wait(), check(*args, **options))[1])


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
    clock, is_told = Clock(monkeypatch, database_thread, locks), threading.Event()

    def take_long() -> None:
        is_told.wait(20)
        time.sleep(0.05)  # so that those who wait look at the clock
        clock.now += 0.06

    before_saving(monkeypatch, take_long)
    monkeypatch.setattr(database_thread, "TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr(handling, "BUSY_SECONDS", 0.2)
    asked = [await ask() for _ in range(PEOPLE)]
    last, _answer = asked[-1]
    assert json.loads((await last.receive_output(20))["text"]) == {"type": "site.busy"}
    is_told.set()
    events = await asyncio.gather(*[replies(page) for page, _answer in asked])
    assert [seen[-1]["type"] for seen in events] == ["answer.queued"] * PEOPLE
    assert await database_sync_to_async(Answer.objects.count)() == PEOPLE
    for page, _answer in asked:
        await page.disconnect()


async def test_a_quick_reply_comes_without_a_notice(worker, monkeypatch):
    monkeypatch.setattr(handling, "BUSY_SECONDS", 20)
    page, answer = await ask()
    assert [event["answer"] for event in await replies(page)] == [answer]
    await page.disconnect()


async def test_a_session_is_not_checked_while_a_question_that_looks_its_user_up_waits(worker, monkeypatch):
    waits, waits_again = [], threading.Event()

    async def wait(self, seconds: float) -> None:
        """The first one ends while the question is being saved, and the next one never."""
        waits.append(seconds)
        if len(waits) > 1:
            waits_again.set()
            await asyncio.Event().wait()
        async with asyncio.timeout(20):
            while not self._consumer.handling.is_under_way:
                await asyncio.sleep(0.01)

    monkeypatch.setattr(session_check.SessionCheck, "_wait", wait)
    checked, require_login = [], session_check.require_login
    monkeypatch.setattr(
        session_check,
        "require_login",
        lambda requester: checked.append(requester) or require_login(requester),
    )
    before_saving(monkeypatch, lambda: waits_again.wait(20))
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
        assert await asyncio.to_thread(exchange.closed.wait, 8)
    finally:
        is_over.set()
        await before
    await page.disconnect()


def test_a_page_that_waits_longer_than_a_ping_stays_connected(make_site, api_server, meet):
    """Until its question is saved, nothing is read from it, and so no reply to Daphne's pings."""
    slow_save = """
        import time
        from answers.asking import limits
        from answers.engine import database_thread
        database_thread.TIMEOUT_SECONDS = 60  # on a slow machine
        check = limits.check
        limits.check = lambda *args, **options: time.sleep(8) or check(*args, **options)
    """
    site = make_site(api_server).start_changed(slow_save, "--ping-interval", "1", "--ping-timeout", "4")
    page = meet(site.url).connect()
    assert page.finish(page.ask("Why?"))["status"] == "complete"
    assert {"type": "site.busy"} in page.events
