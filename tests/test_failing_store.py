"""A store that refuses, fails or hangs, in one process, where the moment of it can be chosen."""

import asyncio
import threading
import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from answers import journal
from answers import store as store_module
from answers.models import Answer, Status
from tests.api_server import stall
from tests.faults import nonsense
from tests.worker import ask, ended, save_question

pytestmark = pytest.mark.django_db(transaction=True)


async def test_an_answer_that_cannot_be_saved_ends_and_holds_no_other_up(worker, api_server, monkeypatch):
    """Whatever slips through what the worker makes fit."""
    monkeypatch.setattr("answers.outcome._fit_count", lambda number: number)
    api_server.script(nonsense)
    spoilt = await ask(worker)
    await asyncio.to_thread(api_server.wait_for_requests, 1)
    neighbour = await ask(worker)
    found = await ended(spoilt)
    assert (found.status, found.error_code, found.text) == ("failed", "internal", "Fine. ")
    assert (await ended(neighbour)).status == "complete"
    async with asyncio.timeout(5):
        while worker.answers:
            await asyncio.sleep(0.01)


async def test_an_answer_whose_text_cannot_be_saved_is_stopped(worker, api_server, monkeypatch):
    api_server.script(stall(["So far. "]))
    spoilt = await ask(worker)
    exchange = await asyncio.to_thread(api_server.wait_for_requests, 1)
    async with asyncio.timeout(5):
        while not worker.answers[spoilt.pk].text:
            await asyncio.sleep(0.01)
    worker.answers[spoilt.pk].text += "\ud800"
    neighbour = await ask(worker)
    assert (await ended(neighbour)).status == "complete"
    assert (await ended(spoilt)).error_code == "internal"
    assert await asyncio.to_thread(exchange.closed.wait, 5)
    async with asyncio.timeout(5):
        while worker.answers:
            await asyncio.sleep(0.01)


async def test_nothing_ends_the_journal(worker, monkeypatch):
    failures = iter(range(3))

    def fail(self):
        if next(failures, None) is not None:
            raise RuntimeError("anything")
        return tick(self)

    tick = journal.Journal._tick
    monkeypatch.setattr(journal.Journal, "_tick", fail)
    monkeypatch.setattr(journal, "connection", SimpleNamespace(close=lambda: 1 / 0))
    assert (await ended(await ask(worker))).status == "complete"
    assert worker._journal_thread.is_alive()
    monkeypatch.setattr(journal, "connection", connection)


async def test_the_living_have_time_to_renew_heartbeats_after_an_outage(worker, monkeypatch):
    """A store that can be read but not written makes every heartbeat old; only a new start of it counts."""
    monkeypatch.setattr(journal, "GRACE_SECONDS", 0.5)
    long_ago = timezone.now() - timedelta(seconds=60)
    elsewhere = await save_question(status=Status.RUNNING, heartbeat_at=long_ago)
    interrupted = []
    monkeypatch.setattr(worker._journal, "_on_swept", lambda answer: interrupted.append(time.monotonic()))
    writable = threading.Event()

    def write(*arguments, **fields):
        if not writable.is_set():
            raise OperationalError("attempt to write a readonly database")
        return update(*arguments, **fields)

    queryset = type(Answer.objects.all())
    update = queryset.update
    monkeypatch.setattr(queryset, "update", write)
    async with asyncio.timeout(10):
        while not worker._journal._away:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.7)  # longer than the grace: nothing may have been counted
    opened = time.monotonic()
    writable.set()
    assert (await ended(elsewhere)).status == "interrupted"
    async with asyncio.timeout(5):
        while not interrupted:
            await asyncio.sleep(0.01)
    assert interrupted[0] - opened >= 0.5


async def test_nobody_waits_long_for_a_database_that_says_nothing(monkeypatch):
    monkeypatch.setattr(store_module, "PATIENCE_SECONDS", 0.1)
    says = threading.Event()
    look_up = store_module.in_store(lambda: says.wait(20))
    asked = [asyncio.create_task(look_up()) for _ in range(5)]
    try:
        async with asyncio.timeout(5):
            for one in asked:
                with pytest.raises(OperationalError):
                    await one
    finally:
        says.set()
    monkeypatch.undo()
    assert await look_up()
