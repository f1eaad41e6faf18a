"""Tasks that work for everybody do not name the answer of whoever caused them to start."""

import asyncio
import logging
import uuid

import pytest

from answers import protocol
from answers.engine import queue
from answers.engine.answer_log import about, current_answer
from answers.engine.worker import Worker

ERRORS = ("answers.engine.claims", "answers.engine.relay")


@pytest.fixture
def logged():
    """What is logged, each with the answer that a formatter would name."""
    found: list[tuple[str, uuid.UUID | None]] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append((record.getMessage(), current_answer.get()))

    handler = Handler()
    for name in ERRORS:
        logging.getLogger(name).addHandler(handler)
    yield found
    for name in ERRORS:
        logging.getLogger(name).removeHandler(handler)


@pytest.mark.django_db(transaction=True)
async def test_claims_do_not_name_the_answer_that_was_just_asked(worker: Worker, monkeypatch, logged):
    monkeypatch.setattr(queue, "claim", lambda *args, **kwargs: 1 / 0)
    async with asyncio.timeout(20):
        while len(logged) < 10:
            before = len(logged)
            with about(uuid.uuid4()):
                worker.wake()
            while len(logged) == before:
                await asyncio.sleep(0.001)
    assert set(logged) == {("questions could not be claimed", None)}


@pytest.mark.django_db(transaction=True)
async def test_the_relay_does_not_name_the_answer_whose_text_came_first(worker: Worker, monkeypatch, logged):
    monkeypatch.setattr(worker.relay.layer, "group_send", lambda *args: 1 / 0)
    with about(id := uuid.uuid4()):
        worker.relay.announce(protocol.started(id, "model"))
    async with asyncio.timeout(20):
        while not logged:
            await asyncio.sleep(0.001)
    assert set(logged) == {("the channel layer failed", None)}
