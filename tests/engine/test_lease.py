"""The lease of a process: what happens to answers whose process is dead, slow, or has never had one."""

import asyncio
import threading
import time
import uuid
from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from answers.engine import lease as lease_module
from answers.engine import queue
from answers.engine.lease import ENDS_AT_ONCE, GRACE_SECONDS, SILENT_SECONDS, Lease
from answers.engine.runtime import close_runtime
from answers.models import Answer, Process, Status
from tests.support.api_server import stall
from tests.support.clock import Clock
from tests.support.worker import ask, ended, save_process, save_question, stored, until


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch, lease_module)


@pytest.fixture
def lease(db, clock):
    lease = Lease(uuid.uuid4())
    lease.renew()
    return lease


@pytest.fixture
def alice(db):
    return User.objects.create_user("alice")


def process(silent_seconds=0.0):
    return Process.objects.create(heartbeat_at=timezone.now() - timedelta(seconds=silent_seconds))


def running(user, owner):
    answer = Answer.objects.ask(user, uuid.uuid4(), "?", process_id=owner)
    Answer.objects.filter(pk=answer.pk).update(status=Status.RUNNING, text="So far. ")
    return answer


def sweep(lease, clock, *, seconds=0.0, own=()):
    """After so much time, in which this process renews its lease."""
    clock.now += seconds
    lease._next_sweep = 0.0
    lease.renew()
    return [answer.pk for answer in lease.sweep(own)]


def test_the_answers_of_a_dead_process_are_interrupted_and_its_lease_is_gone(lease, clock, alice):
    dead = process(SILENT_SECONDS + 1)
    hers, others = running(alice, dead.pk), running(alice, process().pk)
    assert sweep(lease, clock) == []  # its heartbeat may be old because the database was away
    assert sweep(lease, clock, seconds=GRACE_SECONDS) == [hers.pk]
    hers.refresh_from_db()
    others.refresh_from_db()
    assert (hers.status, hers.text, hers.process_id) == (Status.INTERRUPTED, "So far. ", None)
    assert others.status == Status.RUNNING
    assert not Process.objects.filter(pk=dead.pk).exists()
    assert sweep(lease, clock, seconds=60) == []


def test_hundreds_of_ends_are_saved_a_few_at_a_time(lease, clock, alice):
    """In between, the saver has time for the heartbeat and for the answers that run here."""
    dead = process(SILENT_SECONDS + 1)
    for status, owner in ((Status.RUNNING, dead.pk), (Status.QUEUED, None)):
        Answer.objects.bulk_create(
            Answer(user=alice, thread=uuid.uuid4(), question="?", status=status, process_id=owner)
            for _ in range(2 * ENDS_AT_ONCE + 1)
        )
    sweep(lease, clock)
    assert not lease.sweep_is_due
    Answer.objects.queued().update(asked_at=timezone.now() - timedelta(hours=2))
    clock.now += GRACE_SECONDS
    portions = []
    while lease.sweep_is_due:
        portions.append(len([*lease.sweep([])]))
    assert portions == [2 * ENDS_AT_ONCE, 2 * ENDS_AT_ONCE, 2]
    assert not Answer.objects.unfinished().exists()


def test_what_is_interrupted_is_announced_although_the_next_statement_fails(lease, clock, alice, monkeypatch):
    dead = process(SILENT_SECONDS + 1)
    answer = running(alice, dead.pk)
    sweep(lease, clock)
    clock.now += GRACE_SECONDS

    def fail(limit):
        raise OperationalError("gone")

    monkeypatch.setattr(queue, "expire", fail)
    swept = lease.sweep([])
    assert next(swept).pk == answer.pk
    with pytest.raises(OperationalError):
        next(swept)


def test_a_process_that_comes_back_while_its_answers_are_interrupted_keeps_the_rest(lease, clock, alice):
    slow = process(SILENT_SECONDS + 1)
    Answer.objects.bulk_create(
        Answer(user=alice, thread=uuid.uuid4(), question="?", status=Status.RUNNING, process_id=slow.pk)
        for _ in range(2 * ENDS_AT_ONCE)
    )
    sweep(lease, clock)
    assert len(sweep(lease, clock, seconds=GRACE_SECONDS)) == ENDS_AT_ONCE
    Process.objects.renew(slow.pk)
    assert lease.sweep_is_due
    assert [*lease.sweep([])] == []
    assert Answer.objects.running().filter(process=slow.pk).count() == ENDS_AT_ONCE


def test_seconds_count_to_the_last_heartbeat(lease, clock, alice):
    dead = process(SILENT_SECONDS + 1)
    answer = running(alice, dead.pk)
    Answer.objects.filter(pk=answer.pk).update(asked_at=dead.heartbeat_at - timedelta(seconds=7))
    sweep(lease, clock)
    sweep(lease, clock, seconds=GRACE_SECONDS)
    answer.refresh_from_db()
    assert answer.seconds == pytest.approx(7)


def test_a_process_that_sends_a_heartbeat_at_the_last_moment_keeps_its_answers(
    lease, clock, alice, monkeypatch
):
    slow = process(SILENT_SECONDS + 1)
    answer = running(alice, slow.pk)
    sweep(lease, clock)
    revoke = type(Process.objects.all()).revoke

    def late(queryset, found):
        Process.objects.renew(slow.pk)
        return revoke(queryset, found)

    monkeypatch.setattr(type(Process.objects.all()), "revoke", late)
    assert sweep(lease, clock, seconds=GRACE_SECONDS) == []
    answer.refresh_from_db()
    assert (answer.status, answer.process_id) == (Status.RUNNING, slow.pk)


