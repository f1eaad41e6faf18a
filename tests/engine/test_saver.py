"""The saver saves text as it arrives. A database that refuses, fails or is locked delays nothing."""

import asyncio
import sqlite3
import threading
import time
import uuid
from itertools import groupby
from types import SimpleNamespace

import pytest
from channels.db import database_sync_to_async
from django.db import OperationalError, connection

from accounts.models import User
from answers.engine import lease, saver
from answers.engine.lease import ENDS_AT_ONCE
from answers.models import Answer, AnswerQuerySet, Process, Status
from answers.models.process import ProcessQuerySet
from tests.support.api_behaviours import Dictation
from tests.support.api_server import stall
from tests.support.worker import ask, ended, save_process, stored, until

pytestmark = pytest.mark.django_db(transaction=True)


async def test_text_is_saved_and_the_heartbeat_renewed_while_an_answer_runs(worker, api_server):
    api_server.behaviour = stall(["So far. "])
    row = await ask(worker)
    first = await until(row, lambda row: row.text == "So far. ")
    assert (first.status, first.model) == ("running", "test")

    @database_sync_to_async
    def renewed():
        return Process.objects.get(pk=worker.process)

    process = await renewed()
    assert first.process_id == process.pk
    async with asyncio.timeout(20):
        while (
            await database_sync_to_async(Process.objects.get)(pk=process.pk)
        ).heartbeat_at <= process.heartbeat_at:
            await asyncio.sleep(0.01)


async def test_the_heartbeat_does_not_wait_until_hundreds_of_ends_are_saved(worker, api_server, monkeypatch):
    """Or another process would interrupt all answers of this one, which is alive but busy."""
    api_server.behaviour = stall(["So far. "])
    rows = [await ask(worker) for _ in range(2 * ENDS_AT_ONCE + 5)]
    await asyncio.to_thread(api_server.wait_for_requests, len(rows))
    steps, finish, renew = [], AnswerQuerySet.finish, ProcessQuerySet.renew

    def slow_finish(self, *args, **fields):
        steps.append("end")
        time.sleep(0.05)
        return finish(self, *args, **fields)

    def noted_renew(self, *args, **fields):
        steps.append("heartbeat")
        return renew(self, *args, **fields)

    monkeypatch.setattr(AnswerQuerySet, "finish", slow_finish)
    monkeypatch.setattr(ProcessQuerySet, "renew", noted_renew)
    api_server.release()
    assert {(await ended(row)).status for row in rows} == {"complete"}
    assert max(len(list(group)) for step, group in groupby(steps) if step == "end") <= ENDS_AT_ONCE


@pytest.mark.parametrize("whose", ["its own", "a dead process's"])
async def test_text_is_saved_while_many_answers_end(worker, api_server, monkeypatch, whose):
    """And stop requests are read then."""
    api_server.behaviour = stall(["So far. "])
    api_server.when("fed", feed := Dictation())
    row = await ask(worker, question="Is it fed?")
    await asyncio.to_thread(api_server.wait_for_requests, 1)
    number = 3 * ENDS_AT_ONCE
    if whose == "its own":
        for _ in range(number):
            await ask(worker)
        await asyncio.to_thread(api_server.wait_for_requests, number + 1)
    calls, finish = [], AnswerQuerySet.finish
    has_begun, has_been_said, may_go_on = (threading.Event() for _ in range(3))

    def slow_finish(self, *args, **fields):
        calls.append(args)
        if len(calls) == 1:
            has_begun.set()
            has_been_said.wait(20)
            time.sleep(saver.SAVE_SECONDS)  # so that running answers are due with the next portion
        if len(calls) > 2 * ENDS_AT_ONCE:
            may_go_on.wait(20)
        return finish(self, *args, **fields)

    monkeypatch.setattr(AnswerQuerySet, "finish", slow_finish)
    if whose == "its own":
        api_server.release()
    else:
        dead = await save_process(lease.SILENT_SECONDS + 1)
        await save_running(dead, number)
    assert await asyncio.to_thread(has_begun.wait, 20)
    feed.say("And on. ")
    async with asyncio.timeout(20):
        while worker.answers[row.pk].content.text != "And on. ":
            await asyncio.sleep(0.01)
    has_been_said.set()
    try:
        await until(row, lambda row: row.text == "And on. ")
    finally:
        may_go_on.set()
        feed.end()
    assert (await ended(row)).status == "complete"
    async with asyncio.timeout(20):
        while await database_sync_to_async(Answer.objects.unfinished().exists)():
            await asyncio.sleep(0.01)


