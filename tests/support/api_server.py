"""A stand-in for an OpenAI-compatible API: a real threaded HTTP(S) server on 127.0.0.1.

`api_behaviours` says what it does with a request. No test needs to sleep: `Exchange.closed`,
`ApiServer.wait_for_requests` and `ApiServer.release` are events.
"""

import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Self

import pytest
import trustme

from completions import Client, Endpoint
from tests.support.api_behaviours import (
    PATIENCE_SECONDS,
    Behaviour,
    Exchange,
    answer,
    events,
    numbered,
    refuse,
    stall,
    ticking,
)

__all__ = [
    "ApiServer",
    "Behaviour",
    "ClientFor",
    "Exchange",
    "answer",
    "events",
    "every_api",
    "numbered",
    "refuse",
    "stall",
    "ticking",
]

ClientFor = Callable[..., Client]
# A test with this mark runs once for each API.
every_api = pytest.mark.parametrize("client_for", ["chat", "completions", "responses"], indirect=True)


class ApiServer:
    """Use as a context manager. `behaviour` may change at any time; it applies to later requests."""

    def __init__(self, *, tls: bool = False) -> None:
        self.behaviour: Behaviour = answer(["Hello", ", ", "world"])
        self.requests: list[Exchange] = []
        self.accepted = 0  # connections, ever
        self.changed = threading.Condition()
        self.released = threading.Event()
        self.ca_file = str(_ca_file()) if tls else ""
        self._script: list[Behaviour] = []
        self._by_question: dict[str, Behaviour] = {}
        self._tls = _server_context() if tls else None
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self.base_url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self.changed:
            sockets = list(self._open)
        for sock in sockets:
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)

    # What it does

    def answer(self, texts: Sequence[str], **options: Any) -> None:
        """Answer every question with these texts; see `answer`."""
        self.behaviour = answer(texts, **options)

    def script(self, *behaviours: Behaviour) -> None:
        """Set one behaviour for each of the next requests, in order. Then `behaviour` applies again."""
        self._script = list(behaviours)

    def when(self, part: str, behaviour: Behaviour) -> None:
        """Set a behaviour for questions that contain `part`. It takes precedence over `behaviour`."""
        self._by_question[part] = behaviour

    def release(self) -> None:
        """End all stalls."""
        self.released.set()

    # What it saw

    @property
    def connections(self) -> int:
        """The number of connections open now."""
        with self.changed:
            return len(self._open)

    def wait_for(self, condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
        """Wait for a condition on what the server has seen."""
        with self.changed:
            return self.changed.wait_for(condition, seconds)

    def wait_for_requests(self, number: int, seconds: float = PATIENCE_SECONDS) -> Exchange:
        """Wait until this many requests have arrived, and return the last of them."""
        assert self.wait_for(lambda: len(self.requests) >= number, seconds), (
            f"{len(self.requests)} requests arrived, {number} were expected"
        )
        return self.requests[number - 1]

    # How it does it

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self.changed:
                    self.accepted += 1
                    self._open.add(sock)
                    self.changed.notify_all()
                self._start(self._serve, sock)

    def _serve(self, plain: socket.socket) -> None:
        sock: socket.socket = plain
        exchange: Exchange | None = None
        try:
            if self._tls:
                sock = self._tls.wrap_socket(plain, server_side=True)
                with self.changed:
                    self._open.add(sock)
            with sock, sock.makefile("rb") as file:
                try:
                    while exchange := self._read(sock, file):
                        exchange.behaviour(exchange)
                        if not exchange.keep_alive:
                            break
                except OSError:  # raised while writing, before the watcher noticed; over TLS an SSLError
                    if exchange:
                        exchange.saw_close()
                finally:
                    if exchange:
                        exchange.over()
        except OSError:  # the client went away
            pass
        finally:
            plain.close()
            with self.changed:
                self._open -= {plain, sock}
                self.changed.notify_all()

    def _read(self, sock: socket.socket, file: Any) -> Exchange | None:
        head = list(iter(lambda: file.readline().rstrip(b"\r\n"), b""))
        if not head:
            return None
        lengths = [line for line in head if line.lower().startswith(b"content-length:")]
        content = file.read(int(lengths[0].split(b":")[1])) if lengths else b""
        exchange = Exchange(self, sock, head, content)
        with self.changed:
            exchange.behaviour = self._choose(exchange)  # before a test knows of it and prepares the next one
            self.requests.append(exchange)
            self.changed.notify_all()
        return exchange

    def _choose(self, exchange: Exchange) -> Behaviour:
        if self._script:
            return self._script.pop(0)
        for part, behaviour in self._by_question.items():
            if part in exchange.question:
                return behaviour
        return self.behaviour


@cache
def _authority() -> trustme.CA:
    return trustme.CA()


@cache
def _ca_file() -> Path:
    path = Path(tempfile.mkdtemp(prefix="askme-ca-")) / "ca.pem"
    _authority().cert_pem.write_to_path(str(path))
    return path


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _authority().issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def api_server() -> Iterator[ApiServer]:
    with ApiServer() as server:
        yield server


@pytest.fixture
def tls_api_server() -> Iterator[ApiServer]:
    with ApiServer(tls=True) as server:
        yield server


@pytest.fixture(params=["http", "tls"])
def any_api_server(request: pytest.FixtureRequest) -> Iterator[ApiServer]:
    """A test that uses this runs twice: without TLS and with it."""
    with ApiServer(tls=request.param == "tls") as server:
        yield server


@pytest.fixture
def client_for(request: pytest.FixtureRequest) -> Iterator[ClientFor]:
    """A function that makes a client of a server. Its other arguments are the endpoint's."""
    api = getattr(request, "param", "chat")  # see `every_api`
    clients: list[Client] = []

    def client_for(server: ApiServer, *, connections: int = 4, **fields: Any) -> Client:
        fields = {
            "base_url": server.base_url,
            "ca_bundle": server.ca_file,
            "model": "small",
            "api": api,
        } | fields
        clients.append(Client(Endpoint(**fields), connections=connections))
        return clients[-1]

    yield client_for
    for client in clients:
        client.close()
