"""The worker in one process, with the API stand-in and a real database."""

import asyncio
import sqlite3
import threading
import uuid

import pytest
from channels.db import database_sync_to_async
from django.db import OperationalError, connection

import answers
from answers.engine.relay import group_name
from answers.engine.runtime import close_runtime
from answers.models import Answer, Process
from tests.support.api_behaviours import Dictation
from tests.support.api_server import numbered, stall
from tests.support.worker import ask, ended, save_question, settled, stored

pytestmark = pytest.mark.django_db(transaction=True)


async def test_the_row_exists_before_the_api_is_asked_and_is_complete_at_the_end(worker, api_server):
    seen = []

    def look(exchange):
        with sqlite3.connect(connection.settings_dict["NAME"]) as database:
            seen.extend(database.execute("SELECT question FROM answers_answer"))
        exchange.head()
        exchange.chunk("Because.")
        exchange.finish("stop", {"prompt_tokens": 5, "completion_tokens": 2})

    api_server.behaviour = look
    row = await ended(await ask(worker))
    assert seen == [("What?",)]
    assert (row.status, row.text, row.finish_reason, row.model) == (
        "complete",
        "Because.",
        "stop",
        "stand-in",
    )
    assert (row.prompt_tokens, row.completion_tokens) == (5, 2)
    assert row.asked_at <= row.started_at <= row.finished_at
    assert 0 < row.first_text_seconds <= row.seconds
    assert row.error_code == row.error_message == row.error_detail == ""
    async with asyncio.timeout(20):
        while worker.answers:  # the loop is notified a moment after the save
            await asyncio.sleep(0.01)


async def test_the_end_is_saved_before_it_is_sent(worker, api_server):
    row = await save_question(process=worker.process)
    channel = await worker.relay.layer.new_channel()
    await worker.relay.layer.group_add(group_name(row.pk), channel)
    api_server.behaviour = numbered(50)
    worker.wake()
    async with asyncio.timeout(20):
        while (await worker.relay.layer.receive(channel))["type"] != "answer.finished":
            pass
    assert (await stored(row)).status == "complete"


async def test_an_error_is_stored_with_a_sentence_and_with_detail(worker, api_server):
    api_server.behaviour = lambda exchange: exchange.reply(404, {"error": {"message": "no such model"}})
    row = await ended(await ask(worker))
    assert (row.status, row.error_code) == ("failed", "not_configured")
    assert "no such model" in row.error_detail
    assert "no such model" not in row.error_message


async def test_an_internal_error_still_ends_the_answer(worker, api_server, monkeypatch, caplog):
    monkeypatch.setattr("completions.client.Completion.pieces", lambda self: 1 / 0)
    row = await ended(await ask(worker))
    assert (row.status, row.error_code) == ("failed", "internal")
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("name", ["of", "of_error"])
async def test_an_outcome_that_cannot_be_made_still_ends_the_answer(
    worker, api_server, monkeypatch, caplog, name
):
    """It is made where errors are handled already, and the place of the answer must not be lost there."""
    if name == "of_error":
        api_server.behaviour = lambda exchange: exchange.reply(404, {})
    with monkeypatch.context() as broken:
        broken.setattr(f"answers.engine.worker.Outcome.{name}", lambda *arguments: 1 / 0)
        row = await ended(await ask(worker))
    assert (row.status, row.error_code) == ("failed", "internal")
    assert "ZeroDivisionError" in caplog.text
    await settled(worker)


async def test_closing_interrupts_and_saves_running_answers(worker, api_server):
    api_server.behaviour = stall(["So far. "])
    row = await ask(worker)
    async with asyncio.timeout(20):
        while row.pk not in worker.answers or not worker.answers[row.pk].content.text:
            await asyncio.sleep(0.01)
    await close_runtime()
    assert ((await stored(row)).status, (await stored(row)).text) == ("interrupted", "So far. ")
    assert await asyncio.to_thread(api_server.requests[0].closed.wait, 15)


async def test_nothing_begins_anew_after_the_end(worker, api_server):
    """As when a download keeps the process alive, and a question comes on another connection."""
    row = await save_question()
    await close_runtime()
    with pytest.raises(OperationalError, match="shutting down"):
        await answers.ask(row.user, "One more?")
    assert await database_sync_to_async(Answer.objects.count)() == 1
    assert not await database_sync_to_async(Process.objects.exists)()
    assert "saver" not in {thread.name for thread in threading.enumerate()}


async def test_a_person_runs_only_a_few_answers_at_once(worker, api_server, settings):
    api_server.behaviour = stall(["…"])
    user = (await save_question()).user
    for number in range(5):
        ask_one = database_sync_to_async(Answer.objects.ask)
        await ask_one(user, uuid.uuid4(), f"{number}", turn=number, process_id=worker.process)
    worker.wake()
    await asyncio.to_thread(api_server.wait_for_requests, 3)
    other = await ask(worker)
    await asyncio.to_thread(api_server.wait_for_requests, 4)
    started = [one.prompt.question for one in worker.answers.values()]
    assert started == ["0", "1", "2", "What?"]
    # Three start at the same moment, and any of them may reach the API first.
    assert sorted(exchange.question for exchange in api_server.requests) == started
    worker.stop(other.pk)
    api_server.release()
    await asyncio.to_thread(api_server.wait_for_requests, 6)


async def test_an_answer_without_a_thread_fails_and_the_next_one_runs(worker, api_server, monkeypatch):
    # If a thread becomes free, it must not be quicker than the failure.
    api_server.when("no thread", Dictation())
    submit = worker._threads.pool.submit

    def no_thread(*arguments):
        monkeypatch.setattr(worker._threads.pool, "submit", submit)
        submit(*arguments)  # like ThreadPoolExecutor, which keeps the work and then raises
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(worker._threads.pool, "submit", no_thread)
    first = await ended(await ask(worker, question="Is there no thread?"))
    assert (first.status, first.error_code) == ("failed", "internal")
    assert (await ended(await ask(worker))).status == "complete"
    await settled(worker)


async def test_an_answer_without_an_endpoint_fails_and_the_next_one_runs(worker, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr("answers.engine.provider._endpoint", lambda *arguments: 1 / 0)
        first = await ended(await ask(worker))
    assert (first.status, first.error_code) == ("failed", "internal")
    assert (await ended(await ask(worker))).status == "complete"
    await settled(worker)
