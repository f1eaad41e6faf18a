"""Reasoning through a call: in every format, as output for the deadlines, limited, never the answer."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from completions import Prompt
from completions.dialects import Dialects
from completions.pieces import Activity, Piece
from completions.thinking import CONVINCING_ANSWERS
from tests.completions.conftest import RunningClock
from tests.support.api_server import ApiServer, ClientFor, Exchange, answer, every_api
from tests.support.known_replies import END, event
from tests.support.offline_replies import Reading, read_in_every_split, read_offline

UNMARKED = [event("Hm "), event("hm\n"), event("</think>\n\nYes.")]


def responses_event(kind: str, text: str, **fields: Any) -> bytes:
    payload = {"type": f"response.{kind}.delta", "output_index": 0, "delta": text, **fields}
    return b"data: " + json.dumps(payload).encode() + b"\n\n"


def details(**fields: str) -> bytes:
    return event({"content": "", "reasoning_details": [{"type": "reasoning.text", "index": 0, **fields}]})


def parts(thinking: Any) -> bytes:
    return event({"content": [{"type": "thinking", "thinking": thinking}]})


SHAPES: dict[str, Callable[[str], bytes]] = {
    "reasoning_content": lambda text: event({"content": None, "reasoning_content": text}),
    "reasoning": lambda text: event({"reasoning": text}),
    "both": lambda text: event({"reasoning_content": text, "reasoning": text}),
    "reasoning and its details": lambda text: event(
        {"reasoning": text, "reasoning_details": [{"text": text}]}
    ),
    "details with text": lambda text: details(text=text),
    "details with a summary": lambda text: details(type="reasoning.summary", summary=text),
    "parts": lambda text: parts([{"type": "text", "text": text}]),
    "parts of plain text": lambda text: parts(text),
    "parts with text": lambda text: event({"content": [{"type": "thinking", "text": text}]}),
    "parts of reasoning": lambda text: event({"content": [{"type": "reasoning", "text": text}]}),
    "Responses, text": lambda text: responses_event("reasoning_text", text, content_index=0),
    "Responses, summary": lambda text: responses_event("reasoning_summary_text", text, summary_index=0),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_reasoning_in_every_shape_is_kept_apart_from_the_answer(shape: Callable[[str], bytes]) -> None:
    reading = read_in_every_split(shape("Hm ") + shape("hm.") + event("Yes.") + END)
    assert reading == Reading("Yes.", "Hm hm.", ("thinking",), finish_reason="stop")


@pytest.mark.parametrize("text", ["<think>Hm hm.</think>Yes.", "\n<think>\nHm hm.</think>\n\nYes."])
def test_reasoning_in_tags_cut_at_every_character_is_kept_apart_too(text: str) -> None:
    expected = Reading("Yes.", "Hm hm.", ("thinking",), finish_reason="stop")
    for cut in range(len(text)):
        assert read_offline(event(text[:cut]), event(text[cut:]), END) == expected
    assert read_offline(*map(event, text), END) == expected


def test_encrypted_reasoning_and_nulls_are_nothing() -> None:
    nulls = {"reasoning_content": None, "reasoning": None, "reasoning_details": None, "content": None}
    encrypted = {"reasoning_details": [{"type": "reasoning.encrypted", "data": "xyz"}, None, 1]}
    odd = {"content": [{"type": "thinking", "thinking": None}, {"type": "thinking"}], "reasoning": 1}
    assert read_offline(event(nulls), event(encrypted), event(odd), event("Yes."), END).reasoning == ""


# Without an opening tag


def test_text_before_a_lone_closing_tag_was_reasoning_after_all(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    api_server.answer(["Hm ", "hm\n", "</think>", "\n\nYes."])
    pieces = list(client_for(api_server).ask(Prompt("Why?")).pieces())
    assert pieces == [
        Piece("Hm "),
        Piece("hm\n"),
        Piece("Yes.", "Hm hm\n", restarts=True),
    ]


@every_api
def test_the_next_answer_of_that_model_begins_with_reasoning(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    api_server.answer(["Hm ", "hm\n", "</think>\n\nYes."])
    client = client_for(api_server)
    for _ in range(CONVINCING_ANSWERS):
        assert "".join(client.ask(Prompt("Why?"))) == "Hm hm\nYes."  # the first two pieces are taken back
    other = list(client.ask(Prompt("Why?", model="other")).pieces())
    assert other[0] == Piece("Hm ")
    assert list(client.ask(Prompt("Why?")).pieces()) == [
        Piece(reasoning="Hm ", activity=Activity("thinking")),
        Piece(reasoning="hm\n"),
        Piece("Yes."),
    ]


def test_an_answer_in_which_somebody_had_the_tag_written_changes_no_other_answer(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    api_server.script(*[answer(["Hello\n", "</think>\nBye"])] * 2, answer(["No", "."]))
    client = client_for(api_server)
    for _ in range(2):
        list(client.ask(Prompt("Please write </think>.")))
    assert list(client.ask(Prompt("Why?")).pieces()) == [Piece("No"), Piece(".")]


def test_an_answer_of_that_model_without_reasoning_is_not_lost(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    unmarked = [answer(["Hm\n", "</think>\nYes."])] * CONVINCING_ANSWERS
    api_server.script(*unmarked, answer(["No", "."]), answer(["No", "."]))
    client = client_for(api_server, reasoning_bytes=1)
    for _ in unmarked:
        list(client.ask(Prompt("Why?")))
    assert list(client.ask(Prompt("Why?"))) == ["No."]
    assert list(client.ask(Prompt("Why?"))) == ["No", "."]  # it is no longer expected to reason


def test_a_model_that_was_cut_off_while_reasoning_is_still_remembered() -> None:
    dialects = Dialects()
    for _ in range(CONVINCING_ANSWERS):
        assert "small" not in dialects.unmarked
        read_offline(*UNMARKED, END, dialects=dialects)
    assert (
        read_offline(event("Hm"), event(finish_reason="length"), dialects=dialects).outcome == "bad_response"
    )
    assert "small" in dialects.unmarked


def test_the_limit_of_an_answer_counts_anew_after_its_reasoning() -> None:
    stream = event("x" * 15 + "\n") + event("</think>\n") + event("y" * 15) + END
    assert read_offline(stream, answer_bytes=20).text == "y" * 15


# Signs of life


@every_api
def test_thinking_is_said_once_for_each_period(api_server: ApiServer, client_for: ClientFor) -> None:
    def behaviour(exchange: Exchange) -> None:
        exchange.head()
        for delta in (
            {"reasoning": "Hm"},
            {"reasoning": "hm"},
            "Yes",
            {"reasoning": "Or"},
            {"reasoning": "?"},
            ".",
        ):
            exchange.chunk(delta)
        exchange.finish()

    api_server.behaviour = behaviour
    pieces = list(client_for(api_server).ask(Prompt("Why?")).pieces())
    thinking = [bool(piece.activity) for piece in pieces if piece.reasoning]
    assert thinking in ([True, False, True, False], [False, False, False, False])
    assert [piece.activity.name for piece in pieces if piece.activity] == ["thinking", "thinking"]


def test_reasoning_over_its_limit_is_dropped_and_the_answer_is_whole() -> None:
    stream = event({"reasoning": "äöü"}) + event({"reasoning": "äöü"}) + event("Yes.") + END
    assert read_offline(stream, reasoning_bytes=9) == Reading(
        "Yes.", "äöüä", ("thinking",), finish_reason="stop"
    )


def test_without_room_for_reasoning_none_is_kept_but_thinking_is_said(
    api_server: ApiServer, client_for: ClientFor, clock: RunningClock
) -> None:
    def behaviour(exchange: Exchange) -> None:
        exchange.head()
        for _ in range(8):
            with clock.until_read(), exchange.in_one_packet():
                exchange.chunk({"reasoning": "Hm"})
            clock.put_forward(40)
        exchange.chunk("Yes.")
        exchange.finish()

    api_server.behaviour = behaviour
    seconds = {"first_text_seconds": 60, "silence_seconds": 60, "answer_seconds": 0}
    client = client_for(api_server, reasoning_bytes=0, **seconds)
    assert list(client.ask(Prompt("Why?")).pieces()) == [Piece(activity=Activity("thinking")), Piece("Yes.")]


@pytest.mark.parametrize("reasoning_bytes", [0, 3, 200_000])
def test_an_answer_that_came_as_reasoning_is_whole_whatever_is_kept(reasoning_bytes: int) -> None:
    stream = event({"reasoning": "Yes, "}) + event({"reasoning": "I do."}) + END
    assert read_offline(stream, reasoning_bytes=reasoning_bytes).text == "Yes, I do."


def test_reasoning_that_is_longer_than_an_answer_may_be_is_not_taken_for_a_whole_one() -> None:
    stream = event({"reasoning": "Yes, "}) + event({"reasoning": "I do."}) + END
    reading = read_offline(stream, answer_bytes=8)
    assert (reading.text, reading.outcome) == ("Yes, I d", "too_large")


@pytest.mark.parametrize(("room", "kept"), [(0, ""), (5, "Hm hm"), (8, "Hm hm\n\nH"), (99, "Hm hm\n\nHm hm")])
def test_the_limit_of_the_reasoning_is_one_for_all_attempts(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch, room: int, kept: str
) -> None:
    monkeypatch.setattr("completions.errors.FIRST_PAUSE_SECONDS", 0.01)

    def breaks(exchange: Exchange) -> None:
        exchange.head()
        exchange.chunk({"reasoning": "Hm hm"})
        exchange.cut()

    def thinks(exchange: Exchange) -> None:
        exchange.head()
        exchange.chunk({"reasoning": "Hm hm"})
        exchange.chunk("Yes.")
        exchange.finish()

    api_server.script(breaks, thinks)
    pieces = list(client_for(api_server, reasoning_bytes=room).ask(Prompt("Why?")).pieces())
    assert "".join(piece.text for piece in pieces) == "Yes."
    assert "".join(piece.reasoning for piece in pieces) == kept
