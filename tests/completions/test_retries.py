"""When a question is sent again: after a passing failure, or with fewer turns, but never after text."""

import time
from typing import Any

import pytest

from completions import Activity, Piece, Prompt, Turn
from completions.errors import BadRequest, CompletionError
from tests.support.api_behaviours import RETRY_AT_ONCE, Behaviour, Exchange, answer, chunk, events, refuse
from tests.support.api_server import ApiServer, ClientFor, every_api
from tests.support.completion_reader import failure_of


def closes_at_once(exchange: Exchange) -> None:
    exchange.cut()


@every_api
@pytest.mark.parametrize(
    "failure",
    [
        refuse(429, "x", RETRY_AT_ONCE),
        refuse(500, "x", RETRY_AT_ONCE),
        closes_at_once,
        events({"error": {"message": "later", "code": "rate_limit_exceeded"}}),
    ],
)
def test_temporary_failures_are_not_shown(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: Any, failure: Behaviour
) -> None:
    monkeypatch.setattr("completions.errors.FIRST_PAUSE_SECONDS", 0.01)
    api_server.script(failure, failure)
    completion = client_for(api_server).ask(Prompt("Why?"))
    assert "".join(completion) == "Hello, world"
    assert completion.request_id == "req-3"
    assert [request.body for request in api_server.requests] == [api_server.requests[0].body] * 3


@every_api
def test_a_stream_that_breaks_before_the_first_text_is_retried(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: Any
) -> None:
    monkeypatch.setattr("completions.errors.FIRST_PAUSE_SECONDS", 0.01)

    def breaks(exchange: Exchange) -> None:
        exchange.head()
        exchange.chunk({"role": "assistant", "reasoning": "Hmm"})
        exchange.cut()

    api_server.script(breaks, breaks)
    pieces = list(client_for(api_server).ask(Prompt("Why?")).pieces())
    assert "".join(piece.text for piece in pieces) == "Hello, world"
    if api_server.requests[0].path.endswith("/completions") and "prompt" in api_server.requests[0].body:
        return  # the legacy API has no reasoning
    assert "".join(piece.reasoning for piece in pieces) == "Hmm\n\nHmm\n\n"  # each attempt reasons again


