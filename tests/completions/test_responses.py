"""The Responses API: what each event of its stream becomes, in all the ways in which servers send them."""

from typing import Any

import pytest

from completions import Activity, Completion, CompletionError, Piece, Prompt, Source, Usage
from completions.payloads import PayloadReader
from tests.completions.conftest import RunningClock
from tests.support.api_server import ApiServer, ClientFor, Exchange
from tests.support.offline_replies import Reading, read_in_every_split, read_offline
from tests.support.response_events import ResponseEvents, stream

PAGE = Source("https://a.example/", "A page")


def everything(events: ResponseEvents) -> None:
    events.think()
    events.summary("First")
    events.summary(" thought.")
    events.summary("Second.", index=1)
    events.search()
    events.text("Yes")
    events.annotation(*PAGE)
    events.text(", indeed.")
    events.text("More.", new_message=True)
    events.refusal("But no more.")
    usage = {"prompt_tokens": 9, "completion_tokens": 8, "total_tokens": 17}
    details = {
        "input_tokens_details": {"cached_tokens": 7},
        "output_tokens_details": {"reasoning_tokens": 6},
    }
    events.end(usage=usage | details)


WHOLE = Reading(
    "Yes, indeed.\n\nMore.But no more.",
    "First thought.\n\nSecond.",
    ("thinking", "searching"),
    finish_reason="stop",
    sources=(PAGE,),
)


@pytest.mark.parametrize("nulls", [{}, {"output_index": None}, {"item_id": None}, {"sequence_number": None}])
@pytest.mark.parametrize("send_named", [True, False])
def test_every_event_is_understood_with_or_without_its_name(send_named: bool, nulls: dict[str, None]) -> None:
    events, gathered = stream(send_named, **nulls)
    everything(events)
    assert read_offline(*gathered) == WHOLE


def test_where_the_payload_has_no_type_the_name_of_the_event_counts() -> None:
    events, gathered = stream(type=None)
    everything(events)
    assert read_offline(*gathered) == WHOLE


def test_a_response_cut_anywhere_reads_the_same() -> None:
    events, gathered = stream()
    events.summary("Hm")
    events.text("Yä", new_message=True)
    events.end()
    assert read_in_every_split(b"".join(gathered)) == Reading("Yä", "Hm", ("thinking",), finish_reason="stop")


def test_everything_about_a_response_is_known_at_its_end(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    def behaviour(exchange: Exchange) -> None:
        exchange.head()
        everything(exchange.responses)
        exchange.stall()  # the terminal event is the end

    api_server.behaviour = behaviour
    completion = client_for(api_server, api="responses").ask(Prompt("Why?"))
    assert "".join(completion) == WHOLE.text
    assert completion.usage == Usage(9, 8, 17, cached_tokens=7, reasoning_tokens=6)
    assert (completion.model, completion.response_id) == ("stand-in", "resp_1")
    assert completion.sources == [PAGE]
    assert api_server.requests[0].path.endswith("/responses")
    assert api_server.requests[0].question == "Why?"


@pytest.mark.parametrize("end", ["data: [DONE]\n\n", "data: [DONE]"])
def test_done_is_an_end_too(end: str) -> None:
    events, gathered = stream()
    events.text("Yes.")
    assert read_offline(*gathered, end.encode()).outcome == "complete"


def test_a_response_without_a_terminal_event_is_cut() -> None:
    events, gathered = stream()
    events.text("Half")
    events.event("response.output_text.done", text="Half", **events.place)
    assert read_offline(*gathered)[:4] == ("Half", "", (), "connection")
    assert read_offline(gathered[0]).outcome == "connection"  # only `response.created`


@pytest.mark.parametrize(
    ("reason", "outcome", "finish_reason"),
    [
        ("max_output_tokens", "complete", "length"),
        ("content_filter", "filtered", "content_filter"),
        ("of_the_future", "bad_response", None),
        (None, "bad_response", None),
    ],
)
def test_an_incomplete_response_says_why(reason: str | None, outcome: str, finish_reason: str | None) -> None:
    events, gathered = stream()
    events.text("Half")
    events.event("response.incomplete", response={"incomplete_details": {"reason": reason}})
    reading = read_offline(*gathered)
    assert (reading.text, reading.outcome, reading.finish_reason) == ("Half", outcome, finish_reason)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"code": "rate_limit_exceeded", "message": "Slow down"}, "busy"),
        ({"code": "insufficient_quota", "message": "Pay"}, "quota"),
        ({"code": "server_error", "message": "Crash"}, "bad_response"),
        (None, "bad_response"),
    ],
)
@pytest.mark.parametrize("at_top_level", [True, False])
def test_a_failed_response_is_an_error(error: dict[str, str] | None, code: str, at_top_level: bool) -> None:
    events, gathered = stream()
    events.text("Half")
    if at_top_level:
        events.event("error", **(error or {"code": None, "message": None}), param=None)
    else:
        events.event("response.failed", response={"error": error})
    reading = read_offline(*gathered)
    assert (reading.text, reading.outcome) == ("Half", code)


