"""The figures that the end of an answer reports, and the time that is left until the next attempt."""

import time
import uuid

import pytest
from django.utils import timezone

from answers import protocol
from answers.engine import running_answer
from answers.engine.running_answer import RunningAnswer
from answers.models import Answer
from completions import Activity, Piece, Prompt


def row(**fields):
    defaults = {"text": "x" * 300, "completion_tokens": 100, "seconds": 12.0, "first_text_seconds": 2.0}
    return Answer(id=uuid.uuid4(), **(defaults | fields))


@pytest.mark.parametrize(
    ("fields", "speed"),
    [
        ({}, 10),
        ({"reasoning_tokens": 0}, 10),
        ({"reasoning_tokens": 60}, 4),
        ({"reasoning": "y" * 100}, 7.5),  # the API counted it, but did not say how much it was
        ({"reasoning_tokens": 60, "reasoning": "y"}, 4),
        ({"completion_tokens": None}, None),
        ({"seconds": None}, None),
        ({"first_text_seconds": None}, None),
        ({"first_text_seconds": 11.9}, None),  # all at once
        ({"text": "", "reasoning": "y"}, None),
        ({"reasoning_tokens": 100}, None),
        ({"reasoning_tokens": 200}, None),  # nonsense of an API
    ],
)
def test_the_speed_is_that_of_the_text_without_waiting_and_reasoning(fields, speed):
    answer = row(**fields)
    assert answer.tokens_per_second() == speed
    lengths = len(answer.text), len(answer.reasoning)
    assert protocol.finished(answer, *lengths)["tokens_per_second"] == speed


@pytest.mark.parametrize("label", ["", "Fast"])
def test_the_end_names_the_model_as_people_know_it(label):
    finished = protocol.finished(row(model="gpt-6-luna-2026-09-01", model_label=label), 300)
    assert finished["model"] == (label or "gpt-6-luna-2026-09-01")


def test_a_page_that_comes_later_gets_what_is_left_of_the_wait(monkeypatch):
    now = time.monotonic()
    monkeypatch.setattr(running_answer.time, "monotonic", lambda: now)
    answer = RunningAnswer(Answer(user_id=1, asked_at=timezone.now()), Prompt("What?"))
    for elapsed, left in ((0, 20), (5, 15), (60, 0)):
        answer.incoming.append(Piece(activity=Activity("retrying", 20.0)))
        answer.collect()
        now += elapsed
        assert answer.remaining_activity == Activity("retrying", pytest.approx(left))
    answer.incoming.append(Piece(activity=Activity("searching")))
    answer.collect()
    assert answer.remaining_activity == Activity("searching")
