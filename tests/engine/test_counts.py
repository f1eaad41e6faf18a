"""What a worker counts for /metrics: each answer once, at its end, by model and by how it ended."""

import asyncio
import uuid

import pytest
from django.db import DatabaseError

import answers
from accounts.models import User
from answers.engine.counts import FAILED, OTHER, Counts
from answers.engine.histogram import Histogram
from answers.models import Answer, Status
from answers.protocol import Refused
from completions import CompletionError
from tests.support.api_server import answer, refuse, stall
from tests.support.worker import ask, ended, save_process, save_question, settled

USAGE = {"prompt_tokens": 20, "completion_tokens": 12}


def ends(counts, model="test"):
    """How many answers of a model ended in each way."""
    found = counts.models[model]
    return {name: number for name, number in {**found.finished, **found.failed}.items() if number}


def test_a_histogram_counts_a_value_at_its_bound_and_one_above_all_bounds():
    histogram = Histogram(1.0, 2.0)
    for value in (0.5, 1.0, 1.5, 2.0, 99.0):
        histogram.observe(value)
    assert (histogram.numbers, histogram.sum) == ([2, 2, 1], 104.0)


def test_every_error_of_the_api_has_a_number_of_its_own():
    def codes(kind):
        return {kind.code for kind in kind.__subclasses__()}.union(*map(codes, kind.__subclasses__()))

    assert codes(CompletionError) <= set(FAILED)


def test_models_that_are_not_configured_and_unknown_codes_are_counted_together(settings):
    settings.ASKME_MODEL = "test"
    counts = Counts()
    for number in range(50):
        row = Answer(model=f"old-{number}", status=Status.FAILED, error_code=f"new-{number}")
        counts.end_elsewhere(row)
        counts.refuse(f"new-{number}")
    assert set(counts.models) == {"test", OTHER}
    assert ends(counts, OTHER) == {OTHER: 50}
    assert counts.refused[OTHER] == 50


@pytest.mark.django_db(transaction=True)
async def test_every_end_is_counted_once(worker, api_server):
    endings = [
        (answer(["a", "b"]), {"stop": 1}),
        (answer(["a", "b"], finish="length"), {"length": 1}),
        (refuse(401, "no"), {"not_configured": 1}),
        (refuse(429, {"message": "Pay", "code": "insufficient_quota"}), {"quota": 1}),
    ]
    expected = {}
    for behaviour, end in endings:
        api_server.behaviour = behaviour
        await ended(await ask(worker))
        await settled(worker)
        expected |= end
        assert ends(worker.counts) == expected


@pytest.mark.django_db(transaction=True)
async def test_tokens_times_and_requests_are_those_of_the_answer(worker, api_server):
    again = refuse(503, "no", {"retry-after-ms": "1"})
    api_server.script(again, again, answer(["a", "b", "c"], usage=USAGE))
    row = await ended(await ask(worker))
    await settled(worker)
    found = worker.counts.models["test"]
    assert (found.prompt_tokens, found.completion_tokens) == (20, 12)
    assert (found.requests, found.retries) == (3, 2)
    assert 1 <= found.connects <= 3
    assert found.seconds.sum == pytest.approx(row.seconds)
    assert found.first_text_seconds.sum == pytest.approx(row.first_text_seconds)
    assert found.token_seconds.sum == pytest.approx((row.seconds - row.first_text_seconds) / 11)
    assert sum(found.queue_seconds.numbers) == 1
    await ended(await ask(worker))
    await settled(worker)
    assert found.connects <= 3  # the connection was kept


@pytest.mark.django_db(transaction=True)
async def test_a_stopped_answer_is_no_failure(worker, api_server):
    api_server.behaviour = stall(["Hello"])
    row = await ask(worker)
    await asyncio.to_thread(api_server.wait_for_requests, 1)
    worker.stop(row.pk)
    await ended(row)
    await settled(worker)
    assert ends(worker.counts) == {"abort": 1}


@pytest.mark.django_db(transaction=True)
async def test_an_answer_of_a_dead_process_is_counted_by_the_one_that_ends_it(worker):
    dead = await save_process(silent_seconds=60)
    row = await save_question(process=dead.pk, status=Status.RUNNING, model="test")
    await ended(row)
    async with asyncio.timeout(20):
        while not ends(worker.counts):
            await asyncio.sleep(0.01)
    assert ends(worker.counts) == {"interrupted": 1}


@pytest.mark.django_db(transaction=True)
async def test_questions_are_counted_as_accepted_or_by_the_reason_of_the_refusal(worker, monkeypatch):
    user = await User.objects.acreate(username="alice")
    id = uuid.uuid4()
    for _ in range(3):  # one question
        await answers.ask(user, "What?", answer=id)
    assert worker.counts.accepted == 1
    with pytest.raises(Refused):
        await answers.ask(user, "What?", follows=uuid.uuid4())
    assert worker.counts.refused["not_found"] == 1

    async def away(*_):
        raise DatabaseError

    monkeypatch.setattr("answers.asking.questions._save", away)
    with pytest.raises(DatabaseError):
        await answers.ask(user, "What?")
    assert worker.counts.refused["unavailable"] == 1
    assert worker.counts.accepted == 1
