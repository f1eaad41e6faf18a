"""The list of models, in the shapes in which servers send it, and within limits."""

import time
from datetime import date
from typing import Any

import pytest

from completions import CompletionError, ListedModel, Prompt
from completions.listed_models import read_models
from tests.support.api_behaviours import Exchange, answer, html_page, refuse
from tests.support.api_server import ApiServer, ClientFor

ENTRIES = [{"id": "one", "object": "model"}, {"id": "two", "shutdown_date": "2027-01-14"}]
MODELS = [ListedModel("one"), ListedModel("two", date(2027, 1, 14))]


@pytest.mark.parametrize("body", [{"object": "list", "data": ENTRIES}, ENTRIES, {"models": ENTRIES}])
def test_models_are_listed(api_server: ApiServer, client_for: ClientFor, body: Any) -> None:
    api_server.behaviour = lambda exchange: exchange.reply(200, body)
    assert client_for(api_server, api_key="secret").models() == MODELS
    request = api_server.requests[0]
    assert (request.method, request.path) == ("GET", "/v1/models")
    assert request.headers["authorization"] == "Bearer secret"
    assert request.headers["accept"] == "application/json"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2027-01-14", date(2027, 1, 14)),
        ("2027-01-14T23:30:00Z", date(2027, 1, 14)),
        (1799884800, date(2027, 1, 14)),
        (1799884800.5, date(2027, 1, 14)),
        ("1799884800", date(2027, 1, 14)),
        (None, None),
        ("", None),
        ("soon", None),
        (True, None),
        (1e300, None),
        ({}, None),
    ],
)
def test_the_date_of_the_end_may_have_many_forms(value: Any, expected: date | None) -> None:
    assert read_models([{"id": "m", "shutdown_date": value}]) == [ListedModel("m", expected)]


def test_entries_that_make_no_sense_are_left_out() -> None:
    assert read_models([None, 1, {}, {"id": 5}, "", "plain", {"name": "ollama"}]) == [
        ListedModel("plain"),
        ListedModel("ollama"),
    ]


@pytest.mark.parametrize(
    ("behaviour", "code", "remedy"),
    [
        (
            refuse(401, {"message": "bad key: the-key", "code": "invalid_api_key"}),
            "not_configured",
            "check_key",
        ),
        (refuse(404), "not_configured", "check_address"),
        (refuse(500), "bad_response", ""),
        (html_page(200), "not_configured", "check_address"),
        (lambda exchange: exchange.reply(200, {"data": "x"}), "bad_response", ""),
        (lambda exchange: exchange.reply(200, "no json"), "bad_response", ""),
        (lambda exchange: exchange.reply(200, {"error": {"message": "x", "code": 429}}), "busy", ""),
    ],
)
def test_a_failure_is_an_error_of_the_package(
    api_server: ApiServer, client_for: ClientFor, behaviour: Any, code: str, remedy: str
) -> None:
    api_server.behaviour = behaviour
    with pytest.raises(CompletionError) as caught:
        client_for(api_server, api_key="the-key").models()
    assert (caught.value.code, caught.value.remedy) == (code, remedy)
    assert "the-key" not in caught.value.detail


@pytest.mark.parametrize("has_begun", [True, False])
def test_a_slow_list_has_a_deadline(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch, has_begun: bool
) -> None:
    monkeypatch.setattr("completions.listed_models.SECONDS", 0.3)

    def slow(exchange: Exchange) -> None:
        if has_begun:
            exchange.head(content_type="application/json")
            exchange.send('{"data": [')
        exchange.stall()

    api_server.behaviour = slow
    began = time.monotonic()
    with pytest.raises(CompletionError) as caught:
        client_for(api_server, answer_seconds=60).models()
    assert caught.value.code == "timeout"
    assert time.monotonic() - began < 10
    assert api_server.requests[0].closed.wait(5)


def test_a_list_without_end_is_not_kept(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("completions.listed_models.BYTES", 1000)
    api_server.behaviour = lambda exchange: exchange.reply(200, [{"id": "m" * 50}] * 100)
    with pytest.raises(CompletionError):
        client_for(api_server).models()


def test_a_connection_that_the_server_has_closed_is_tried_again(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    api_server.script(
        answer(["Hi"]), lambda exchange: exchange.cut(), lambda exchange: exchange.reply(200, ENTRIES)
    )
    client = client_for(api_server)
    list(client.ask(Prompt("Why?")))
    assert client.models() == MODELS


def test_no_error_repeats_the_key(api_server: ApiServer, client_for: ClientFor) -> None:
    def repeat_the_key(exchange: Exchange) -> None:
        exchange.reply(401, {"error": {"message": "Incorrect API key provided: sk-secret"}})

    api_server.script(answer(["Hi"]), lambda exchange: exchange.cut(), repeat_the_key, repeat_the_key)
    client = client_for(api_server, api_key="sk-secret")
    list(client.ask(Prompt("Why?")))
    for _ in ("over a new connection, since the first one was closed", "at once"):
        with pytest.raises(CompletionError) as caught:
            client.models()
        assert "Incorrect API key" in caught.value.detail
        assert "secret" not in caught.value.detail