def test_a_process_that_was_declared_dead_takes_out_a_new_lease(lease, clock):
    Process.objects.all().delete()
    clock.now += 60
    lease.renew()
    assert Process.objects.get().pk == lease.process


def test_an_answer_whose_process_has_no_lease_is_interrupted_in_the_end(lease, clock, alice):
    """A process may have died just after it was declared dead, with a question that it had accepted since."""
    answer = running(alice, uuid.uuid4())
    assert sweep(lease, clock) == []
    assert sweep(lease, clock, seconds=SILENT_SECONDS - 1) == []
    assert sweep(lease, clock, seconds=1) == [answer.pk]


def test_a_question_that_was_saved_too_late_for_its_own_process_is_interrupted(lease, clock, alice):
    """Its caller had given up on the database, which had saved it after all: nobody runs it."""
    lost, mine = running(alice, lease.process), running(alice, lease.process)
    assert sweep(lease, clock, own=[mine.pk]) == []
    assert sweep(lease, clock, seconds=SILENT_SECONDS, own=[mine.pk]) == [lost.pk]


def test_after_a_failure_of_the_database_suspicion_starts_again(lease, clock, alice):
    answer = running(alice, process(SILENT_SECONDS + 1).pk)
    sweep(lease, clock)
    lease.forget_suspicions()
    assert sweep(lease, clock, seconds=GRACE_SECONDS) == []
    assert sweep(lease, clock, seconds=GRACE_SECONDS) == [answer.pk]


def test_a_heartbeat_is_one_statement_however_many_answers_run(lease, clock, alice):
    Answer.objects.bulk_create(
        Answer(user=alice, thread=uuid.uuid4(), question="?", process_id=lease.process) for _ in range(50)
    )
    clock.now += 60
    with CaptureQueriesContext(connection) as queries:
        lease.renew()
    assert len(queries) == 1


def test_a_sweep_costs_the_same_however_many_answers_there_are(lease, clock, alice):
    def statements():
        with CaptureQueriesContext(connection) as queries:
            sweep(lease, clock, seconds=60)
        return len(queries)

    before = statements()
    Answer.objects.bulk_create(
        Answer(user=alice, thread=uuid.uuid4(), question="?", status=Status.COMPLETE) for _ in range(500)
    )
    assert statements() == before


@pytest.mark.django_db(transaction=True)
async def test_an_answer_names_its_process_until_it_ends(worker, api_server):
    api_server.behaviour = stall(["So far. "])
    row = await ask(worker)
    found = await until(row, lambda row: row.text)
    assert found.process_id == worker.process
    api_server.release()
    assert (await ended(row)).process_id is None


@pytest.mark.django_db(transaction=True)
async def test_a_process_says_that_it_drains_and_gives_up_its_lease_at_the_end(worker, api_server):
    api_server.behaviour = stall(["So far. "])
    row = await ask(worker)
    await until(row, lambda row: row.text)
    closing = asyncio.create_task(close_runtime(10))

    @database_sync_to_async
    def is_draining():
        return Process.objects.filter(pk=worker.process, draining=True).exists()

    async with asyncio.timeout(20):
        while not await is_draining():
            await asyncio.sleep(0.01)
    api_server.release()
    await closing
    assert (await ended(row)).status == "complete"
    assert not await database_sync_to_async(Process.objects.exists)()


@pytest.mark.django_db(transaction=True)
async def test_an_answer_of_a_dead_process_is_interrupted_and_keeps_its_text(worker):
    dead = await save_process(SILENT_SECONDS + 1)
    row = await save_question(status=Status.RUNNING, text="So far. ", process=dead)
    recent = await save_question(status=Status.RUNNING, text="Lives. ", process=await save_process())
    swept = await ended(row)
    assert (swept.status, swept.text) == ("interrupted", "So far. ")
    assert (await stored(recent)).status == "running"


@pytest.mark.django_db(transaction=True)
async def test_live_processes_have_time_to_renew_heartbeats_after_an_outage(worker, monkeypatch):
    """A read-only database makes every heartbeat old. The grace period starts when writing works again."""
    monkeypatch.setattr(lease_module, "GRACE_SECONDS", 0.5)
    interrupted = []
    monkeypatch.setattr(worker.saver, "_on_interrupted", lambda answer: interrupted.append(time.monotonic()))
    writable = threading.Event()

    def write(*arguments, **fields):
        if not writable.is_set():
            raise OperationalError("attempt to write a readonly database")
        return update(*arguments, **fields)

    queryset = type(Process.objects.all())
    update = queryset.update
    monkeypatch.setattr(queryset, "update", write)
    async with asyncio.timeout(20):
        while not worker.saver.is_failing:
            await asyncio.sleep(0.01)
    elsewhere = await save_question(status=Status.RUNNING, process=await save_process(60))
    await asyncio.sleep(0.7)  # longer than the grace period, which must not have started
    opened = time.monotonic()
    writable.set()
    assert (await ended(elsewhere)).status == "interrupted"
    async with asyncio.timeout(20):
        while not interrupted:
            await asyncio.sleep(0.01)
    assert interrupted[0] - opened >= 0.5
