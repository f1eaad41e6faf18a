"""What is saved of an answer: text, reasoning, editions and facts, and what happens if one cannot be."""

import asyncio
import threading

import pytest

from answers.engine.running_answer import Content
from answers.models import AnswerQuerySet
from tests.support.api_behaviours import nonsense
from tests.support.api_server import stall
from tests.support.worker import ask, ended, until

pytestmark = pytest.mark.django_db(transaction=True)


async def test_an_answer_that_cannot_be_saved_fails_and_delays_no_other(worker, api_server, monkeypatch):
    """One check of the worker is switched off, so that the database refuses the row."""
    monkeypatch.setattr("answers.engine.outcome._fit_count", lambda number: number)
    api_server.script(nonsense)
    spoilt = await ask(worker)
    await asyncio.to_thread(api_server.wait_for_requests, 1)
    neighbour = await ask(worker)
    found = await ended(spoilt)
    assert (found.status, found.error_code, found.text) == ("failed", "internal", "Fine. ")
    assert (await ended(neighbour)).status == "complete"
    async with asyncio.timeout(20):
        while worker.answers:
            await asyncio.sleep(0.01)


async def test_an_answer_whose_text_cannot_be_saved_is_stopped(worker, api_server, monkeypatch):
    api_server.script(stall(["So far. "]))
    spoilt = await ask(worker)
    exchange = await asyncio.to_thread(api_server.wait_for_requests, 1)
    async with asyncio.timeout(20):
        while not worker.answers[spoilt.pk].content.text:
            await asyncio.sleep(0.01)
    worker.answers[spoilt.pk].content = Content(text="So far. \ud800")
    neighbour = await ask(worker)
    assert (await ended(neighbour)).status == "complete"
    assert (await ended(spoilt)).error_code == "internal"
    assert await asyncio.to_thread(exchange.closed.wait, 15)
    async with asyncio.timeout(20):
        while worker.answers:
            await asyncio.sleep(0.01)


async def test_reasoning_is_saved_without_writing_the_text_again_and_the_other_way_round(
    worker, api_server, monkeypatch
):
    saves = []

    def watched(self, columns, values):
        if values:
            saves.append((columns[0], *next(iter(values.values()))[:1]))
        return save(self, columns, values)

    save = AnswerQuerySet.save_running
    monkeypatch.setattr(AnswerQuerySet, "save_running", watched)
    api_server.behaviour = stall([{"reasoning_content": "Hm. "}])
    row = await ask(worker)
    await until(row, lambda row: row.reasoning == "Hm. ")
    api_server.requests[0].chunk("Yes.")
    await until(row, lambda row: row.text == "Yes.")
    api_server.requests[0].chunk("No.")
    found = await until(row, lambda row: row.text == "Yes.No.")
    assert (found.status, found.reasoning) == ("running", "Hm. ")
    assert saves == [("reasoning", "Hm. "), ("text", "Yes."), ("text", "Yes.No.")]


async def test_a_text_that_begins_anew_is_saved_with_its_edition(worker, api_server):
    api_server.behaviour = stall(["Hm."])
    row = await ask(worker)
    await until(row, lambda row: row.text == "Hm.")
    api_server.requests[0].chunk("\n</think>\n")
    found = await until(row, lambda row: row.edition == 1)
    assert (found.text, found.reasoning) == ("", "Hm.\n")
    api_server.requests[0].chunk("Yes")  # as long as what was saved of the edition before
    found = await until(row, lambda row: row.text == "Yes")
    assert (found.status, found.edition) == ("running", 1)


async def test_a_save_of_the_edition_before_leaves_the_new_text_to_be_saved(worker, api_server, monkeypatch):
    """The text begins anew while the saver is at the database with a snapshot of the old one."""
    save, began_anew = AnswerQuerySet.save_running, threading.Event()

    def slow(self, columns, values):
        if values and next(iter(values.values()))[0] == "Hm.":
            monkeypatch.setattr(AnswerQuerySet, "save_running", save)
            api_server.requests[0].chunk("\n</think>\nYes")
            assert began_anew.wait(20)
        return save(self, columns, values)

    monkeypatch.setattr(AnswerQuerySet, "save_running", slow)
    api_server.behaviour = stall(["Hm."])
    row = await ask(worker)
    async with asyncio.timeout(20):
        while row.pk not in worker.answers or worker.answers[row.pk].content[:2] != (1, "Yes"):
            await asyncio.sleep(0.01)
    began_anew.set()
    found = await until(row, lambda row: row.edition == 1)
    assert (found.text, found.reasoning) == ("Yes", "Hm.\n")


async def test_an_answer_keeps_its_text_if_its_reasoning_cannot_be_saved(worker, api_server):
    api_server.script(stall(["So far. "]))
    row = await ask(worker)
    exchange = await asyncio.to_thread(api_server.wait_for_requests, 1)
    await until(row, lambda row: row.text)
    worker.answers[row.pk].content = Content(text="So far. So good. ", reasoning="\ud800")
    found = await ended(row)
    assert (found.error_code, found.text, found.reasoning) == ("internal", "So far. So good. ", "")
    assert await asyncio.to_thread(exchange.closed.wait, 15)


async def test_facts_that_cannot_be_saved_end_the_answer_with_what_it_said(worker, api_server, monkeypatch):
    monkeypatch.setattr("answers.engine.running_answer.api_facts", lambda completion: {"cost": object()})
    found = await ended(await ask(worker))
    assert (found.error_code, found.text) == ("internal", "Hello, world")
