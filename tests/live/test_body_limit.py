"""A request that is too large is refused before its body is stored, at every address and on every server."""

import contextlib
import http.client
import os
import select
import socket
import stat
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.services import wait_for
from tests.support.sites import Site

LIMIT = 1_048_576  # the default of ASKME_BODY_BYTES
BODY_BYTES = 300_000_000
PIECE = b"x" * 1_000_000
ADDRESSES = ["/", "/ask/", "/admin/login/", "/static/answers/base.css", "/ws/answers/", "/nothing", "//x"]


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def server(request, tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("bodies"))
    yield site.start(server=request.param)
    site.stop()


def spooled(site) -> int:
    """The size of the site's temporary files, which have no name."""
    size = 0
    for link in os.scandir(f"/proc/{site.processes[0].pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            file = os.stat(link.path)
            if stat.S_ISREG(file.st_mode) and file.st_nlink == 0:
                size += file.st_size
    return size


def connect(site) -> socket.socket:
    address = urlsplit(site.url)
    return socket.create_connection((address.hostname, address.port), timeout=20)


def head(path: str, *lines: str) -> bytes:
    head = (f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/octet-stream", *lines)
    return "\r\n".join((*head, "", "")).encode()


def reply(connection: socket.socket) -> http.client.HTTPResponse:
    response = http.client.HTTPResponse(connection)
    response.begin()
    response.text = response.read().decode()  # type: ignore[attr-defined]
    return response


def assert_refused(response: http.client.HTTPResponse) -> None:
    assert response.status == 413
    assert response.headers["Connection"].lower() == "close"
    assert "more than this site accepts" in response.text
    assert len(response.text) < 500


def is_answered(connection: socket.socket) -> bool:
    return bool(select.select([connection], [], [], 0)[0])


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_large_body_is_refused_while_it_is_sent_and_never_stored(server, path, framing):
    is_chunked = framing == "chunked"
    sent = 0
    with connect(server) as connection:
        line = "Transfer-Encoding: chunked" if is_chunked else f"Content-Length: {BODY_BYTES}"
        connection.sendall(head(path, line))
        with contextlib.suppress(ConnectionError):  # the server need not read to the end
            while sent < BODY_BYTES and not is_answered(connection):
                connection.sendall(b"%x\r\n%b\r\n" % (len(PIECE), PIECE) if is_chunked else PIECE)
                sent += len(PIECE)
                assert spooled(server) <= LIMIT
        assert_refused(reply(connection))
    assert sent < BODY_BYTES


def test_the_length_alone_is_enough_to_refuse(server):
    """Not one byte of the body has to come, and a client that asks first is not told to go on."""
    for lines in ([], ["Expect: 100-continue"]):
        with connect(server) as connection:
            connection.sendall(head("/ask/", f"Content-Length: {LIMIT + 1}", *lines))
            assert_refused(reply(connection))
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(1) == b""


@pytest.mark.parametrize("server", ["daphne"], indirect=True)  # others take the body for frames
def test_a_websocket_handshake_with_a_large_body_is_refused(server):
    upgrade = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
    upgrade += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", f"Origin: {server.url}"]
    with connect(server) as connection:
        request = head("/ws/answers/", *upgrade, f"Content-Length: {BODY_BYTES}")
        connection.sendall(request.replace(b"POST", b"GET", 1) + PIECE)
        assert_refused(reply(connection))
        assert spooled(server) == 0


def test_a_client_that_goes_on_sending_slowly_is_disconnected(server):
    with connect(server) as connection:
        connection.sendall(head("/ask/", f"Content-Length: {BODY_BYTES}"))
        assert_refused(reply(connection))
        wait_for(lambda: is_closed(connection), 20, "the server closes the connection")


def is_closed(connection: socket.socket) -> bool:
    """Send one more byte, and see whether the server has closed its end."""
    try:
        connection.sendall(b"x")
        return is_answered(connection) and connection.recv(1) == b""
    except ConnectionError:
        return True


def test_a_client_that_sends_everything_before_it_reads_gets_the_refusal(server):
    refused = requests.post(server.url + "/ask/", data=b"x" * 50_000_000, timeout=20)
    assert refused.status_code == 413
    assert "more than this site accepts" in refused.text


def test_the_refusal_is_in_the_readers_language(server):
    headers = {"Accept-Language": "de"}
    refused = requests.post(server.url + "/ask/", data=b"x" * 2_000_000, headers=headers, timeout=20)
    assert refused.status_code == 413
    assert "als diese Website annimmt" in refused.text


def test_a_body_of_just_the_limit_is_read_and_the_connection_stays_open(server):
    with requests.Session() as session:
        for _ in range(2):
            read = session.post(server.url + "/nothing", data=b"x" * LIMIT, timeout=20)
            assert read.status_code in (403, 404)
            chunked = session.post(server.url + "/nothing", data=iter([PIECE]), timeout=20)
            assert chunked.status_code in (403, 404)
            assert read.headers.get("Connection", "").lower() != "close"
        assert session.get(server.url + "/livez", timeout=20).status_code == 200


def test_other_connections_do_not_notice(server):
    with requests.Session() as session, connect(server) as large:
        session.get(server.url + "/livez", timeout=20).raise_for_status()
        large.sendall(head("/ask/", "Transfer-Encoding: chunked") + b"200000\r\n" + b"x" * 0x200000)
        session.get(server.url + "/livez", timeout=20).raise_for_status()
        assert_refused(reply(large))
        assert session.get(server.url + "/livez", timeout=20).status_code == 200
    assert "Traceback" not in server.log()