def test_the_operator_reads_the_apis_own_words(api_server: ApiServer, client_for: ClientFor) -> None:
    def behaviour(exchange: Exchange) -> None:
        exchange.head()
        exchange.responses.error("insufficient_quota", "Pay first")
        exchange.end()

    api_server.behaviour = behaviour
    with pytest.raises(CompletionError) as caught:
        list(client_for(api_server, api="responses").ask(Prompt("Why?")))
    assert "Pay first" in caught.value.detail


# Signs of life


def pieces_of(completion: Completion) -> list[Piece]:
    return list(completion.pieces())


@pytest.mark.parametrize(
    ("state", "activity"), [("in_progress", "searching"), ("searching", "searching"), ("completed", None)]
)
def test_each_event_of_a_web_search_moves_the_clocks(state: str, activity: str | None) -> None:
    delta = PayloadReader().read({"type": f"response.web_search_call.{state}", "output_index": 0})
    assert (delta.has_output, delta.activity) == (True, activity)


def test_a_web_search_is_a_sign_of_life(
    api_server: ApiServer, client_for: ClientFor, clock: RunningClock
) -> None:
    def behaviour(exchange: Exchange) -> None:
        exchange.head()
        for _ in range(3):
            with clock.until_read(), exchange.in_one_packet():
                exchange.responses.search()
                exchange.responses.think()  # so that the next search is an item of its own
            clock.put_forward(40)
        exchange.responses.text("Yes.")
        exchange.responses.end()
        exchange.end()

    api_server.behaviour = behaviour
    seconds = {"first_text_seconds": 60, "silence_seconds": 60, "answer_seconds": 0}
    client = client_for(api_server, api="responses", **seconds)
    names = [piece.activity.name for piece in pieces_of(client.ask(Prompt("Why?"))) if piece.activity]
    assert names == ["searching", "thinking"] * 3


def test_an_item_of_reasoning_says_thinking_but_is_no_sign_of_life(
    api_server: ApiServer, client_for: ClientFor, clock: RunningClock
) -> None:
    def behaviour(exchange: Exchange) -> None:
        exchange.head()
        exchange.responses.think()
        while not exchange.wait(0.05):
            exchange.responses.event("response.in_progress", response={"id": "resp_1"})

    api_server.behaviour = behaviour
    completion = client_for(api_server, api="responses", first_text_seconds=60).ask(Prompt("Why?"))
    pieces = completion.pieces()
    assert next(pieces) == Piece(activity=Activity("thinking"))
    clock.put_forward(60)
    with pytest.raises(CompletionError, match="did not begin"):
        next(pieces)


# What is not in the table


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "response.of_the_future", "delta": "no"},
        {"type": "response.output_text.delta", "delta": None},
        {"type": "response.output_text.delta"},
        {"type": "response.reasoning_text.delta", "delta": None, "summary_index": None},
        {"type": "response.function_call_arguments.delta", "delta": "no"},
        {"type": "response.output_item.added", "item": None},
        {"type": "response.output_text.annotation.added", "annotation": None},
        {"type": "response.created", "response": None},
        {"type": None},
        {"type": "keepalive"},
    ],
)
def test_anything_else_and_nulls_are_ignored(payload: dict[str, Any]) -> None:
    events, gathered = stream()
    events.text("Yes")
    events.event(**({"type_": payload["type"]} | {k: v for k, v in payload.items() if k != "type"}))
    events.text(".")
    events.end()
    assert read_offline(*gathered) == Reading("Yes.", finish_reason="stop")


@pytest.mark.parametrize(
    "response", [None, {}, {"output": None, "usage": None}, {"output": [None, {"type": 1}]}]
)
def test_a_terminal_event_may_be_empty(response: Any) -> None:
    events, gathered = stream()
    events.text("Yes.")
    events.event("response.completed", response=response)
    assert read_offline(*gathered) == Reading("Yes.", finish_reason="stop")
