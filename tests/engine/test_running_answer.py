"""One running answer: what arrives becomes text, reasoning and activities, and facts at the end."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.utils import timezone

from answers.engine.model_options import ModelOption, Price
from answers.engine.outcome import INTERNAL, INTERRUPTED, STOPPED, Outcome
from answers.engine.running_answer import CATCH_UP_CHARS, Content, RunningAnswer, Saved
from answers.models import Answer
from completions import Activity, Piece, Prompt, Source, Usage
from completions.errors import ConnectionFailed, TimedOut

THINKING, SEARCHING = Activity("thinking"), Activity("searching")


@pytest.fixture
def answer():
    return RunningAnswer(Answer(user_id=1, asked_at=timezone.now()), Prompt("What?"))


def arrive(answer, *pieces):
    """Return the type and the rest of each event, without the answer."""
    answer.incoming.extend(pieces)
    events = []
    for event in answer.collect():
        del event["answer"]
        events.append((event.pop("type").removeprefix("answer."), event))
    return events


def test_reasoning_and_text_are_collected_apart(answer):
    events = arrive(answer, Piece(reasoning="Let me "), Piece(reasoning="see. "), Piece("Yes"), Piece("."))
    assert events == [
        ("reasoning", {"position": 0, "text": "Let me see. "}),
        ("text", {"position": 0, "text": "Yes."}),
    ]
    assert answer.content == Content(0, "Yes.", "Let me see. ")


def test_a_batch_repeats_only_what_is_not_saved_of_its_own_part(answer):
    arrive(answer, Piece(reasoning="saved, "), Piece("Saved, "))
    answer.saved = Saved(0, 7, 7)
    arrive(answer, Piece(reasoning="not saved, "))
    assert arrive(answer, Piece(reasoning="new"))[-1] == (
        "reasoning",
        {"position": 7, "text": "not saved, new"},
    )
    assert arrive(answer, Piece("New")) == [
        ("text", {"position": 7, "text": "New", "saved_reasoning": 7}),
    ]


def test_a_batch_of_reasoning_repeats_at_most_the_catch_up_limit(answer):
    arrive(answer, Piece(reasoning="x" * CATCH_UP_CHARS))
    [(_, batch)] = arrive(answer, Piece(reasoning="new"))
    assert batch == {"position": CATCH_UP_CHARS, "text": "new"}


def test_text_that_was_reasoning_begins_anew(answer):
    arrive(answer, Piece("Hm. "))
    answer.saved = Saved(0, 4, 0)
    events = arrive(answer, Piece("Well. "), Piece("Yes.", "Hm. Well. ", restarts=True), Piece(" No."))
    assert events == [
        ("reasoning", {"position": 0, "text": "Hm. Well. "}),
        ("text", {"position": 0, "text": "Yes. No.", "edition": 1}),
    ]
    assert answer.content == Content(1, "Yes. No.", "Hm. Well. ")
    # A save of the old edition that ends now does not make the new text a saved one.
    answer.saved = Saved(0, 10, 0)
    [(_, batch)] = arrive(answer, Piece(" Maybe."))
    assert batch == {"position": 0, "text": "Yes. No. Maybe.", "edition": 1}


def test_a_text_that_begins_anew_is_announced_even_if_it_is_empty(answer):
    arrive(answer, Piece("Hm."))
    events = arrive(answer, Piece(reasoning="Hm.", restarts=True))
    assert ("text", {"position": 0, "text": "", "edition": 1}) in events
    assert answer.first_text_seconds is None
    arrive(answer, Piece("Yes."))
    assert answer.first_text_seconds is not None


@pytest.mark.parametrize(
    ("pieces", "activity"),
    [
        ([Piece(activity=SEARCHING)], SEARCHING),
        ([Piece(activity=SEARCHING), Piece(reasoning="Hm.")], THINKING),
        ([Piece(reasoning="Hm."), Piece(activity=SEARCHING)], SEARCHING),
        ([Piece(activity=SEARCHING), Piece("Yes.")], None),
        ([Piece("Yes."), Piece(activity=SEARCHING)], SEARCHING),
        ([Piece("Yes.", "Hm.")], None),
    ],
)
def test_the_latest_sign_of_life_counts_until_there_is_text(answer, pieces, activity):
    events = arrive(answer, *pieces)
    assert answer.activity == activity
    announced = [event["activity"] for type, event in events if type == "activity"]
    assert announced == ([activity.name] if activity else [])
    if activity and pieces[0].text:
        assert [type for type, _ in events] == ["text", "activity"]


def test_a_sign_of_life_is_announced_once_but_each_wait_anew(answer):
    assert arrive(answer, Piece(reasoning="Hm. "))[0] == (
        "activity",
        {"activity": "thinking", "retry_after": None},
    )
    assert [type for type, _ in arrive(answer, Piece(reasoning="Hm. "))] == ["reasoning"]
    for _ in range(2):
        retrying = Piece(activity=Activity("retrying", 2.0))
        assert arrive(answer, retrying) == [("activity", {"activity": "retrying", "retry_after": 2.0})]


# -- The end


def ended(answer, outcome=STOPPED, **facts):
    """End an answer of which the API has told these facts, and return the fields of its row."""
    names = ("finish_reason", "usage", "model", "response_id", "request_id")
    known = dict.fromkeys(names) | {"sources": [], "sent_turns": 0, "may_be_generating": False} | facts
    answer.completion = SimpleNamespace(**known)
    answer.finish_with(outcome)
    answer.end()
    return answer.end_fields


@pytest.mark.parametrize("outcome", [STOPPED, INTERRUPTED])
def test_what_the_api_told_is_kept_however_the_answer_ends(answer, outcome):
    fields = ended(
        answer,
        outcome,
        usage=Usage(100, 50, 150, 80, 40, Decimal("0.001234567891")),
        model="stand-in-2026",
        response_id="r" * 461,  # as long as LiteLLM's
        request_id="x" * 2_000,
        sources=[Source("https://example.org/", "Example\0")],
    )
    assert fields["status"] == outcome.status
    assert (fields["prompt_tokens"], fields["completion_tokens"]) == (100, 50)
    assert (fields["cached_tokens"], fields["reasoning_tokens"]) == (80, 40)
    assert fields["cost"] == Decimal("0.00123457")
    assert (fields["model"], fields["response_id"]) == ("stand-in-2026", "r" * 461)
    assert fields["request_id"] == "x" * 1_000
    assert fields["sources"] == [{"url": "https://example.org/", "title": "Example"}]
    assert "tokens_estimated" not in fields


def test_reasoning_counts_in_an_estimate(answer):
    arrive(answer, Piece(reasoning="x" * 40))
    fields = ended(answer)
    assert (fields["prompt_tokens"], fields["completion_tokens"]) == (2, 10)
    assert fields["tokens_estimated"] is True


@pytest.mark.parametrize("outcome", [STOPPED, INTERRUPTED, Outcome.of_error(TimedOut())])
def test_a_prompt_that_the_api_had_is_estimated_without_any_text(answer, outcome):
    answer.option = ModelOption(name="test", price=PRICE)
    fields = ended(answer, outcome, may_be_generating=True)
    assert (fields["prompt_tokens"], fields["completion_tokens"]) == (2, 0)
    assert fields["tokens_estimated"] is True
    assert fields["cost"] == Decimal("0.000004")


@pytest.mark.parametrize(
    ("outcome", "may_be_generating"),
    [(STOPPED, False), (INTERRUPTED, False), (INTERNAL, True), (Outcome.of_error(ConnectionFailed()), True)],
)
def test_without_text_nothing_is_estimated_that_the_api_did_not_have_or_has_given_up(
    answer, outcome, may_be_generating
):
    fields = ended(answer, outcome, may_be_generating=may_be_generating)
    assert "prompt_tokens" not in fields or fields["prompt_tokens"] is None
    assert "tokens_estimated" not in fields


PRICE = Price(input=Decimal(2), output=Decimal(10), cached_input=Decimal("0.5"))


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        (Usage(1_000_000, 100_000), Decimal("3.00000000")),
        (Usage(1_000_000, 100_000, cached_tokens=600_000), Decimal("2.10000000")),
        (Usage(1_000_000, 100_000, cost=Decimal("0.5")), Decimal("0.50000000")),
        (Usage(1_000_000, 100_000, cost=Decimal(0)), Decimal(0)),
        (Usage(1_000_000, 100_000, cost=Decimal("NaN")), Decimal("3.00000000")),
        (Usage(2**31 - 1, 2**31 - 1, cost=Decimal(10) ** 9), Decimal("25769.80376400")),
        (Usage(1_000_000, 100_000, cost=Decimal("999999.999999999")), Decimal("3.00000000")),
        (Usage(1_000), None),
        (None, None),
    ],
)
def test_the_cost_is_what_the_api_billed_or_else_by_the_price(answer, usage, cost):
    answer.option = ModelOption(name="test", price=PRICE)
    assert ended(answer, usage=usage)["cost"] == cost


def test_an_estimate_is_priced_too_and_without_a_price_there_is_no_cost(answer):
    arrive(answer, Piece("x" * 40))
    answer.option = ModelOption(name="test", price=PRICE)
    assert ended(answer)["cost"] == Decimal("0.00010400")
    answer.option = ModelOption(name="test")
    assert ended(answer, usage=Usage(1, 1))["cost"] is None


def test_an_answer_ends_whatever_the_api_told(answer):
    assert ended(answer, sources=[("only one",)], model="lost")["status"] == STOPPED.status
    assert answer.ended


def test_without_a_name_from_the_api_the_models_own_name_is_kept():
    row = Answer(user_id=1, asked_at=timezone.now(), model="gpt-6-luna@high")
    answer = RunningAnswer(row, Prompt("?"))
    assert (answer.shown_model, ended(answer)["model"]) == ("gpt-6-luna", "gpt-6-luna")
