"""A stand-in for an OpenAI-compatible API: a real threaded HTTP(S) server on 127.0.0.1.

What it does is a *behaviour*: a function of one `Exchange`. `answer`, `stall`, `refuse` and the like make
common ones; a test that needs a broken server writes its own. No test needs to sleep: `Exchange.closed`,
`ApiServer.wait_for_requests` and `ApiServer.release` are events.
"""

import json
import socket
import ssl
import struct
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Self

import pytest
import trustme

from answers.completions import Client, Endpoint

PATIENCE_SECONDS = 20  # no behaviour outlives a test that hangs

Behaviour = Callable[["Exchange"], None]


class Exchange:
    """One request, and the means to reply to it well or badly."""

    def __init__(self, server: "ApiServer", sock: socket.socket, head: list[bytes], content: bytes) -> None:
        self.arrived = time.monotonic()
        self.method, self.path, _ = head[0].decode().split(" ", 2)
        lines = [line.decode("latin-1").split(":", 1) for line in head[1:]]
        self.headers = {name.lower(): value.strip() for name, value in lines}
        self.content = content
        self.body: dict[str, Any] = json.loads(content) if content else {}
        self.closed = threading.Event()  # the client has closed its side
        self.closed_at: float | None = None  # monotonic
        self.keep_alive = True
        self.server = server
        self._sock = sock
        self._framing = ""
        self._compressor: Any = None
        self._ending = False
        watched = socket.fromfd(sock.fileno(), sock.family, sock.type)  # ssl sockets have no dup()
        self._watcher = threading.Thread(target=self._watch, args=(watched,), daemon=True)
        self._watcher.start()

    @property
    def question(self) -> str:
        """What the person asked: the last message, or the whole prompt."""
        if "messages" in self.body:
            return str(self.body["messages"][-1]["content"])
        return str(self.body.get("prompt", ""))

    def head(
        self,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        *,
        framing: str = "chunked",
        content_type: str = "text/event-stream",
        encoding: str = "",
    ) -> None:
        """`framing`: "chunked", "close" (the end of the body is the end of the connection), or a length."""
        fields = {"Content-Type": content_type, "X-Request-Id": f"req-{len(self.server.requests)}"}
        if encoding:
            fields["Content-Encoding"] = encoding
            self._compressor = zlib.compressobj(wbits={"gzip": 31, "deflate": 15}[encoding])
        self._framing = framing
        if framing == "chunked":
            fields["Transfer-Encoding"] = "chunked"
        elif framing == "close":
            fields["Connection"] = "close"
            self.keep_alive = False
        else:
            fields["Content-Length"] = framing
        fields |= dict(headers or {})
        lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in fields.items())]
        self.raw("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def raw(self, data: bytes) -> None:
        """As it is, past all framing."""
        self._sock.sendall(data)

    def send(self, data: bytes | str) -> None:
        """A piece of the body, in one packet."""
        data = data.encode() if isinstance(data, str) else data
        if self._compressor:
            data = self._compressor.compress(data) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
        if self._framing == "chunked" and data:  # an empty chunk is the end
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self.raw(data)

    def event(self, data: Any) -> None:
        self.send(f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n")

    def chunk(self, delta: Any = None, finish_reason: str | None = None, **fields: Any) -> None:
        """One chunk of a completion, in the shape of the API that was asked."""
        choice: dict[str, Any] = {"index": 0, "finish_reason": finish_reason}
        if self.path.endswith("/chat/completions"):
            choice["delta"] = {"content": delta} if isinstance(delta, str) else delta or {}
        else:
            choice["text"] = delta or ""
        self.event({"id": "c1", "model": "stand-in", "choices": [choice], **fields})

    def finish(self, finish_reason: str = "stop", usage: dict[str, int] | None = None) -> None:
        self.chunk(finish_reason=finish_reason)
        if usage:
            self.event({"model": "stand-in", "choices": [], "usage": usage})
        self.done()

    def done(self) -> None:
        self.event("[DONE]")
        self.end()

    def end(self) -> None:
        """The body is over."""
        if self._framing == "chunked":
            self.raw(b"0\r\n\r\n")

    def reply(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        """A whole reply in one piece: JSON, or HTML if it is a string."""
        html = isinstance(body, str)
        data = body.encode() if html else json.dumps(body).encode()
        self.head(
            status,
            headers,
            framing=str(len(data)),
            content_type="text/html" if html else "application/json",
        )
        self.raw(data)

    def wait(self, seconds: float = PATIENCE_SECONDS) -> bool:
        """Do nothing, unless the client closes: then true."""
        return self.closed.wait(seconds)

    def stall(self) -> None:
        """Do nothing until `server.release()` or the client's close."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end and not self.server.released.is_set() and not self.closed.wait(0.01):
            pass

    def drip(self, data: bytes, interval: float) -> None:
        """Raw bytes, one by one, while the client is there."""
        for index in range(len(data)):
            if self.wait(interval):
                return
            self.raw(data[index : index + 1])

    def cut(self, *, reset: bool = False) -> None:
        """End the connection once the behaviour returns: with a FIN or, as a crash does, an RST."""
        self.keep_alive = False
        if reset:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def over(self) -> None:
        """Stop watching, for the watcher's duplicate of the socket would keep it open."""
        self._ending = True
        with suppress(OSError):
            socket.socket.shutdown(self._sock, socket.SHUT_RD)  # wakes the watcher, sends nothing
        self._watcher.join(PATIENCE_SECONDS)

    def _watch(self, sock: socket.socket) -> None:
        """Wait for the client's close: the end of what it sends. Below TLS, which need not announce it."""
        with sock, suppress(OSError):
            if sock.recv(1, socket.MSG_PEEK) or self._ending:
                return  # the next request on the same connection, or our own end
        self.saw_close()

    def saw_close(self) -> None:
        if not self.closed.is_set():
            self.closed_at = time.monotonic()
            self.closed.set()
        with self.server.changed:
            self.server.changed.notify_all()


class ApiServer:
    """Use as a context manager. `behaviour` may be changed at any time; it holds for later requests."""

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
        """Answer every question so; see `answer`."""
        self.behaviour = answer(texts, **options)

    def script(self, *behaviours: Behaviour) -> None:
        """One behaviour for each of the next requests, in order; then `behaviour` again."""
        self._script = list(behaviours)

    def when(self, part: str, behaviour: Behaviour) -> None:
        """A behaviour for questions that contain `part`; goes before `behaviour`."""
        self._by_question[part] = behaviour

    def release(self) -> None:
        """End all stalls."""
        self.released.set()

    # What it saw

    @property
    def connections(self) -> int:
        """How many are open now."""
        with self.changed:
            return len(self._open)

    def wait_for(self, condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
        """For a condition on what the server has seen."""
        with self.changed:
            return self.changed.wait_for(condition, seconds)

    def wait_for_requests(self, number: int, seconds: float = PATIENCE_SECONDS) -> Exchange:
        """Wait until so many have come, and return the last of them."""
        assert self.wait_for(lambda: len(self.requests) >= number, seconds), (
            f"{len(self.requests)} requests came, {number} were expected"
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
                        self._choose(exchange)(exchange)
                        if not exchange.keep_alive:
                            break
                except OSError:  # met while writing, before the watcher woke; over TLS an SSLError
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
            self.requests.append(exchange)
            self.changed.notify_all()
        return exchange

    def _choose(self, exchange: Exchange) -> Behaviour:
        with self.changed:
            if self._script:
                return self._script.pop(0)
        for part, behaviour in self._by_question.items():
            if part in exchange.question:
                return behaviour
        return self.behaviour


def answer(
    texts: Sequence[str],
    *,
    delay: float = 0,
    finish: str = "stop",
    framing: str = "chunked",
    encoding: str = "",
    usage: dict[str, int] | None = None,
) -> Behaviour:
    """Stream the texts, `delay` seconds before each, and end well."""

    def behaviour(exchange: Exchange) -> None:
        exchange.head(framing=framing, encoding=encoding)
        for text in texts:
            if delay and exchange.wait(delay):
                return
            exchange.chunk(text)
        exchange.finish(finish, usage)

    return behaviour


def numbered(number: int, **options: Any) -> Behaviour:
    """`number` tokens that show at once which one is missing: "0 ", "1 ", ..."""
    return answer([f"{index} " for index in range(number)], **options)


def stall(texts: Sequence[str] = (), *, head: bool = True, framing: str = "chunked") -> Behaviour:
    """Send the texts, then nothing until `server.release()`; then end well. Without `head` nothing at all."""

    def behaviour(exchange: Exchange) -> None:
        if not head:
            exchange.stall()
        exchange.head(framing=framing)
        for text in texts:
            exchange.chunk(text)
        if head:
            exchange.stall()
        exchange.finish()

    return behaviour


def refuse(status: int, error: Any = "no", headers: Mapping[str, str] | None = None) -> Behaviour:
    """An HTTP error; `error` is the object that OpenAI's `error` holds, or its message."""
    said = error if isinstance(error, dict) else {"message": error, "type": None, "code": None}
    return lambda exchange: exchange.reply(status, {"error": said}, headers)


def events(*payloads: Any, framing: str = "chunked") -> Behaviour:
    """A stream of exactly these events and its end: no finish reason, no [DONE] of its own."""

    def behaviour(exchange: Exchange) -> None:
        exchange.head(framing=framing)
        for payload in payloads:
            exchange.event(payload)
        exchange.end()

    return behaviour


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


@pytest.fixture
def client_for() -> Iterator[Callable[..., Client]]:
    """Clients of a server; the rest of the arguments are the endpoint's."""
    clients: list[Client] = []

    def client_for(server: ApiServer, *, connections: int = 4, **fields: Any) -> Client:
        fields = {"base_url": server.base_url, "ca_bundle": server.ca_file, "model": "small"} | fields
        clients.append(Client(Endpoint(**fields), connections=connections))
        return clients[-1]

    yield client_for
    for client in clients:
        client.close()
