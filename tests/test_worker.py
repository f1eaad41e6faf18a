"""The worker and its journal in one process, with the API stand-in and a real store."""

import asyncio
import sqlite3
import uuid
from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from django.db import connection
from django.utils import timezone

from answers import journal
from answers.completions import Prompt
from answers.models import Answer, Status
from answers.relay import group_name
from answers.running import RunningAnswer
from answers.worker import close_workers
from tests.api_server import numbered, stall
from tests.worker import ask, ended, save_question, settled, stored, until

pytestmark = pytest.mark.django_db(transaction=True)


async def test_the_row_is_there_before_the_api_is_asked_and_tells_all_at_the_end(worker, api_server):
    seen = []

    def look(exchange):
        with sqlite3.connect(connection.settings_dict["NAME"]) as store:
            seen.extend(store.execute("SELECT question FROM answers_answer"))
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
    async with asyncio.timeout(5):
        while worker.answers:  # the loop hears of the save a moment after the store has it
            await asyncio.sleep(0.01)


async def test_text_is_saved_while_it_comes_and_the_heartbeat_with_it(worker, api_server):
    api_server.behaviour = stall(["So far. "])
    row = await ask(worker)
    first = await until(row, lambda row: row.text == "So far. ")
    assert (first.status, first.model) == ("running", "test")
    await until(row, lambda row: row.heartbeat_at > first.heartbeat_at)


async def test_the_end_is_saved_before_it_is_told(worker, api_server):
    row = await save_question()
    channel = await worker.relay.layer.new_channel()
    await worker.relay.layer.group_add(group_name(row.pk), channel)
    api_server.behaviour = numbered(50)
    worker.ask(RunningAnswer(row.pk, row.user_id, Prompt(row.question)))
    async with asyncio.timeout(10):
        while (await worker.relay.layer.receive(channel))["type"] != "answer.finished":
            pass
    assert (await stored(row)).status == "complete"


async def test_an_error_is_stored_for_both_its_readers(worker, api_server):
    api_server.behaviour = lambda exchange: exchange.reply(404, {"error": {"message": "no such model"}})
    row = await ended(await ask(worker))
    assert (row.status, row.error_code) == ("failed", "not_configured")
    assert "no such model" in row.error_detail
    assert "no such model" not in row.error_message


async def test_a_fault_of_ours_still_ends_the_answer(worker, api_server, monkeypatch, caplog):
    monkeypatch.setattr("answers.completions.client.Completion.__next__", lambda self: 1 / 0)
    row = await ended(await ask(worker))
    assert (row.status, row.error_code) == ("failed", "internal")
    assert "ZeroDivisionError" in caplog.text


async def test_a_stop_requested_in_the_store_stops_within_a_second(worker, api_server):
    api_server.behaviour = stall(["So far. "])
    row = await ask(worker)
    exchange = await asyncio.to_thread(api_server.wait_for_requests, 1)
    await until(row, lambda row: row.text)
    assert await database_sync_to_async(Answer.objects.request_stop)(row.user, row.pk)
    assert await asyncio.to_thread(exchange.closed.wait, 1)
    assert (await ended(row)).status == "stopped"


async def test_an_answer_that_somebody_else_ended_is_no_longer_run(worker, api_server):
    api_server.behaviour = stall(["So far. "])
    row = await ask(worker)
    exchange = await asyncio.to_thread(api_server.wait_for_requests, 1)
    await until(row, lambda row: row.text)
    await database_sync_to_async(Answer.objects.filter(pk=row.pk).update)(status=Status.INTERRUPTED)
    exchange.chunk("More. ")
    assert await asyncio.to_thread(exchange.closed.wait, 5)
    async with asyncio.timeout(5):
        while worker.answers:
            await asyncio.sleep(0.01)
    assert ((await stored(row)).status, (await stored(row)).text) == ("interrupted", "So far. ")


async def test_what_nobody_runs_is_interrupted_with_its_text(worker):
    long_ago = timezone.now() - timedelta(seconds=journal.SILENT_SECONDS + 1)
    row = await save_question(status=Status.RUNNING, text="So far. ", heartbeat_at=long_ago)
    recent = await save_question(status=Status.RUNNING, text="Lives. ")
    swept = await ended(row)
    assert (swept.status, swept.text) == ("interrupted", "So far. ")
    assert (await stored(recent)).status == "running"


async def test_a_store_that_is_locked_for_a_while_holds_nobody_up(worker, api_server):
    api_server.behaviour = stall(["One. "])
    row = await ask(worker)
    await until(row, lambda row: row.text == "One. ")
    store = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    store.execute("BEGIN IMMEDIATE")
    api_server.requests[0].chunk("Two. ")
    async with asyncio.timeout(5):
        while worker.answers[row.pk].text != "One. Two. ":
            await asyncio.sleep(0.01)
    store.execute("ROLLBACK")
    store.close()
    assert (await until(row, lambda row: row.text == "One. Two. ")).status == "running"


async def test_closing_interrupts_and_saves_what_runs(worker, api_server):
    api_server.behaviour = stall(["So far. "])
    row = await ask(worker)
    async with asyncio.timeout(5):
        while not worker.answers[row.pk].text:
            await asyncio.sleep(0.01)
    await close_workers()
    assert ((await stored(row)).status, (await stored(row)).text) == ("interrupted", "So far. ")
    assert await asyncio.to_thread(api_server.requests[0].closed.wait, 1)


async def test_one_person_runs_only_so_many_at_once(worker, api_server, settings):
    api_server.behaviour = stall(["…"])
    user = (await save_question()).user
    for number in range(5):
        row = await database_sync_to_async(Answer.objects.ask)(user, uuid.uuid4(), f"{number}")
        worker.ask(RunningAnswer(row.pk, user.pk, Prompt(row.question)))
    await asyncio.to_thread(api_server.wait_for_requests, 3)
    other = await ask(worker)
    await asyncio.to_thread(api_server.wait_for_requests, 4)
    started = [one.prompt.question for one in worker.answers.values() if one.started_at]
    assert started == ["0", "1", "2", "What?"]
    # Three start in one moment: which of them reaches the API first is chance.
    assert sorted(exchange.question for exchange in api_server.requests) == started
    worker.stop(other.pk)
    api_server.release()
    await asyncio.to_thread(api_server.wait_for_requests, 6)


async def test_an_answer_for_which_there_is_no_thread_fails_and_the_next_one_runs(worker, monkeypatch):
    submit = worker._threads.submit

    def no_thread(*arguments):
        monkeypatch.setattr(worker._threads, "submit", submit)
        submit(*arguments)  # as ThreadPoolExecutor does: it keeps the work, then raises
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(worker._threads, "submit", no_thread)
    first = await ended(await ask(worker))
    assert (first.status, first.error_code) == ("failed", "internal")
    assert (await ended(await ask(worker))).status == "complete"
    await settled(worker)


async def test_an_answer_for_which_there_is_no_model_fails_and_the_next_one_runs(worker, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr("answers.upstream._endpoint", lambda: 1 / 0)
        first = await ended(await ask(worker))
    assert (first.status, first.error_code) == ("failed", "internal")
    assert (await ended(await ask(worker))).status == "complete"
    await settled(worker)
