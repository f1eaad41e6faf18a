"""A process claims a few questions at a time, and keeps them while a hook prepares them."""

import asyncio
import threading
import time
import uuid

import pytest
from channels.db import database_sync_to_async

import answers
from accounts.models import User
from answers.engine import claims, lease, queue
from answers.engine import worker as worker_module
from answers.engine.hooks import Hooks
from answers.engine.runtime import close_runtime
from answers.models import Answer
from tests.support.worker import ended, save_question, stored

pytestmark = pytest.mark.django_db(transaction=True)


class SlowHooks(Hooks):
    """Prepares one question, and no more until it may."""

    prepared: list[str]
    may_go_on: threading.Event

    def prompt(self, answer, prompt):
        self.prepared.append(prompt.question)
        if len(self.prepared) > 1:
            self.may_go_on.wait(20)
        return prompt


class PatientHooks(Hooks):
    def prompt(self, answer, prompt):
        time.sleep(4 * lease.SILENT_SECONDS)
        return prompt


@pytest.fixture
def slow_hooks(settings):
    settings.ASKME_HOOKS = f"{__name__}.{SlowHooks.__qualname__}"
    SlowHooks.prepared, SlowHooks.may_go_on = [], threading.Event()
    yield SlowHooks
    SlowHooks.may_go_on.set()


@database_sync_to_async
def save_questions(process, number):
    user = User.objects.create_user("alice")
    return [Answer.objects.ask(user, uuid.uuid4(), "What?", process_id=process) for _ in range(number)]


async def test_a_question_does_not_wait_until_a_hook_has_prepared_the_next_one(
    worker, api_server, slow_hooks
):
    rows = await save_questions(worker.process, 3)
    worker.wake()
    await asyncio.to_thread(api_server.wait_for_requests, 1)
    assert not slow_hooks.may_go_on.is_set()
    slow_hooks.may_go_on.set()
    assert {(await ended(row)).status for row in rows} == {"complete"}


async def test_a_question_that_is_stopped_while_a_hook_prepares_it_is_not_sent(
    worker, api_server, slow_hooks
):
    first, second = await save_questions(worker.process, 2)
    worker.wake()
    async with asyncio.timeout(20):
        while len(slow_hooks.prepared) < 2:
            await asyncio.sleep(0.01)
    await answers.stop(second.user, second.pk)
    slow_hooks.may_go_on.set()
    assert (await ended(second)).status == "stopped"
    assert (await ended(first)).status == "complete"
    assert len(api_server.requests) == 1


async def test_a_question_that_a_hook_prepares_when_the_process_ends_is_still_answered(
    worker, slow_hooks, monkeypatch
):
    monkeypatch.setattr(worker_module, "SAVE_SECONDS", 0.1)
    _first, second = await save_questions(worker.process, 2)
    worker.wake()
    async with asyncio.timeout(20):
        while len(slow_hooks.prepared) < 2:
            await asyncio.sleep(0.01)
    closing = asyncio.create_task(close_runtime(20))
    await asyncio.wait([closing], timeout=0.5)
    assert not closing.done()
    slow_hooks.may_go_on.set()
    await closing
    assert (await stored(second)).status == "complete"


async def test_a_crowd_is_claimed_in_portions(worker, settings, monkeypatch):
    settings.ASKME_RUNNING_PER_USER = 0
    rooms, claim = [], queue.claim

    def noted(process, room, **options):
        rooms.append(room)
        return claim(process, room, **options)

    monkeypatch.setattr(queue, "claim", noted)
    rows = await save_questions(worker.process, 2 * claims.AT_ONCE + 1)
    worker.wake()
    assert {(await ended(row)).status for row in rows} == {"complete"}
    assert max(rooms) == claims.AT_ONCE


async def test_questions_that_a_hook_takes_long_to_prepare_do_not_count_as_orphans(
    worker, api_server, settings, monkeypatch
):
    """Their rows already name this process, which does not run them yet."""
    monkeypatch.setattr(lease, "SILENT_SECONDS", 0.2)
    settings.ASKME_HOOKS = f"{__name__}.{PatientHooks.__qualname__}"
    row = await save_question(process=None)  # it names this process only once it is claimed
    worker.serve()
    assert (await ended(row)).status == "complete"


async def test_a_claim_that_is_not_committed_when_the_process_begins_to_drain_is_left_to_others(
    worker, monkeypatch
):
    has_begun = threading.Event()
    read_prompt = queue.read_prompt

    def begin_to_drain(row):
        worker.lease.draining = True
        has_begun.set()
        return read_prompt(row)

    monkeypatch.setattr(queue, "read_prompt", begin_to_drain)
    row = await save_question(process=None)
    worker.serve()
    assert await asyncio.to_thread(has_begun.wait, 10)
    await worker._claims.stop(10)
    found = await stored(row)
    assert (found.status, found.process_id) == ("queued", None)