@database_sync_to_async
def save_running(process: Process, number: int) -> None:
    user = User.objects.create_user("somebody else")
    fields = {"user": user, "question": "?", "status": Status.RUNNING, "process_id": process.pk}
    Answer.objects.bulk_create(Answer(thread=uuid.uuid4(), **fields) for _ in range(number))


async def test_a_database_that_is_away_is_tried_at_the_usual_pace(worker, monkeypatch):
    monkeypatch.setattr(saver, "SAVE_SECONDS", 0.1)
    tries, enough = [], threading.Event()

    def fail(self, *args, **fields):
        tries.append(time.monotonic())
        if len(tries) == 10:
            enough.set()
        raise OperationalError("gone")

    monkeypatch.setattr(ProcessQuerySet, "renew", fail)
    assert await asyncio.to_thread(enough.wait, 20)
    assert tries[9] - tries[1] > 0.7  # 8 pauses


async def test_a_stop_requested_in_the_database_works_at_the_next_save(worker, api_server, monkeypatch):
    monkeypatch.setattr(saver, "CHECK_SECONDS", 1_000)
    api_server.behaviour = stall(["So far. "])
    row = await ask(worker)
    exchange = await asyncio.to_thread(api_server.wait_for_requests, 1)
    await until(row, lambda row: row.text)
    assert await database_sync_to_async(Answer.objects.request_stop)(row.user, row.pk)
    assert await asyncio.to_thread(exchange.closed.wait, 15)
    assert (await ended(row)).status == "stopped"


async def test_an_answer_that_another_process_ended_is_no_longer_run(worker, api_server, monkeypatch):
    monkeypatch.setattr(saver, "CHECK_SECONDS", 1_000)  # the next save finds it
    api_server.behaviour = stall(["So far. "])
    row = await ask(worker)
    exchange = await asyncio.to_thread(api_server.wait_for_requests, 1)
    await until(row, lambda row: row.text)
    await database_sync_to_async(Answer.objects.filter(pk=row.pk).update)(status=Status.INTERRUPTED)
    exchange.chunk("More. ")
    assert await asyncio.to_thread(exchange.closed.wait, 15)
    async with asyncio.timeout(20):
        while worker.answers:
            await asyncio.sleep(0.01)
    assert ((await stored(row)).status, (await stored(row)).text) == ("interrupted", "So far. ")


async def test_a_locked_database_delays_no_answer(worker, api_server):
    api_server.behaviour = stall(["One. "])
    row = await ask(worker)
    await until(row, lambda row: row.text == "One. ")
    database = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    api_server.requests[0].chunk("Two. ")
    async with asyncio.timeout(20):
        while worker.answers[row.pk].content.text != "One. Two. ":
            await asyncio.sleep(0.01)
    database.execute("ROLLBACK")
    database.close()
    assert (await until(row, lambda row: row.text == "One. Two. ")).status == "running"


async def test_the_saver_survives_any_exception(worker, monkeypatch):
    failures = iter(range(3))

    def fail(self):
        if next(failures, None) is not None:
            raise RuntimeError("anything")
        return tick(self)

    tick = saver.Saver._tick
    monkeypatch.setattr(saver.Saver, "_tick", fail)
    monkeypatch.setattr(saver, "connection", SimpleNamespace(vendor="sqlite", close=lambda: 1 / 0))
    assert (await ended(await ask(worker))).status == "complete"
    assert worker._saver_thread.is_alive()
    monkeypatch.setattr(saver, "connection", connection)
