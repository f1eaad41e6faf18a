"""How many questions wait, for /metrics: the database is asked seldom, and nobody waits for it for long."""

import asyncio
import threading
import time

import pytest
from django.db import OperationalError

from answers.engine import queue, queue_length
from answers.engine.database_thread import DatabaseThread
from answers.engine.queue_length import QueueLength
from tests.support.worker import save_question

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(monkeypatch):
    """Whenever the database was asked."""
    times, real = [], queue.length

    def length():
        times.append(time.monotonic())
        return real()

    monkeypatch.setattr(queue, "length", length)
    return times


@pytest.fixture
def found(monkeypatch):
    monkeypatch.setattr(queue_length, "PATIENCE_SECONDS", 20.0)  # on a slow machine
    monkeypatch.setattr(queue_length, "FRESH_SECONDS", 60.0)
    database = DatabaseThread()
    found = QueueLength(database)
    yield found
    found.close()
    database.close()


async def test_it_is_the_number_of_all_processes_and_the_age_of_the_first(found, monkeypatch):
    monkeypatch.setattr(queue_length, "FRESH_SECONDS", 0.0)
    assert await found.read() == (0, 0.0)
    await save_question()  # of a process that does not run
    await save_question(process=None)
    number, seconds = await found.read()
    assert number == 2
    assert 0 < seconds < 30


async def test_many_who_ask_at_once_and_again_cost_one_statement(found, asked):
    assert set(await asyncio.gather(*(found.read() for _ in range(20)))) == {(0, 0.0)}
    await found.read()
    assert len(asked) == 1


async def test_after_some_seconds_the_database_is_asked_again(found, asked, monkeypatch):
    monkeypatch.setattr(queue_length, "FRESH_SECONDS", 0.0)
    await found.read()
    await save_question()
    assert (await found.read()).number == 1
    assert len(asked) == 2


async def test_nobody_waits_for_a_database_that_hangs_and_an_old_number_is_not_reported(found, monkeypatch):
    await found.read()
    released = threading.Event()
    monkeypatch.setattr(queue_length, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(queue_length, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(queue, "length", lambda: (released.wait(20), None))
    assert await found.read() is None
    assert await found.read() is None
    released.set()


async def test_a_database_that_is_away_has_no_number(found, monkeypatch):
    def fail():
        raise OperationalError("away")

    monkeypatch.setattr(queue, "length", fail)
    assert await found.read() is None
