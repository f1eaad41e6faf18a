"""Connections: how long connecting may take, and when a connection is used again."""

import socket
import time
from typing import Any

import pytest

from completions import Prompt
from completions.errors import ConnectionFailed
from tests.completions.conftest import RunningClock
from tests.support.api_behaviours import Exchange, answer, refuse
from tests.support.api_server import ApiServer, ClientFor
from tests.support.silent_apis import full_listener, mute_listener

MOST_SECONDS = 10  # on a busy machine. Without a deadline, nothing would ever come


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_connecting_has_a_deadline(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: Any, scheme: str
) -> None:
    monkeypatch.setattr("completions.call.RETRIES", 0)
    with full_listener() as address:
        began = time.monotonic()
        client = client_for(api_server, base_url=f"{scheme}:{address}", connect_seconds=0.3)
        with pytest.raises(ConnectionFailed, match="cannot be reached") as caught:
            list(client.ask(Prompt("Why?")))
        assert 0.3 <= time.monotonic() - began < MOST_SECONDS
        assert caught.value.detail.startswith("no connection in time")
        assert caught.value.remedy == "check_address"


def test_the_deadline_of_connecting_ends_with_it(
    any_api_server: ApiServer, client_for: ClientFor, clock: RunningClock
) -> None:
    def slow(exchange: Exchange) -> None:
        exchange.head()
        for text in ("one", "two"):
            clock.put_forward(25)
            with clock.until_read():
                exchange.chunk(text)
        exchange.finish()

    any_api_server.behaviour = slow
    client = client_for(any_api_server, connect_seconds=20, silence_seconds=0)
    assert list(client.ask(Prompt("Why?"))) == ["one", "two"]


def test_an_address_that_does_not_answer_leaves_time_for_the_next(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: Any
) -> None:
    with full_listener() as silent:
        ports = (int(silent.split(":")[1].split("/")[0]), api_server.port)
        addresses = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)) for port in ports]
        monkeypatch.setattr("socket.getaddrinfo", lambda *_: addresses)
        client = client_for(api_server, base_url="http://api.example/v1", connect_seconds=1)
        assert "".join(client.ask(Prompt("Why?"))) == "Hello, world"


def test_the_tls_handshake_is_part_of_connecting(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: Any
) -> None:
    monkeypatch.setattr("completions.call.RETRIES", 0)
    with mute_listener() as (address, _, closed):
        began = time.monotonic()
        client = client_for(api_server, base_url=f"https:{address}", connect_seconds=0.3)
        with pytest.raises(ConnectionFailed, match="cannot be reached"):
            list(client.ask(Prompt("Why?")))
        assert 0.3 <= time.monotonic() - began < MOST_SECONDS
        assert closed.wait(5)


# Reuse


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_a_connection_is_reused_after_a_complete_answer(
    any_api_server: ApiServer, client_for: ClientFor, encoding: str
) -> None:
    any_api_server.behaviour = answer(["one"], encoding=encoding)
    client = client_for(any_api_server)
    for _ in range(3):
        assert list(client.ask(Prompt("Why?"))) == ["one"]
    assert any_api_server.accepted == 1


def test_a_connection_is_reused_after_a_refusal(any_api_server: ApiServer, client_for: ClientFor) -> None:
    any_api_server.script(
        refuse(429, "x", {"retry-after-ms": "1"}), refuse(500, "x", {"retry-after-ms": "1"})
    )
    assert "".join(client_for(any_api_server).ask(Prompt("Why?"))) == "Hello, world"
    assert any_api_server.accepted == 1
