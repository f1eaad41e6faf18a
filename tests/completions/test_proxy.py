"""Through a corporate proxy: the same answers, the same deadlines, and a stop in every phase."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from completions import Endpoint, Prompt, environment_proxy
from tests.completions.test_stop import stop
from tests.support.api_behaviours import stall
from tests.support.api_server import ApiServer, ClientFor
from tests.support.completion_reader import Reader, failure_of
from tests.support.http_proxy import HttpProxy

PASSWORD = "corp-user:s3cr%t p@ss"
ENCODED_PASSWORD = "corp-user:s3cr%25t%20p%40ss"


@pytest.fixture
def proxy() -> Iterator[HttpProxy]:
    with HttpProxy() as proxy:
        yield proxy


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("completions.errors.FIRST_PAUSE_SECONDS", 0.01)


def test_questions_go_through_the_proxy_and_share_a_connection(
    any_api_server: ApiServer, client_for: ClientFor, proxy: HttpProxy
) -> None:
    client = client_for(any_api_server, proxy=proxy.url, api_key="secret")
    for _ in range(3):
        assert "".join(client.ask(Prompt("Why?"))) == "Hello, world"
    assert any_api_server.accepted == 1
    port = any_api_server.port
    if any_api_server.ca_file:
        assert proxy.requests == [f"CONNECT 127.0.0.1:{port} HTTP/1.0"]
    else:
        assert proxy.requests == [f"POST http://127.0.0.1:{port}/v1/chat/completions HTTP/1.1"] * 3
    assert any_api_server.requests[2].headers["authorization"] == "Bearer secret"


def test_text_is_live_through_a_proxy(
    any_api_server: ApiServer, client_for: ClientFor, proxy: HttpProxy
) -> None:
    any_api_server.behaviour = stall(["one"])
    completion = client_for(any_api_server, proxy=proxy.url).ask(Prompt("Why?"))
    assert next(completion) == "one"
    any_api_server.release()
    assert list(completion) == []


def test_the_proxy_gets_the_password_and_the_api_does_not(
    any_api_server: ApiServer, client_for: ClientFor
) -> None:
    with HttpProxy(password=PASSWORD) as proxy:
        client = client_for(any_api_server, proxy=f"http://{ENCODED_PASSWORD}@{proxy.address}")
        assert "".join(client.ask(Prompt("Why?"))) == "Hello, world"
    if any_api_server.ca_file:
        assert "proxy-authorization" not in any_api_server.requests[0].headers


@pytest.mark.parametrize("userinfo", ["", "corp-user:wr0ng@"])
def test_a_wrong_password_is_for_the_operator_and_is_never_shown(
    any_api_server: ApiServer, client_for: ClientFor, userinfo: str
) -> None:
    with HttpProxy(password=PASSWORD) as proxy:
        error = failure_of(client_for(any_api_server, proxy=f"http://{userinfo}{proxy.address}"))
    assert (error.code, error.remedy) == ("not_configured", "check_proxy")
    assert "407" in error.detail
    assert "wr0ng" not in error.detail
    assert any_api_server.accepted == 0


def test_a_proxy_that_does_not_allow_the_api_is_for_the_operator(
    tls_api_server: ApiServer, client_for: ClientFor
) -> None:
    with HttpProxy(status=403) as proxy:
        error = failure_of(client_for(tls_api_server, proxy=proxy.url))
    assert (error.code, error.remedy) == ("not_configured", "check_proxy")


def test_a_proxy_that_does_not_reach_the_api_is_asked_again(
    tls_api_server: ApiServer, client_for: ClientFor
) -> None:
    with HttpProxy(status=503) as proxy:
        assert failure_of(client_for(tls_api_server, proxy=proxy.url)).code == "connection"
    assert len(proxy.requests) == 3


@pytest.mark.parametrize("proxy", ["http://", "ftp://u:s3cret@proxy", "http://u:s3cret@proxy:port", "proxy"])
def test_a_wrong_address_of_the_proxy_is_not_shown(
    api_server: ApiServer, client_for: ClientFor, proxy: str
) -> None:
    error = failure_of(client_for(api_server, proxy=proxy))
    assert (error.code, error.remedy) == ("not_configured", "check_proxy")
    assert "s3cret" not in f"{error.detail} {error.__cause__!r} {error.__context__!r}"


def test_credentials_are_taken_out_of_details(api_server: ApiServer, client_for: ClientFor) -> None:
    endpoint = client_for(api_server, proxy=f"http://{ENCODED_PASSWORD}@proxy", api_key="the-key").endpoint
    for secret in (PASSWORD, ENCODED_PASSWORD, "s3cr%t p@ss", "Y29ycC11c2VyOnMzY3IldCBwQHNz", "the-key"):
        assert secret not in endpoint.without_secrets(f"sent {secret} along")


@pytest.mark.parametrize("tls", [True, False])
def test_a_stop_ends_the_wait_for_a_silent_proxy(client_for: ClientFor, tls: bool) -> None:
    with ApiServer(tls=tls) as server, HttpProxy(mute=True) as proxy:
        reader = Reader(client_for(server, proxy=proxy.url, connect_seconds=20).ask(Prompt("Why?")))
        assert proxy.asked.wait(5)
        stop(reader)
        assert proxy.closed.wait(5)


def test_a_silent_proxy_meets_the_deadline_of_connecting(
    tls_api_server: ApiServer, client_for: ClientFor, monkeypatch: Any
) -> None:
    monkeypatch.setattr("completions.call.RETRIES", 0)
    with HttpProxy(mute=True) as proxy:
        began = time.monotonic()
        error = failure_of(client_for(tls_api_server, proxy=proxy.url, connect_seconds=0.3))
        assert 0.3 <= time.monotonic() - began < 10  # the proxy would be silent forever
        assert error.code == "connection"
        assert proxy.closed.wait(5)


def test_a_stop_while_text_streams_closes_the_connection_behind_the_proxy(
    any_api_server: ApiServer, client_for: ClientFor, proxy: HttpProxy
) -> None:
    any_api_server.behaviour = stall(["one"])
    client = client_for(any_api_server, proxy=proxy.url)
    reader = Reader(client.ask(Prompt("Why?")))
    assert reader.first.wait(5)
    stop(reader)
    assert any_api_server.requests[0].closed.wait(5)
    assert any_api_server.wait_for(lambda: any_api_server.connections == 0, 5)
    any_api_server.answer(["Hi"])
    assert list(client.ask(Prompt("Why?"))) == ["Hi"]


@pytest.mark.parametrize(
    ("variables", "url", "proxy"),
    [
        ({"HTTPS_PROXY": "http://p:1"}, "https://api.example/v1", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1"}, "http://api.example/v1", ""),
        ({"http_proxy": "p:1"}, "http://api.example/v1", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "api.example"}, "https://api.example/v1", ""),
        ({}, "https://api.example/v1", ""),
    ],
)
def test_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str, proxy: str
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert environment_proxy(url) == proxy


def test_the_password_of_the_apis_address_is_in_no_detail() -> None:
    endpoint = Endpoint(base_url="https://me:pass%3Aword@api.example/@cf/v1", model="small")
    text = endpoint.without_secrets(f"{endpoint.base_url} refused me:pass:word")
    assert text == "https://[password]@api.example/@cf/v1 refused [password]"
