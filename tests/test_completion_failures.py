"""Answers that do not come: what the person is told, what the operator, and when it is tried again."""

import json
import logging
import socket
import time
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from answers.completions import Client, Prompt, Turn
from answers.completions.errors import BadRequest, CompletionError, InternalError
from tests.api_server import ApiServer, Behaviour, Exchange, answer, events, refuse

ClientFor = Callable[..., Client]
AT_ONCE = {"retry-after-ms": "1"}


def chunk(text: str | None = None, finish_reason: str | None = None) -> dict[str, Any]:
    return {"choices": [{"delta": {"content": text}, "finish_reason": finish_reason}]}


def failure_of(client: Client) -> CompletionError:
    with pytest.raises(CompletionError) as caught:
        list(client.ask(Prompt("Why?")))
    return caught.value


def closes_at_once(exchange: Exchange) -> None:
    exchange.cut()


def page(status: int) -> Behaviour:
    return lambda exchange: exchange.reply(status, "<html><h1>Bad gateway</h1></html>", AT_ONCE)


# Which error


@pytest.mark.parametrize(
    ("behaviour", "code", "requests"),
    [
        (refuse(400, {"message": "Bad", "code": None}), "bad_request", 1),
        (refuse(401, {"message": "Wrong key", "code": "invalid_api_key"}), "not_configured", 1),
        (refuse(403), "not_configured", 1),
        (refuse(404, {"message": "No model", "code": "model_not_found"}), "not_configured", 1),
        (refuse(429, {"message": "Pay", "code": "insufficient_quota"}, AT_ONCE), "quota", 1),
        (refuse(408, "x", AT_ONCE), "timeout", 3),
        (refuse(409, "x", AT_ONCE), "busy", 3),
        (refuse(429, "x", AT_ONCE), "busy", 3),
        (refuse(500, "x", AT_ONCE), "bad_response", 3),
        (refuse(503, "x", AT_ONCE), "busy", 3),
        (page(502), "bad_response", 3),
        (page(200), "bad_response", 1),
        (lambda exchange: exchange.reply(200, {"error": {"message": "x", "code": 401}}), "not_configured", 1),
        (lambda exchange: exchange.reply(200, {"detail": "x"}), "bad_response", 1),
        (lambda exchange: exchange.reply(200, [1]), "bad_response", 1),
        (events("{not json"), "bad_response", 1),
        (events({"choices": [{"delta": {"reasoning": "Hmm"}}]}), "connection", 3),
        (events("[" * 100_000), "bad_response", 1),
        (events({"error": {"message": "x", "type": "invalid_request_error"}}), "bad_request", 1),
        (events({"error": "model crashed"}), "bad_response", 1),
        (events({"object": "error", "message": "x", "code": 400}), "bad_request", 1),
        (events({"error": {"message": "x", "code": 402}, **chunk(None, "error")}), "quota", 1),
    ],
)
def test_each_failure_has_its_code_and_its_number_of_attempts(
    api_server: ApiServer,
    client_for: ClientFor,
    monkeypatch: pytest.MonkeyPatch,
    behaviour: Behaviour,
    code: str,
    requests: int,
) -> None:
    monkeypatch.setattr("answers.completions.failures.FIRST_PAUSE_SECONDS", 0.01)
    api_server.behaviour = behaviour
    assert failure_of(client_for(api_server)).code == code
    assert len(api_server.requests) == requests


@pytest.mark.parametrize(
    "said",
    [
        'event: error\ndata: {"error": {"message": "Crash", "code": 402}}\n\n',
        'event: error\ndata: {"message": "Crash", "code": "insufficient_quota"}\n\n',
        'error: {"code": 402, "message": "Crash"}\n\n',
    ],
)
def test_error_frames_of_other_servers_are_understood(
    api_server: ApiServer, client_for: ClientFor, said: str
) -> None:
    def behaviour(exchange: Exchange) -> None:
        exchange.head()
        exchange.chunk("Half")
        exchange.send(said)
        exchange.finish()

    api_server.behaviour = behaviour
    completion = client_for(api_server).ask(Prompt("Why?"))
    assert next(completion) == "Half"
    with pytest.raises(CompletionError) as caught:
        next(completion)
    assert caught.value.code == "quota"
    assert "Crash" in caught.value.detail


def test_an_error_frame_in_plain_words_is_an_error(api_server: ApiServer, client_for: ClientFor) -> None:
    def behaviour(exchange: Exchange) -> None:
        exchange.head()
        exchange.send("event: error\ndata: out of memory\n\n")
        exchange.end()

    api_server.behaviour = behaviour
    assert failure_of(client_for(api_server)).detail.endswith("out of memory")


