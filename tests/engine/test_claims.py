"""A process claims a few questions at a time, and keeps them while a hook prepares them."""

import asyncio
import threading
import time
import uuid

import pytest
from channels.db import database_sync_to_async

from accounts.models import User
from answers.engine import claims, lease, queue
from answers.engine.hooks import Hooks
from answers.models import Answer
from tests.support.worker import ended, save_question, stored

pytestmark = pytest.mark.django_db(transaction=True)


class SlowHooks(Hooks):
    """Prepares as many as a claim has, and then no more until it may."""

    prepared: list[str]
    may_go_on: threading.Event

    def prompt(self, answer, prompt):
        self.prepared.append(prompt.question)
        if len(self.prepared) > claims.AT_ONCE:
            self.may_go_on.wait(20)
        return prompt


class PatientHooks(Hooks):
    def prompt(self, answer, prompt):
        time.sleep(4 * lease.SILENT_SECONDS)
        return prompt


@pytest.fixture
def slow_hooks(settings, monkeypatch):
    settings.ASKME_HOOKS = f"{__name__}.{SlowHooks.__qualname__}"
    monkeypatch.setattr(SlowHooks, "prepared", [], raising=False)
    monkeypatch.setattr(SlowHooks, "may_go_on", threading.Event(), raising=False)
    yield SlowHooks
    SlowHooks.may_go_on.set()


@database_sync_to_async
def save_questions(process, number):
    user = User.objects.create_user("alice")
    return [Answer.objects.ask(user, uuid.uuid4(), "What?", process_id=process) for _ in range(number)]


async def test_the_first_question_does_not_wait_until_many_others_are_prepared(
    worker, api_server, settings, slow_hooks
):
    settings.ASKME_RUNNING_PER_USER = 0
    rows = await save_questions(worker.process, 2 * claims.AT_ONCE)
    worker.wake()
    await asyncio.to_thread(api_server.wait_for_requests, claims.AT_ONCE)
    assert not slow_hooks.may_go_on.is_set()
    slow_hooks.may_go_on.set()
    assert {(await ended(row)).status for row in rows} == {"complete"}


async def test_questions_that_a_hook_takes_long_to_prepare_do_not_count_as_orphans(
    worker, api_server, settings, monkeypatch
):
    """Their rows already name this process, which does not run them yet."""
    monkeypatch.setattr(lease, "SILENT_SECONDS", 0.2)
    settings.ASKME_HOOKS = f"{__name__}.{PatientHooks.__qualname__}"
    [row] = await save_questions(worker.process, 1)
    worker.wake()
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
