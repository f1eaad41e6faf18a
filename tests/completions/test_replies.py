"""Replies of every shape: streams with odd lines, JSON in one piece, error events and HTML pages."""

import json
from collections.abc import Callable

import pytest

from completions import Prompt, Usage
from completions.errors import CompletionError, TooLarge
from tests.support.api_behaviours import Exchange, chunk, html_page
from tests.support.api_server import ApiServer, ClientFor, every_api
from tests.support.completion_reader import failure_of


def test_keep_alives_and_odd_line_ends_are_not_text(api_server: ApiServer, client_for: ClientFor) -> None:
    def odd(exchange: Exchange) -> None:
        exchange.head()
        exchange.send(": OPENROUTER PROCESSING\n\n\r\n: keep-alive\r\rdata:\n\ndata: : ping\n\n")
        exchange.send(f"id: 1\nevent: completion\ndata:{json.dumps(chunk('Hi'))}\r")
        exchange.send("\n\r")
        pretty = json.dumps(chunk(" there"), indent=1).replace("\n", "\ndata: ")
        exchange.send(f"\ndata: {pretty}\n\n")
        exchange.send("data: [DONE] \n\n")
        exchange.end()

    api_server.behaviour = odd
    assert list(client_for(api_server).ask(Prompt("Why?"))) == ["Hi", " there"]


@every_api
def test_events_may_have_any_content_type(api_server: ApiServer, client_for: ClientFor) -> None:
    def plain(exchange: Exchange) -> None:
        exchange.head(content_type="text/plain; charset=iso-8859-1")
        exchange.chunk("Grüße \u2028😀")
        exchange.finish()

    api_server.behaviour = plain
    assert list(client_for(api_server).ask(Prompt("Why?"))) == ["Grüße \u2028😀"]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("newline", ["", "\n", "\n\n", "  \n"])
def test_a_whole_completion_instead_of_a_stream_is_an_answer(
    api_server: ApiServer, client_for: ClientFor, indent: int | None, newline: str
) -> None:
    payload = {"model": "m", "choices": [{"message": {"content": "Hi"}, "finish_reason": "length"}]}
    payload["usage"] = {"total_tokens": 3}

    def whole(exchange: Exchange) -> None:
        body = newline + json.dumps(payload, indent=indent) + newline
        exchange.head(framing=str(len(body)), content_type="application/json")
        exchange.raw(body.encode())

    api_server.behaviour = whole
    completion = client_for(api_server).ask(Prompt("Why?"))
    assert list(completion) == ["Hi"]
    assert completion.finish_reason == "length"
    assert completion.usage == Usage(total_tokens=3)


def test_the_operator_learns_that_an_html_page_came_instead_of_an_answer(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    api_server.behaviour = html_page(200)
    assert "HTML" in failure_of(client_for(api_server)).detail


@pytest.mark.parametrize(
    "error_event",
    [
        'event: error\ndata: {"error": {"message": "Crash", "code": 402}}\n\n',
        'event: error\ndata: {"message": "Crash", "code": "insufficient_quota"}\n\n',
        'error: {"code": 402, "message": "Crash"}\n\n',
    ],
)
def test_error_events_of_other_servers_are_understood(
    api_server: ApiServer, client_for: ClientFor, error_event: str
) -> None:
    def behaviour(exchange: Exchange) -> None:
        exchange.head()
        exchange.chunk("Half")
        exchange.send(error_event)
        exchange.finish()

    api_server.behaviour = behaviour
    completion = client_for(api_server).ask(Prompt("Why?"))
    assert next(completion) == "Half"
    with pytest.raises(CompletionError) as caught:
        next(completion)
    assert caught.value.code == "quota"
    assert "Crash" in caught.value.detail


def test_an_error_event_in_plain_text_is_an_error(api_server: ApiServer, client_for: ClientFor) -> None:
    def behaviour(exchange: Exchange) -> None:
        exchange.head()
        exchange.send("event: error\ndata: out of memory\n\n")
        exchange.end()

    api_server.behaviour = behaviour
    assert failure_of(client_for(api_server)).detail.endswith("out of memory")


def test_an_event_or_a_json_reply_of_many_lines_is_limited_too(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    def endless(start: str, line: str) -> Callable[[Exchange], None]:
        def behaviour(exchange: Exchange) -> None:
            exchange.head()
            exchange.send(start)
            while True:
                exchange.send(line)

        return behaviour

    api_server.script(endless("", "data: 12345678\n"), endless("{\n", '"a": 1,\n'))
    client = client_for(api_server, line_bytes=4000)
    for _ in range(2):
        with pytest.raises(TooLarge):
            list(client.ask(Prompt("Why?")))