def test_an_address_where_nobody_listens(
    client_for: ClientFor, api_server: ApiServer, monkeypatch: Any
) -> None:
    monkeypatch.setattr("answers.completions.failures.FIRST_PAUSE_SECONDS", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    error = failure_of(client_for(api_server, base_url=f"http://127.0.0.1:{port}/v1"))
    assert error.code == "connection"
    assert "refused" in error.detail


@pytest.mark.parametrize(
    "base_url", ["", "api.example/v1", "ftp://127.0.0.1/v1", "http://", "http://[::1/v1"]
)
def test_an_address_that_is_none_is_the_operators_business(
    client_for: ClientFor, api_server: ApiServer, base_url: str
) -> None:
    assert failure_of(client_for(api_server, base_url=base_url)).code == "not_configured"


@pytest.mark.parametrize("api_key", ["sécret", "sec\nret", "sec\x00ret"])
def test_a_key_that_no_header_can_hold_is_never_shown(
    client_for: ClientFor, api_server: ApiServer, api_key: str
) -> None:
    error = failure_of(client_for(api_server, api_key=api_key))
    assert error.code == "not_configured"
    assert api_key not in "".join(traceback.format_exception(error))
    assert repr(api_key)[1:-1] not in "".join(traceback.format_exception(error))
    assert api_server.requests == []


def test_a_certificate_of_nobody_known_is_refused(tls_api_server: ApiServer, client_for: ClientFor) -> None:
    error = failure_of(client_for(tls_api_server, ca_bundle=""))
    assert error.code == "connection"
    assert "CERTIFICATE_VERIFY_FAILED" in error.detail
    assert tls_api_server.requests == []
    assert tls_api_server.accepted == 1  # another try would meet the same certificate


def test_a_missing_ca_bundle_is_named_to_the_operator(api_server: ApiServer, client_for: ClientFor) -> None:
    error = failure_of(client_for(api_server, base_url="https://127.0.0.1:1/v1", ca_bundle="/none.pem"))
    assert error.code == "not_configured"
    assert "/none.pem" in error.detail


def test_a_fault_of_ours_is_logged_and_named_internal(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("answers.completions.client.read_reply", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(InternalError) as caught:
        list(client_for(api_server).ask(Prompt("Why?")))
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert "ZeroDivisionError" in caplog.text
    assert api_server.requests[0].closed.wait(5)


# What is told


def test_a_page_instead_of_an_answer_is_named_to_the_operator(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    api_server.behaviour = page(200)
    assert "HTML" in failure_of(client_for(api_server)).detail


def test_the_person_reads_no_internals_and_the_operator_no_key(
    api_server: ApiServer, client_for: ClientFor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api_server.behaviour = refuse(401, {"message": "Wrong key: secret-key", "code": "invalid_api_key"})
    error = failure_of(client_for(api_server, api_key="secret-key"))
    assert error.detail == "request req-1: HTTP 401: Wrong key: [API key] invalid_api_key"
    for internal in ("secret-key", "401", "127.0.0.1", "req-1", "invalid"):
        assert internal not in error.message
    assert "secret-key" not in "".join(traceback.format_exception(error))
    assert "secret-key" not in caplog.text
    assert "not_configured status=401 request_id='req-1' attempts=1" in caplog.text


def test_a_long_body_is_shortened_for_the_operator(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.behaviour = lambda exchange: exchange.reply(403, "<html>" + "x" * 200_000)
    error = failure_of(client_for(api_server))
    assert error.detail.startswith("request req-1: HTTP 403: <html>xxx")
    assert len(error.detail) == 2000


def test_an_error_whose_body_never_ends_is_still_told(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: Any
) -> None:
    monkeypatch.setattr("answers.completions.client.ERROR_BODY_SECONDS", 0.1)

    def behaviour(exchange: Exchange) -> None:
        exchange.head(401)
        exchange.send("half a bo")
        exchange.stall()

    api_server.behaviour = behaviour
    error = failure_of(client_for(api_server))
    assert error.code == "not_configured"
    assert error.detail.endswith("HTTP 401: half a bo")
    assert api_server.requests[0].closed.wait(5)


# Where the key goes


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_never_carries_key_or_question_elsewhere(
    api_server: ApiServer, client_for: ClientFor, status: int
) -> None:
    with ApiServer() as other:
        location = {"Location": f"{other.base_url}/chat/completions"}
        api_server.behaviour = lambda exchange: exchange.reply(status, "moved", location)
        assert failure_of(client_for(api_server, api_key="secret")).code == "not_configured"
        assert other.accepted == 0
    assert len(api_server.requests) == 1


# Trying again


@pytest.mark.parametrize(
    "trouble",
    [
        refuse(429, "x", AT_ONCE),
        refuse(500, "x", AT_ONCE),
        closes_at_once,
        events({"error": {"message": "later", "code": "rate_limit_exceeded"}}),
    ],
)
def test_passing_trouble_is_not_shown(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: Any, trouble: Behaviour
) -> None:
    monkeypatch.setattr("answers.completions.failures.FIRST_PAUSE_SECONDS", 0.01)
    api_server.script(trouble, trouble)
    completion = client_for(api_server).ask(Prompt("Why?"))
    assert "".join(completion) == "Hello, world"
    assert completion.request_id == "req-3"
    assert [request.body for request in api_server.requests] == [api_server.requests[0].body] * 3


def test_a_stream_that_breaks_before_its_first_text_is_asked_again(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: Any
) -> None:
    monkeypatch.setattr("answers.completions.failures.FIRST_PAUSE_SECONDS", 0.01)

    def breaks(exchange: Exchange) -> None:
        exchange.head()
        exchange.chunk({"role": "assistant", "reasoning": "Hmm"})
        exchange.cut()

    api_server.script(breaks)
    assert "".join(client_for(api_server).ask(Prompt("Why?"))) == "Hello, world"


def test_trouble_after_the_first_text_is_never_asked_again(
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
def test_the_wait_is_as_long_as_asked(
    api_server: ApiServer, client_for: ClientFor, headers: dict[str, str]
) -> None:
    api_server.script(refuse(429, "x", headers))
    list(client_for(api_server).ask(Prompt("Why?")))
    first, second = (request.arrived for request in api_server.requests)
    assert 0.3 <= second - first < 2


def test_there_is_no_wait_that_leaves_no_time_for_an_answer(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    api_server.behaviour = refuse(429, "x", {"retry-after": "5"})
    began = time.monotonic()
    assert failure_of(client_for(api_server, first_text_seconds=4)).code == "busy"
    assert time.monotonic() - began < 2
    assert len(api_server.requests) == 1


@pytest.mark.measures
def test_a_connection_that_the_server_closed_meanwhile_costs_nothing(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    """As a restarted server or a firewall does: the close meets the next request on its way."""
    api_server.script(answer(["one"]), closes_at_once)
    client = client_for(api_server)
    assert list(client.ask(Prompt("Why?"))) == ["one"]
    began = time.monotonic()
    assert "".join(client.ask(Prompt("Why?"))) == "Hello, world"
    assert time.monotonic() - began < 0.25  # no pause: half a second otherwise
    assert api_server.accepted == 2


def test_a_reply_that_breaks_off_is_no_stale_connection(api_server: ApiServer, client_for: ClientFor) -> None:
    def breaks(exchange: Exchange) -> None:
        exchange.head()
        exchange.cut()

    api_server.script(answer(["one"]), breaks)
    client = client_for(api_server)
    list(client.ask(Prompt("Why?")))
    assert "".join(client.ask(Prompt("Why?"))) == "Hello, world"
    _, second, third = (request.arrived for request in api_server.requests)
    assert third - second > 0.3  # the pause of a first retry


# Fields that are refused


OPENAI_REFUSAL = {
    "message": "Unsupported parameter: 'max_tokens' is not supported with this model. "
    "Use 'max_completion_tokens' instead.",
    "type": "invalid_request_error",
    "param": "max_tokens",
    "code": "unsupported_parameter",
}


def picky(*refused: str) -> Behaviour:
    """Takes any request without these fields."""

    def behaviour(exchange: Exchange) -> None:
        for field in refused:
            if field in exchange.body:
                message = f"Unsupported parameter: '{field}' is not supported with this model."
                exchange.reply(400, {"error": {"message": message, "param": field}})
                return
        answer(["Hi"])(exchange)

    return behaviour


def test_the_newer_name_of_the_limit_is_tried_once_and_kept(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    api_server.script(refuse(400, OPENAI_REFUSAL))
    client = client_for(api_server, max_tokens=7)
    assert "".join(client.ask(Prompt("Why?"))) == "Hello, world"
    assert "".join(client.ask(Prompt("Why?"))) == "Hello, world"
    fields = [
        request.body.keys() & {"max_tokens", "max_completion_tokens"} for request in api_server.requests
    ]
    assert fields == [{"max_tokens"}, {"max_completion_tokens"}, {"max_completion_tokens"}]
    assert api_server.requests[1].body["max_completion_tokens"] == 7


def test_every_refused_field_is_left_out(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.behaviour = picky("temperature", "stream_options", "max_tokens", "max_completion_tokens")
    client = client_for(api_server, temperature=0.5)
    assert list(client.ask(Prompt("Why?"))) == ["Hi"]
    assert api_server.requests[-1].body.keys() == {"model", "messages", "stream"}
    asked = len(api_server.requests)
    assert list(client.ask(Prompt("Why?"))) == ["Hi"]
    assert len(api_server.requests) == asked + 1


def test_what_one_model_refuses_another_is_still_sent(api_server: ApiServer, client_for: ClientFor) -> None:
    def newer_refuses(exchange: Exchange) -> None:
        behaviour = (
            picky("max_tokens") if exchange.body["model"] == "newer" else picky("max_completion_tokens")
        )
        behaviour(exchange)

    api_server.behaviour = newer_refuses
    client = client_for(api_server)
    for model in ("newer", "older", "newer", "older", ""):
        assert list(client.ask(Prompt("Why?", model=model))) == ["Hi"]
    asked = [
        (request.body["model"], "max_completion_tokens" in request.body) for request in api_server.requests
    ]
    assert asked == [
        ("newer", False),
        ("newer", True),
        ("older", False),
        ("newer", True),
        ("older", False),
        ("small", False),
    ]


def test_only_so_many_models_are_remembered(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("answers.completions.endpoint.MODELS", 3)
    api_server.behaviour = picky("max_tokens")
    client = client_for(api_server)
    for number in range(10):
        assert list(client.ask(Prompt("Why?", model=f"model-{number}"))) == ["Hi"]
        assert len(client.dialects._learnt) <= 3
    asked = len(api_server.requests)
    assert list(client.ask(Prompt("Why?", model="model-9"))) == ["Hi"]
    assert len(api_server.requests) == asked + 1


def test_a_fallback_that_does_not_help_is_not_kept(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.script(refuse(400, OPENAI_REFUSAL), refuse(400, "Bad"))
    client = client_for(api_server)
    assert failure_of(client).code == "bad_request"
    list(client.ask(Prompt("Why?")))
    assert "max_tokens" in api_server.requests[-1].body


def test_a_limit_that_is_too_large_is_no_refused_field(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.behaviour = refuse(400, "max_tokens is too large: 1024")
    assert failure_of(client_for(api_server)).code == "bad_request"
    assert len(api_server.requests) == 1


def test_a_422_of_pydantic_is_understood(api_server: ApiServer, client_for: ClientFor) -> None:
    detail = [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]
    api_server.script(lambda exchange: exchange.reply(422, {"detail": detail}))
    assert "".join(client_for(api_server).ask(Prompt("Why?"))) == "Hello, world"
    assert "stream_options" not in json.loads(api_server.requests[1].content)


# Earlier turns that are too much


TURNS = tuple(Turn(f"{number}?", f"{number}.") for number in range(5))


def takes(messages: int, refusal: Behaviour) -> Behaviour:
    """Takes so many messages and no more."""

    def behaviour(exchange: Exchange) -> None:
        (answer(["Hi"]) if len(exchange.body["messages"]) <= messages else refusal)(exchange)

    return behaviour


SAID_TOO_LONG = [
    refuse(400, {"message": "...", "type": "invalid_request_error", "code": "context_length_exceeded"}),
    refuse(
        400, {"message": "This model's maximum context length is 4096 tokens.", "type": "BadRequestError"}
    ),
    refuse(400, {"message": "x", "type": "exceed_context_size_error", "code": 400}),  # llama.cpp
    refuse(500, {"message": "Context size has been exceeded.", "type": "server_error", "code": 500}),
    refuse(413, "x"),
    events({"error": {"message": "the request exceeds the available context size", "code": 500}}),
]


@pytest.mark.parametrize("refusal", SAID_TOO_LONG)
def test_a_model_for_which_it_is_too_much_gets_the_newer_turns(
    api_server: ApiServer, client_for: ClientFor, refusal: Behaviour
) -> None:
    api_server.behaviour = takes(3, refusal)
    assert list(client_for(api_server).ask(Prompt("Why?", TURNS))) == ["Hi"]
    sent = [[message["content"] for message in one.body["messages"]] for one in api_server.requests]
    assert [len(contents) for contents in sent] == [11, 5, 3]
    assert sent[-1] == ["4?", "4.", "Why?"]


@pytest.mark.parametrize("refusal", SAID_TOO_LONG)
def test_a_question_that_is_too_long_by_itself_is_named(
    api_server: ApiServer, client_for: ClientFor, refusal: Behaviour
) -> None:
    api_server.behaviour = refusal
    with pytest.raises(BadRequest, match="shorten it"):
        list(client_for(api_server).ask(Prompt("Why?", TURNS)))
    assert [len(request.body["messages"]) for request in api_server.requests] == [11, 5, 3, 1]


def test_fewer_turns_are_none_of_the_other_tries(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("answers.completions.failures.FIRST_PAUSE_SECONDS", 0.01)
    busy = refuse(503, "x", AT_ONCE)
    api_server.script(busy, SAID_TOO_LONG[0], busy, SAID_TOO_LONG[0])
    assert "".join(client_for(api_server).ask(Prompt("Why?", TURNS))) == "Hello, world"
    assert len(api_server.requests) == 5
