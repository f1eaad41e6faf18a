"""One request and its reply: headers, certificates, framings, and nothing from the environment."""

import json
import socket
import threading
import traceback
from typing import Any

import pytest

from completions import Prompt
from completions.errors import TooLarge
from tests.support.api_behaviours import Exchange, chunk, numbered, stall
from tests.support.api_server import ApiServer, ClientFor, every_api
from tests.support.completion_reader import failure_of

FRAMINGS = ("chunked", "close")


def test_without_a_key_there_is_no_header(api_server: ApiServer, client_for: ClientFor) -> None:
    list(client_for(api_server).ask(Prompt("Why?")))
    assert "authorization" not in api_server.requests[0].headers


def test_a_key_from_a_file_may_end_with_a_newline(api_server: ApiServer, client_for: ClientFor) -> None:
    list(client_for(api_server, api_key="secret\n").ask(Prompt("Why?")))
    assert api_server.requests[0].headers["authorization"] == "Bearer secret"


def test_the_environment_does_not_interfere(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login alice password wrong\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    list(client_for(api_server, api_key="secret").ask(Prompt("Why?")))
    assert api_server.requests[0].headers["authorization"] == "Bearer secret"


def test_cookies_are_not_kept(api_server: ApiServer, client_for: ClientFor) -> None:
    def with_cookie(exchange: Exchange) -> None:
        exchange.head(headers={"Set-Cookie": "who=alice; Path=/"})
        exchange.chunk("Hi")
        exchange.finish()

    api_server.behaviour = with_cookie
    client = client_for(api_server)
    for _ in range(2):
        list(client.ask(Prompt("Why?")))
    assert "cookie" not in api_server.requests[1].headers


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_never_takes_the_key_or_the_question_elsewhere(
    api_server: ApiServer, client_for: ClientFor, status: int
) -> None:
    with ApiServer() as other:
        location = {"Location": f"{other.base_url}/chat/completions"}
        api_server.behaviour = lambda exchange: exchange.reply(status, "moved", location)
        assert failure_of(client_for(api_server, api_key="secret")).code == "not_configured"
        assert other.accepted == 0
    assert len(api_server.requests) == 1


def test_an_address_where_nobody_listens_is_a_connection_error(
    client_for: ClientFor, api_server: ApiServer, monkeypatch: Any
) -> None:
    monkeypatch.setattr("completions.errors.FIRST_PAUSE_SECONDS", 0.01)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # so that nobody else takes the port
        port = closed.getsockname()[1]
        error = failure_of(client_for(api_server, base_url=f"http://127.0.0.1:{port}/v1"))
    assert error.code == "connection"
    assert "refused" in error.detail


@pytest.mark.parametrize(
    "base_url", ["", "api.example/v1", "ftp://127.0.0.1/v1", "http://", "http://[::1/v1"]
)
def test_an_invalid_address_is_a_configuration_error(
    client_for: ClientFor, api_server: ApiServer, base_url: str
) -> None:
    assert failure_of(client_for(api_server, base_url=base_url)).code == "not_configured"


@pytest.mark.parametrize("api_key", ["sécret", "sec\nret", "sec\x00ret"])
def test_a_key_that_is_not_allowed_in_a_header_is_never_shown(
    client_for: ClientFor, api_server: ApiServer, api_key: str
) -> None:
    error = failure_of(client_for(api_server, api_key=api_key))
    assert error.code == "not_configured"
    assert api_key not in "".join(traceback.format_exception(error))
    assert repr(api_key)[1:-1] not in "".join(traceback.format_exception(error))
    assert api_server.requests == []


def test_a_certificate_of_an_unknown_authority_is_refused(
    tls_api_server: ApiServer, client_for: ClientFor
) -> None:
    error = failure_of(client_for(tls_api_server, ca_bundle=""))
    assert (error.code, error.remedy) == ("not_configured", "check_certificate")
    assert "CERTIFICATE_VERIFY_FAILED" in error.detail
    assert tls_api_server.requests == []
    assert tls_api_server.accepted == 1  # another try would meet the same certificate


def test_the_operator_learns_which_ca_bundle_is_missing(api_server: ApiServer, client_for: ClientFor) -> None:
    error = failure_of(client_for(api_server, base_url="https://127.0.0.1:1/v1", ca_bundle="/none.pem"))
    assert error.code == "not_configured"
    assert "/none.pem" in error.detail


# How the reply arrives


@every_api
@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("encoding", ["", "gzip", "deflate"])
def test_text_is_live_in_every_framing(
    api_server: ApiServer, client_for: ClientFor, framing: str, encoding: str
) -> None:
    given = threading.Semaphore(0)

    def one_at_a_time(exchange: Exchange) -> None:
        exchange.head(framing=framing, encoding=encoding)
        for text in ("one", "two", "three"):
            exchange.chunk(text)
            assert given.acquire(timeout=10)  # nothing more is sent until this text has been given out
        exchange.finish()

    api_server.behaviour = one_at_a_time
    texts = []
    for text in client_for(api_server, silence_seconds=5).ask(Prompt("Why?")):
        texts.append(text)
        given.release()
    assert texts == ["one", "two", "three"]


def test_text_is_live_where_the_length_is_known(api_server: ApiServer, client_for: ClientFor) -> None:
    given = threading.Event()
    parts = [f"data: {json.dumps(payload)}\n\n" for payload in (chunk("one"), chunk("two", "stop"))]

    def with_length(exchange: Exchange) -> None:
        exchange.head(framing=str(len("".join(parts))))
        exchange.raw(parts[0].encode())
        assert given.wait(10)
        exchange.raw(parts[1].encode())

    api_server.behaviour = with_length
    completion = client_for(api_server, silence_seconds=5).ask(Prompt("Why?"))
    assert next(completion) == "one"
    given.set()
    assert list(completion) == ["two"]


def test_text_is_live_over_tls(tls_api_server: ApiServer, client_for: ClientFor) -> None:
    tls_api_server.behaviour = stall(["one"])
    completion = client_for(tls_api_server, silence_seconds=5).ask(Prompt("Why?"))
    assert next(completion) == "one"
    tls_api_server.release()
    assert list(completion) == []
    assert completion.finish_reason == "stop"


@every_api
@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_thousand_tokens_arrive_completely_and_in_order(
    api_server: ApiServer, client_for: ClientFor, framing: str
) -> None:
    api_server.behaviour = numbered(1000, framing=framing)
    assert list(client_for(api_server).ask(Prompt("Why?"))) == [f"{index} " for index in range(1000)]


@pytest.mark.parametrize("end", ["", "\n\n"])
def test_a_line_over_the_limit_is_refused(api_server: ApiServer, client_for: ClientFor, end: str) -> None:
    def long_line(exchange: Exchange) -> None:
        exchange.head()
        exchange.send("data: " + "x" * 5000 + end)
        exchange.stall()

    api_server.behaviour = long_line
    with pytest.raises(TooLarge):
        list(client_for(api_server, line_bytes=4000).ask(Prompt("Why?")))
    assert api_server.requests[0].closed.wait(5)