def test_a_failure_after_the_first_text_is_never_retried(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    api_server.behaviour = events(chunk("Half"), {"error": {"message": "x", "code": "rate_limit_exceeded"}})
    completion = client_for(api_server).ask(Prompt("Why?"))
    assert next(completion) == "Half"
    with pytest.raises(CompletionError) as caught:
        next(completion)
    assert caught.value.code == "busy"
    assert len(api_server.requests) == 1


@pytest.mark.parametrize("headers", [{"retry-after": "0.3"}, {"retry-after-ms": "300"}])
def test_the_pause_is_as_long_as_the_api_asks(
    api_server: ApiServer, client_for: ClientFor, headers: dict[str, str]
) -> None:
    api_server.script(refuse(429, "x", headers))
    pieces = list(client_for(api_server).ask(Prompt("Why?")).pieces())
    assert [piece.activity for piece in pieces if piece.activity] == [Activity("retrying", 0.3)]
    first, second = (request.arrived for request in api_server.requests)
    assert 0.3 <= second - first < 10  # of which a busy machine may need some


def test_a_wait_is_announced_before_it_begins(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.script(refuse(429, "x", {"retry-after": "0.3"}))
    pieces = client_for(api_server).ask(Prompt("Why?")).pieces()
    assert next(pieces) == Piece(activity=Activity("retrying", 0.3))
    assert len(api_server.requests) == 1
    assert "".join(piece.text for piece in pieces) == "Hello, world"


def test_a_wait_that_nobody_would_notice_is_not_announced(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    api_server.script(refuse(429, "x", RETRY_AT_ONCE))
    pieces = list(client_for(api_server).ask(Prompt("Why?")).pieces())
    assert all(piece.activity is None or piece.activity.name != "retrying" for piece in pieces)


def test_a_pause_that_leaves_no_time_for_an_answer_is_not_made(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    api_server.behaviour = refuse(429, "x", {"retry-after": "10"})
    began = time.monotonic()
    assert failure_of(client_for(api_server, first_text_seconds=9)).code == "busy"
    assert time.monotonic() - began < 9
    assert len(api_server.requests) == 1


def test_a_connection_that_the_server_has_closed_is_retried_without_a_pause(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a server restart or behind a firewall: the close crosses the next request on its way."""
    monkeypatch.setattr("completions.errors.FIRST_PAUSE_SECONDS", 20)
    api_server.script(answer(["one"]), closes_at_once)
    client = client_for(api_server)
    assert list(client.ask(Prompt("Why?"))) == ["one"]
    began = time.monotonic()
    assert "".join(client.ask(Prompt("Why?"))) == "Hello, world"
    assert time.monotonic() - began < 15  # the shortest pause
    assert api_server.accepted == 2


def test_a_reply_that_breaks_off_is_not_a_stale_connection(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    def breaks(exchange: Exchange) -> None:
        exchange.head()
        exchange.cut()

    api_server.script(answer(["one"]), breaks)
    client = client_for(api_server)
    list(client.ask(Prompt("Why?")))
    assert "".join(client.ask(Prompt("Why?"))) == "Hello, world"
    _, second, third = (request.arrived for request in api_server.requests)
    assert third - second > 0.3  # the pause of a first retry


# A question that is too long


TURNS = tuple(Turn(f"{number}?", f"{number}.") for number in range(5))


def accepts(messages: int, refusal: Behaviour) -> Behaviour:
    """Accepts this many messages and no more."""

    def behaviour(exchange: Exchange) -> None:
        (answer(["Hi"]) if len(exchange.body["messages"]) <= messages else refusal)(exchange)

    return behaviour


TOO_LONG_ERRORS = [
    refuse(400, {"message": "...", "type": "invalid_request_error", "code": "context_length_exceeded"}),
    refuse(
        400, {"message": "This model's maximum context length is 4096 tokens.", "type": "BadRequestError"}
    ),
    refuse(400, {"message": "x", "type": "exceed_context_size_error", "code": 400}),  # llama.cpp
    refuse(500, {"message": "Context size has been exceeded.", "type": "server_error", "code": 500}),
    refuse(413, "x"),
    events({"error": {"message": "the request exceeds the available context size", "code": 500}}),
]


@pytest.mark.parametrize("refusal", TOO_LONG_ERRORS)
def test_a_question_with_too_many_turns_is_sent_with_the_newer_ones(
    api_server: ApiServer, client_for: ClientFor, refusal: Behaviour
) -> None:
    api_server.behaviour = accepts(3, refusal)
    assert list(client_for(api_server).ask(Prompt("Why?", TURNS))) == ["Hi"]
    sent = [[message["content"] for message in one.body["messages"]] for one in api_server.requests]
    assert [len(contents) for contents in sent] == [11, 5, 3]
    assert sent[-1] == ["4?", "4.", "Why?"]


@pytest.mark.parametrize("refusal", TOO_LONG_ERRORS)
def test_a_question_that_is_too_long_by_itself_is_reported(
    api_server: ApiServer, client_for: ClientFor, refusal: Behaviour
) -> None:
    api_server.behaviour = refusal
    with pytest.raises(BadRequest, match="shorten it"):
        list(client_for(api_server).ask(Prompt("Why?", TURNS)))
    assert [len(request.body["messages"]) for request in api_server.requests] == [11, 5, 3, 1]


def test_attempts_with_fewer_turns_do_not_count_as_retries(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("completions.errors.FIRST_PAUSE_SECONDS", 0.01)
    busy = refuse(503, "x", RETRY_AT_ONCE)
    api_server.script(busy, TOO_LONG_ERRORS[0], busy, TOO_LONG_ERRORS[0])
    assert "".join(client_for(api_server).ask(Prompt("Why?", TURNS))) == "Hello, world"
    assert len(api_server.requests) == 5


# A limit that is too large for this question


VLLM_TOO_LARGE = refuse(
    400,
    {
        "message": "'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum context "
        "length is 4096 tokens and your request has 20 input tokens (8192 > 4096 - 20).",
        "type": "BadRequestError",
        "code": 400,
    },
)


def test_a_limit_that_is_too_large_is_left_out_for_this_question_only(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    api_server.script(VLLM_TOO_LARGE)
    client = client_for(api_server, max_tokens=8192)
    for _ in range(2):
        completion = client.ask(Prompt("Why?", TURNS))
        assert "".join(completion) == "Hello, world"
        assert (completion.sent_turns, completion.refused_fields) == (5, frozenset())
    assert ["max_tokens" in request.body for request in api_server.requests] == [True, False, True]


def test_a_question_that_is_too_long_even_without_the_limit_loses_turns(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    api_server.behaviour = accepts(3, VLLM_TOO_LARGE)
    completion = client_for(api_server, max_tokens=8192).ask(Prompt("Why?", TURNS))
    assert list(completion) == ["Hi"]
    assert completion.sent_turns == 1
    sent = [(len(one.body["messages"]), "max_tokens" in one.body) for one in api_server.requests]
    assert sent == [(11, True), (11, False), (5, False), (3, False)]
