"""One call: which error it ends with, what the operator reads, and how long it waits at the end."""

import logging
import time
import traceback
from typing import Any

import pytest

from completions import Prompt
from completions.errors import DETAIL_CHARS, InternalError
from tests.support.api_behaviours import RETRY_AT_ONCE, Behaviour, Exchange, chunk, events, html_page, refuse
from tests.support.api_server import ApiServer, ClientFor, every_api
from tests.support.completion_reader import failure_of

MOST_SECONDS = 10  # on a busy machine. The rest of the reply would come after 20 s


@pytest.mark.parametrize(
    ("behaviour", "code", "requests"),
    [
        (refuse(400, {"message": "Bad", "code": None}), "bad_request", 1),
        (refuse(401, {"message": "Wrong key", "code": "invalid_api_key"}), "not_configured", 1),
        (refuse(403), "not_configured", 1),
        (refuse(404, {"message": "No model", "code": "model_not_found"}), "not_configured", 1),
        (refuse(429, {"message": "Pay", "code": "insufficient_quota"}, RETRY_AT_ONCE), "quota", 1),
        (refuse(408, "x", RETRY_AT_ONCE), "timeout", 3),
        (refuse(409, "x", RETRY_AT_ONCE), "busy", 3),
        (refuse(429, "x", RETRY_AT_ONCE), "busy", 3),
        (refuse(500, "x", RETRY_AT_ONCE), "bad_response", 3),
        (refuse(503, "x", RETRY_AT_ONCE), "busy", 3),
        (html_page(502), "bad_response", 3),
        (html_page(200), "not_configured", 1),
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
    monkeypatch.setattr("completions.errors.FIRST_PAUSE_SECONDS", 0.01)
    api_server.behaviour = behaviour
    assert failure_of(client_for(api_server)).code == code
    assert len(api_server.requests) == requests


def test_a_bug_of_ours_is_logged_and_reported_as_internal(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("completions.call.read_reply", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(InternalError) as caught:
        list(client_for(api_server).ask(Prompt("Why?")))
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert "ZeroDivisionError" in caplog.text
    assert api_server.requests[0].closed.wait(5)


# What the person and the operator read


def test_a_call_is_logged_once_without_text_or_key(
    api_server: ApiServer, client_for: ClientFor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="completions")
    list(client_for(api_server, api_key="secret").ask(Prompt("Why?")))
    (record,) = [record for record in caplog.records if record.name.startswith("completions")]
    line = record.getMessage()
    assert record.name == "completions"
    assert line.startswith("complete status=200 request_id='req-1' attempts=1 head_seconds=")
    assert " first_text_seconds=" in line
    assert line.endswith(" finish_reason='stop' chars=12")
    for private in ("secret", "Why", "Hello"):
        assert private not in caplog.text


def test_the_person_sees_no_internals_and_the_operator_no_key(
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


def test_an_error_whose_body_never_ends_is_still_reported(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: Any
) -> None:
    monkeypatch.setattr("completions.call.ERROR_BODY_SECONDS", 0.1)

    def behaviour(exchange: Exchange) -> None:
        with exchange.in_one_packet():
            exchange.head(401)
            exchange.send("half a bo")
        exchange.stall()

    api_server.behaviour = behaviour
    error = failure_of(client_for(api_server))
    assert error.code == "not_configured"
    assert error.detail.endswith("HTTP 401: half a bo")
    assert api_server.requests[0].closed.wait(5)


# The end of the reply


def test_after_done_nobody_waits_for_the_end_of_the_reply(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("completions.call.TAIL_SECONDS", 60)

    def open_end(exchange: Exchange) -> None:
        exchange.head()
        exchange.chunk("Hi")
        exchange.event("[DONE]")
        exchange.stall()

    api_server.behaviour = open_end
    began = time.monotonic()
    assert list(client_for(api_server).ask(Prompt("Why?"))) == ["Hi"]
    assert time.monotonic() - began < MOST_SECONDS
    assert api_server.requests[0].closed.wait(5)


@every_api
def test_after_the_finish_reason_the_tail_has_a_short_deadline(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("completions.call.TAIL_SECONDS", 0.1)

    def open_end(exchange: Exchange) -> None:
        exchange.head()
        exchange.chunk("Hi", "stop")
        exchange.stall()

    api_server.behaviour = open_end
    began = time.monotonic()
    assert list(client_for(api_server).ask(Prompt("Why?"))) == ["Hi"]
    assert time.monotonic() - began < MOST_SECONDS
    assert api_server.requests[0].closed.wait(5)


def test_no_half_of_the_key_is_left_where_a_detail_is_cut(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    key = "sk-" + "0123456789" * 8
    api_server.behaviour = refuse(401, {"message": "x" * (DETAIL_CHARS - 50) + key})
    detail = failure_of(client_for(api_server, api_key=key)).detail
    assert len(detail) <= DETAIL_CHARS
    assert key[:10] not in detail
