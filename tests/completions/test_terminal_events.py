"""The terminal event of the Responses API, and a whole response: text in it that came before, or did not."""

import json
import time
import tracemalloc
from typing import Any

import pytest

from completions import Source
from completions.payloads import PayloadReader
from tests.support.measurements import within
from tests.support.offline_replies import Reading, read_in_every_split, read_offline
from tests.support.response_events import stream

PAGE = Source("https://a.example/", "A page")


def test_text_that_only_the_terminal_event_has_is_read() -> None:
    events, gathered = stream()
    events.end_with_text("One.", "Two.")
    assert read_offline(*gathered).text == "One.\n\nTwo."


def test_a_message_that_no_delta_brought_follows_those_that_came() -> None:
    events, gathered = stream()
    events.text("One.")
    events.end_with_text("Two.")
    assert read_offline(*gathered).text == "One.\n\nTwo."


@pytest.mark.parametrize("shift", [1, None])
def test_text_is_not_repeated_if_the_terminal_event_counts_differently(shift: int | None) -> None:
    """The items of some servers have other indexes there, for example because reasoning is missing."""
    events, gathered = stream(output_index=shift)
    events.text("One.")
    events.end()
    assert read_offline(*gathered).text == "One."


def test_equal_messages_are_both_read() -> None:
    events, gathered = stream()
    events.text("Yes.")
    events.text("Yes.", new_message=True)
    events.end_with_text("Yes.")
    assert read_offline(*gathered).text == "Yes.\n\nYes.\n\nYes."


def test_reasoning_that_only_the_terminal_event_has_is_read() -> None:
    events, gathered = stream()
    events.text("Yes.")
    item = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "A"}, {"text": "B"}]}
    message = {"type": "message", "content": [{"type": "output_text", "text": "Yes."}]}
    events.event("response.completed", response={"output": [item, message]})
    assert read_offline(*gathered)[:2] == ("Yes.", "A\n\nB")


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    ("fields", "outcome", "finish_reason"),
    [
        ({"status": "completed", "error": None, "incomplete_details": None}, "complete", "stop"),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            "complete",
            "length",
        ),
        ({"status": "failed", "error": {"code": "rate_limit_exceeded"}}, "busy", None),
    ],
)
def test_a_whole_response_instead_of_a_stream_is_an_answer(
    indent: int | None, fields: dict[str, Any], outcome: str, finish_reason: str | None
) -> None:
    part = {
        "type": "output_text",
        "text": "Yes.",
        "annotations": [{"type": "url_citation", **PAGE._asdict()}],
    }
    thought = {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm"}]}
    output = [thought, {"type": "message", "content": [part]}, None]
    body = json.dumps({"object": "response", "output": output, **fields}, indent=indent).encode()
    reading = read_in_every_split(b" \n" + body)
    read = Reading("Yes.", "Hm", ("thinking",), finish_reason=finish_reason, sources=(PAGE,))
    assert reading == (read if outcome == "complete" else Reading(outcome=outcome))


@pytest.mark.parametrize("texts", [("Hello world",), ("Hello", "world"), ("\nHello ", " world")])
def test_text_is_not_repeated_if_the_terminal_event_divides_or_trims_it_differently(
    texts: tuple[str, ...],
) -> None:
    events, gathered = stream(output_index=7)
    events.text(" Hello ")
    events.text("world\n")
    content = [{"type": "output_text", "text": text} for text in texts]
    events.event("response.completed", response={"output": [{"type": "message", "content": content}]})
    assert read_offline(*gathered).text == " Hello world\n"


@pytest.mark.parametrize(
    ("fields", "outcome", "finish_reason"),
    [
        (
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            "complete",
            "length",
        ),
        ({"status": "failed", "error": {"code": "server_error", "message": "Broken"}}, "bad_response", None),
        ({"status": "cancelled"}, "bad_response", None),
    ],
)
def test_a_response_that_is_not_complete_is_not_shown_as_complete_whatever_its_event(
    fields: dict[str, Any], outcome: str, finish_reason: str | None
) -> None:
    events, gathered = stream()
    events.text("Cut")
    events.event("response.completed", response={"output": [], **fields})
    reading = read_offline(*gathered)
    assert (reading.text, reading.outcome, reading.finish_reason) == ("Cut", outcome, finish_reason)


@pytest.mark.parametrize("type_", ["response.web_search_call.searching", "response.output_item.added"])
def test_a_stream_without_its_first_event_and_its_end_was_cut(type_: str) -> None:
    payload = {"type": type_, "item": {"type": "reasoning"}}
    assert read_offline(b"data: %s\n\n" % json.dumps(payload).encode()).outcome == "connection"


def test_indexes_may_be_negative() -> None:
    events, gathered = stream()
    events.event("response.output_text.delta", output_index=-1, content_index=-1, delta="Yes.")
    events.event("response.completed", response={})
    reading = read_offline(*gathered)
    assert (reading.text, reading.outcome) == ("Yes.", "complete")


def test_reasoning_in_the_text_is_not_kept_to_compare_it() -> None:
    reader = PayloadReader()
    event = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0}
    tracemalloc.start()
    for _ in range(1_000):
        delta = event | {"delta": "x" * 10_000}
        assert reader.read_text(delta) or reader.read(delta).text
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 3_000_000  # of ten


@pytest.mark.measures
def test_a_terminal_event_of_many_parts_is_read_in_time() -> None:
    events, gathered = stream()
    for number in range(1_000):
        events.text("x" * 900, new_message=bool(number))
    content = [{"type": "output_text", "text": f"y{number}"} for number in range(20_000)]
    events.event("response.completed", response={"output": [{"type": "message", "content": content}]})
    with within(3, time.process_time):
        read_offline(*gathered)
