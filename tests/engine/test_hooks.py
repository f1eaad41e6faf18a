"""What a site decides: the hooks are called where they say, and a faulty one spoils nothing else."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from channels.db import database_sync_to_async
from django.db import connection

import answers
from accounts.models import User
from answers import Hooks, Refused
from answers.engine import database_thread
from tests.support.api_server import answer, refuse
from tests.support.worker import ended, save_question

pytestmark = pytest.mark.django_db(transaction=True)


class Calls(Hooks):
    ended = []

    def prompt(self, answer, prompt):
        return replace(prompt, question=prompt.question.upper())

    def answer_finished(self, answer):
        self.ended.append((answer.question, answer.status, answer.text))


class Slow(Hooks):
    """As if it searched documents for the question. `others` is what another process does meanwhile."""

    def prompt(self, answer, prompt):
        with ThreadPoolExecutor(1) as others:
            others.submit(self.others).result(20)
        time.sleep(2 * database_thread.TIMEOUT_SECONDS)
        return prompt

    def others(self):
        try:
            User.objects.create_user(f"{time.monotonic_ns()}")
        finally:
            connection.close()


class Faulty(Hooks):
    def answer_finished(self, answer):
        raise ZeroDivisionError


class Strict(Hooks):
    def may_ask(self, user):
        return False


@pytest.fixture
async def alice(worker):
    return await database_sync_to_async(User.objects.create_user)("alice")


def use(settings, hooks):
    settings.ASKME_HOOKS = f"{__name__}.{hooks.__name__}"


async def events(user, question):
    return [event async for event in await answers.follow(user, await answers.ask(user, question))]


async def test_the_prompt_is_the_sites_and_the_row_is_the_persons(alice, api_server, settings):
    use(settings, Calls)
    api_server.behaviour = answer(["Because."])
    *_, end = await events(alice, "Why?")
    assert end["status"] == "complete"
    assert api_server.requests[0].question == "WHY?"
    async with asyncio.timeout(20):
        while ("Why?", "complete", "Because.") not in Calls.ended:
            await asyncio.sleep(0.01)


async def test_the_end_is_announced_once_for_an_answer_that_fails(alice, api_server, settings):
    use(settings, Calls)
    Calls.ended.clear()
    api_server.behaviour = refuse(404)
    await events(alice, "Why not?")
    async with asyncio.timeout(20):
        while not Calls.ended:
            await asyncio.sleep(0.01)
    assert [(question, status) for question, status, _ in Calls.ended] == [("Why not?", "failed")]


async def test_a_faulty_hook_is_logged_and_costs_nobody_else_anything(alice, settings, caplog):
    use(settings, Faulty)
    for question in ("One?", "Two?"):
        *_, end = await events(alice, question)
        assert end["status"] == "complete"
    async with asyncio.timeout(20):
        while caplog.text.count("ZeroDivisionError") < 2:
            await asyncio.sleep(0.01)


async def test_a_slow_hook_delays_its_question_and_keeps_nobody_from_writing(worker, settings, monkeypatch):
    use(settings, Slow)
    row = await save_question(process=None)
    monkeypatch.setattr(database_thread, "TIMEOUT_SECONDS", 1.0)  # a claim that fails is tried again
    worker.serve()
    assert (await ended(row)).status == "complete"


async def test_who_may_not_ask_is_told_to_log_in_and_nothing_is_saved(alice, settings):
    use(settings, Strict)
    with pytest.raises(Refused) as refused:
        await answers.ask(alice, "Why?")
    assert refused.value.code == "login_required"
    assert await database_sync_to_async(alice.answers.count)() == 0


async def test_nobody_follows_or_stops_what_is_not_theirs(alice):
    bob = await database_sync_to_async(User.objects.create_user)("bob")
    accepted = await answers.ask(alice, "Mine?")
    for refuse_bob in (answers.follow, answers.stop):
        with pytest.raises(Refused) as refused:
            await refuse_bob(bob, accepted.answer)
        assert refused.value.code == "not_found"
    found = await ended(await database_sync_to_async(alice.answers.get)())
    assert found.status == "complete"


async def test_the_same_id_twice_is_one_question(alice, api_server):
    accepted = await answers.ask(alice, "Why?")
    again = await answers.ask(alice, "Why?", answer=accepted.answer)
    assert (again.answer, again.event) == (accepted.answer, None)
    await ended(await database_sync_to_async(alice.answers.get)())
    assert len(api_server.requests) == 1


async def test_a_question_that_is_no_question_is_refused_with_a_sentence(alice):
    with pytest.raises(Refused) as refused:
        await answers.ask(alice, "  ")
    assert (refused.value.code, refused.value.message) == ("bad_question", "Please type a question first.")
