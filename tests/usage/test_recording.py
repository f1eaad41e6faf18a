"""Each answer is logged exactly once, however it ends, and with what its row says."""

import asyncio
import uuid
from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from django.db import IntegrityError
from django.utils import timezone

from accounts import guests
from accounts.models import User
from accounts.removal import remove
from answers.engine import queue
from answers.engine.lease import SILENT_SECONDS
from answers.engine.runtime import close_runtime
from answers.engine.usage import fold
from answers.models import Answer, QuestionLog, Status, UsageLog
from answers.models.usage_log import COPIED
from tests.support.api_behaviours import nonsense
from tests.support.api_server import stall
from tests.support.worker import ask, ended, save_process, save_question, settled, until
from tests.usage.conftest import no_pause

pytestmark = pytest.mark.django_db(transaction=True)


@database_sync_to_async
def logged(answer):
    """The only entry of this answer."""
    return UsageLog.objects.get(answer=answer.pk)


async def is_logged_as_its_row(answer):
    row = await ended(answer)
    entry = await logged(row)
    assert {name: getattr(entry, name) for name in COPIED} == {name: getattr(row, name) for name in COPIED}
    return entry


async def running(worker, api_server, **fields):
    """An answer that has some text."""
    before = len(api_server.requests)
    api_server.script(stall(["So far. "]))
    row = await ask(worker, **fields)
    await asyncio.to_thread(api_server.wait_for_requests, before + 1)
    return await until(row, lambda row: row.text)


async def test_a_complete_answer_is_logged_with_what_the_api_reported(worker, api_server):
    api_server.answer(["Because."], usage={"prompt_tokens": 5, "completion_tokens": 2, "cost": 0.25})
    entry = await is_logged_as_its_row(await ask(worker))
    assert (entry.status, entry.prompt_tokens, entry.completion_tokens) == ("complete", 5, 2)
    assert entry.cost == 0.25
    assert entry.user_id is not None


async def test_a_failed_a_stopped_and_an_interrupted_answer_are_logged(worker, api_server):
    api_server.script(nonsense)
    failed = await ask(worker)
    await ended(failed)
    stopped = await running(worker, api_server)
    assert await database_sync_to_async(Answer.objects.request_stop)(stopped.user, stopped.pk)
    await ended(stopped)
    interrupted = await running(worker, api_server)
    await close_runtime()
    for row in (failed, stopped, interrupted):
        await is_logged_as_its_row(row)
    entry = await logged(stopped)
    assert (entry.status, entry.completion_tokens, entry.tokens_estimated) == ("stopped", 2, True)
    assert (await logged(interrupted)).status == "interrupted"
    assert await database_sync_to_async(UsageLog.objects.count)() == 3


async def test_an_answer_that_is_stopped_before_any_text_is_logged_with_its_prompt(worker, api_server):
    api_server.behaviour = stall()
    row = await ask(worker)
    await asyncio.to_thread(api_server.wait_for_requests, 1)
    worker.stop(row.pk)
    entry = await is_logged_as_its_row(row)
    assert (entry.prompt_tokens, entry.completion_tokens, entry.tokens_estimated) == (2, 0, True)


async def test_an_answer_of_a_dead_process_is_logged(worker):
    dead = await save_process(SILENT_SECONDS + 1)
    row = await save_question(process=dead.pk, status=Status.RUNNING, model="small")
    entry = await is_logged_as_its_row(row)
    assert (entry.status, entry.model, entry.prompt_tokens) == ("interrupted", "small", None)


async def test_questions_that_were_stopped_or_expired_while_they_waited_are_logged(transactional_db):
    row = await save_question()
    assert await database_sync_to_async(queue.stop)(row.user, row.pk)
    old = await save_question(asked_at=timezone.now() - timedelta(hours=2))
    assert await database_sync_to_async(queue.expire)(10)
    assert (await is_logged_as_its_row(row)).status == "stopped"
    assert (await is_logged_as_its_row(old)).error_code == "expired"


async def test_an_answer_that_cannot_be_saved_is_logged_once(worker, api_server, monkeypatch):
    monkeypatch.setattr("answers.engine.outcome._fit_count", lambda number: number)
    api_server.script(nonsense)
    row = await ask(worker)
    assert (await is_logged_as_its_row(row)).error_code == "internal"


async def test_deleting_a_running_answer_does_not_hide_what_it_used(worker, api_server):
    row = await running(worker, api_server)
    await database_sync_to_async(Answer.objects.filter(pk=row.pk).delete)()
    await settled(worker)
    entry = await logged(row)
    assert (entry.user_id, entry.status, entry.completion_tokens) == (row.user_id, "stopped", 2)
    assert entry.asked_at == row.asked_at


async def test_an_account_that_is_deleted_while_its_answer_runs_is_not_named(worker, api_server):
    row = await running(worker, api_server)

    def delete():
        QuestionLog.objects.create(user=row.user, answer=row.pk)
        remove(row.user)

    await database_sync_to_async(delete)()
    await settled(worker)
    entry = await logged(row)
    assert (entry.user_id, entry.completion_tokens) == (None, 2)


async def test_what_a_guest_deletes_after_becoming_an_account_is_the_accounts(worker, api_server):
    row = await running(worker, api_server)

    def sign_up():
        QuestionLog.objects.create(user=row.user, answer=row.pk)
        account = User.objects.create_user("alice")
        guests.hand_over(row.user, account)
        Answer.objects.filter(user=account).delete()
        return account

    account = await database_sync_to_async(sign_up)()
    await settled(worker)
    assert (await logged(row)).user_id == account.pk


async def test_an_answer_that_another_process_ended_is_logged_by_that_one_only(worker, api_server):
    row = await running(worker, api_server)

    def interrupt():
        assert Answer.objects.interrupt(row, None)
        assert fold(no_pause) == 1

    await database_sync_to_async(interrupt)()
    await settled(worker)
    assert not await database_sync_to_async(UsageLog.objects.exists)()


def test_an_end_that_is_rolled_back_is_not_logged(db, monkeypatch):
    user = User.objects.create_user("alice")
    row = Answer.objects.ask(user, uuid.uuid4(), "?")

    def fail(self, answers):
        raise IntegrityError

    with monkeypatch.context() as patch:
        patch.setattr(type(UsageLog.objects.all()), "record", fail)
        with pytest.raises(IntegrityError):
            Answer.objects.finish(row.pk, status=Status.FAILED)
    row.refresh_from_db()
    assert row.status == Status.QUEUED  # neither without the other
    assert Answer.objects.finish(row.pk, status=Status.FAILED)
    assert not Answer.objects.finish(row.pk, status=Status.COMPLETE)
    assert [one.status for one in UsageLog.objects.all()] == ["failed"]
