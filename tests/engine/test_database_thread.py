"""The database thread."""

import asyncio
import sqlite3
import threading
import time
from contextlib import closing
from functools import partial

import pytest
from channels.db import database_sync_to_async
from django.db import InterfaceError, OperationalError, connection
from psycopg.errors import LockNotAvailable

import answers
from accounts.models import User
from answers.engine import database_thread, locks
from answers.engine.runtime import close_runtime, current_runtime, run_in_database_thread
from answers.models import Answer, QuestionLog
from tests.support.clock import Clock
from tests.support.measurements import assert_less

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch, database_thread, locks)


async def test_calls_to_a_silent_database_time_out(monkeypatch):
    monkeypatch.setattr(database_thread, "TIMEOUT_SECONDS", 0.1)
    says = threading.Event()
    look_up = run_in_database_thread(lambda: says.wait(20))
    asked = [asyncio.create_task(look_up()) for _ in range(5)]
    try:
        async with asyncio.timeout(20):
            for one in asked:
                with pytest.raises(OperationalError):
                    await one
    finally:
        says.set()
    monkeypatch.undo()
    assert await look_up()
    await close_runtime()


async def test_calls_that_wait_only_for_each_other_are_not_refused(monkeypatch, clock):
    """However long the line is: together they take longer than one of them may."""
    monkeypatch.setattr(database_thread, "TIMEOUT_SECONDS", 0.1)
    database = current_runtime().database

    def work(number):
        time.sleep(0.05)  # so that those who wait look at the clock
        clock.now += 0.06
        return number

    numbers = range(15)
    calls = [database.run(partial(work, number)) for number in numbers]
    assert await asyncio.gather(*calls) == [*numbers]
    await close_runtime()


async def test_a_question_that_was_refused_is_not_saved_after_all(worker, monkeypatch, api_server):
    """The database hangs for longer than a person waits, and then goes on."""
    monkeypatch.setattr(database_thread, "TIMEOUT_SECONDS", 0.2)
    user = await database_sync_to_async(User.objects.create_user)("alice")
    goes_on = threading.Event()

    def hang(*arguments, **options):
        goes_on.wait(20)

    with monkeypatch.context() as hanging:
        hanging.setattr("answers.asking.limits.check", hang)
        with pytest.raises(OperationalError):
            await answers.ask(user, "Refused?")  # it hangs in the middle of its transaction
        with pytest.raises(OperationalError):
            await answers.ask(user, "Refused too?")  # it has not begun
        goes_on.set()
        monkeypatch.setattr(database_thread, "TIMEOUT_SECONDS", 10)
        await current_runtime().database.run(lambda: None)  # after both
    assert await database_sync_to_async(Answer.objects.count)() == 0
    assert await database_sync_to_async(QuestionLog.objects.count)() == 0
    assert (await answers.ask(user, "Accepted?")).event is not None


async def test_a_closed_connection_is_an_outage(worker):
    def closed():
        raise InterfaceError("connection already closed")

    with pytest.raises(OperationalError, match="already closed"):
        await current_runtime().database.run(closed)


async def test_waiting_in_line_leaves_a_call_all_its_time_for_the_lock_of_sqlite(worker, monkeypatch, clock):
    timeout = 20.0
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", timeout)
    path = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:

        def others() -> None:
            clock.now += timeout + 0.1
            other.execute("BEGIN IMMEDIATE")
            timer.start()

        timer = threading.Timer(0.5, other.execute, ["ROLLBACK"])
        run = current_runtime().database.run
        await asyncio.gather(run(others), run(partial(User.objects.create_user, "alice")))
        timer.join()


async def test_a_long_line_outlives_a_lock_of_sqlite_once_it_is_free(worker, monkeypatch, clock):
    """One call waits in vain. Those behind it fail only while the lock is held."""
    monkeypatch.setattr(locks, "SHORT_SECONDS", 10.0)  # an instant on a slow machine
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.5)
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None, check_same_thread=False)
    database = current_runtime().database

    def hold_for_a_moment():
        other.execute("BEGIN IMMEDIATE")
        timer.start()

    def write(number):
        if number == 0:
            clock.now += 60
        User.objects.create_user(f"writer-{number}")

    with closing(other):
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.03, other.execute, ["ROLLBACK"])
        calls = [partial(write, 0), partial(other.execute, "ROLLBACK"), partial(write, 1)]
        calls += [hold_for_a_moment, *(partial(write, number) for number in range(2, 12))]
        found = await asyncio.gather(*(database.run(call) for call in calls), return_exceptions=True)
        timer.join()
    assert "locked" in str(found[0])
    assert [error for error in found[1:] if isinstance(error, Exception)] == []


async def test_one_locked_row_is_not_an_outage(worker):
    """The next question may need another row."""
    database = current_runtime().database

    def locked():
        raise OperationalError("canceling statement due to lock timeout") from LockNotAvailable()

    with pytest.raises(OperationalError):
        await database.run(locked)
    assert await database.run(lambda: "at once") == "at once"


@pytest.mark.timed
async def test_a_locked_sqlite_is_not_an_outage(worker):
    """Only writers need the lock. All that wait for it give up together, and the next call succeeds."""
    database = current_runtime().database
    path = connection.settings_dict["NAME"]
    names = [f"writer-{number}" for number in range(3)]
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        writes = [database.run(partial(User.objects.create_user, name)) for name in names]
        failures = await asyncio.gather(*writes, return_exceptions=True)
        assert ["locked" in str(failure) for failure in failures] == [True] * 3
        assert_less(time.monotonic() - began, 2 * connection.settings_dict["OPTIONS"]["timeout"])
        assert await database.run(User.objects.count) == 0
        other.execute("ROLLBACK")
    await database.run(partial(User.objects.create_user, "writer-4"))
    assert await database.run(User.objects.count) == 1
