"""One request to a stand-in for an OpenAI-compatible API, and ways to reply to it, correctly or not."""

import json
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from tests.support.response_events import ResponseEvents

if TYPE_CHECKING:
    from tests.support.api_server import ApiServer

PATIENCE_SECONDS = 60  # no behaviour outlives a test that hangs


class Exchange:
    """One request, and ways to reply to it, correctly or not."""

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
        self.behaviour: Callable[[Exchange], None]  # set by the server
        self._sock = sock
        self._framing = ""
        self._compressor: Any = None
        self._gathered: bytearray | None = None  # by `in_one_packet`
        self.text = ""  # all text that was sent as chunks
        self._ending = False
        # The events of the Responses API, one by one.
        self.responses = ResponseEvents(lambda name, data: self.send(sse(name, data)))
        watched = socket.fromfd(sock.fileno(), sock.family, sock.type)  # ssl sockets have no dup()
        self._watcher = threading.Thread(target=self._watch, args=(watched,), daemon=True)
        self._watcher.start()

    @property
    def question(self) -> str:
        """The question: the last message, or the whole prompt."""
        messages = self.body.get("messages") or self.body.get("input")
        if isinstance(messages, list):
            return str(messages[-1]["content"])
        if messages:
            return str(messages)
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
        """Send bytes as they are, without any framing."""
        if self._gathered is None:
            self._sock.sendall(data)
        else:
            self._gathered += data

    @contextmanager
    def in_one_packet(self) -> Iterator[None]:
        """Send all of this together. The client waits for the rest of a reply for a short time only, and a
        busy machine may let this thread wait for longer between two packets."""
        if self._gathered is not None:  # within another one
            yield
            return
        self._gathered = bytearray()
        try:
            yield
        finally:
            gathered, self._gathered = bytes(self._gathered), None
        self.raw(gathered)

    def send(self, data: bytes | str) -> None:
        """Send a piece of the body in one packet."""
        data = data.encode() if isinstance(data, str) else data
        if self._compressor:
            data = self._compressor.compress(data) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
        if self._framing == "chunked" and data:  # an empty chunk would end the body
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self.raw(data)

    @property
    def speaks_responses(self) -> bool:
        return self.path.partition("?")[0].endswith("/responses")

    def event(self, data: Any) -> None:
        self.send(f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n")

    def chunk(self, delta: Any = None, finish_reason: str | None = None, **fields: Any) -> None:
        """Send one chunk of a completion, in the shape of the API that the request names."""
        self.text += delta if isinstance(delta, str) else ""
        if self.speaks_responses:
            return self.responses.chunk(delta, finish_reason, fields)
        choice: dict[str, Any] = {"index": 0, "finish_reason": finish_reason}
        if self.path.endswith("/chat/completions"):
            choice["delta"] = {"content": delta} if isinstance(delta, str) else delta or {}
        else:
            choice |= {"text": delta} if isinstance(delta, str) else {"text": "", **(delta or {})}
        self.event({"id": "c1", "model": "stand-in", "choices": [choice], **fields})

    def finish(self, finish_reason: str = "stop", usage: dict[str, Any] | None = None) -> None:
        with self.in_one_packet():
            if self.speaks_responses:
                self.responses.end(finish_reason, usage)
                return self.end()
            self.chunk(finish_reason=finish_reason)
            if usage:
                self.event({"model": "stand-in", "choices": [], "usage": usage})
            self.done()

    def done(self) -> None:
        with self.in_one_packet():
            if not self.speaks_responses:
                self.event("[DONE]")
            elif not self.responses.ended:
                self.responses.end()
            self.end()

    def end(self) -> None:
        """End the body."""
        if self._framing == "chunked":
            self.raw(b"0\r\n\r\n")

    def reply(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        """Send a whole reply at once: JSON, or HTML if `body` is a string."""
        html = isinstance(body, str)
        data = body.encode() if html else json.dumps(body).encode()
        content_type = "text/html" if html else "application/json"
        with self.in_one_packet():
            self.head(status, headers, framing=str(len(data)), content_type=content_type)
            self.raw(data)

    def wait(self, seconds: float = PATIENCE_SECONDS) -> bool:
        """Do nothing for this time. Return early, with True, if the client closes."""
        return self.closed.wait(seconds)

    def stall(self) -> None:
        """Do nothing until `server.release()` is called or the client closes."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end and not self.server.released.is_set() and not self.closed.wait(0.01):
            pass

    def drip(self, data: bytes, interval: float) -> None:
        """Send raw bytes, one by one, until the client closes."""
        for index in range(len(data)):
            if self.wait(interval):
                return
            self.raw(data[index : index + 1])

    def cut(self, *, reset: bool = False) -> None:
        """Close the connection when the behaviour returns: with a FIN or, like a crash, with an RST."""
        self.keep_alive = False
        if reset:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def over(self) -> None:
        """Stop watching, because the watcher's duplicate of the socket would keep it open."""
        self._ending = True
        with suppress(OSError):
            socket.socket.shutdown(self._sock, socket.SHUT_RD)  # ends the watcher's read, sends nothing
        self._watcher.join(PATIENCE_SECONDS)

    def _watch(self, sock: socket.socket) -> None:
        """Wait until the client closes, which ends what it sends. Below TLS, which need not announce it."""
        with sock, suppress(OSError):
            if sock.recv(1, socket.MSG_PEEK) or self._ending:
                return  # the next request on the same connection, or we closed it ourselves
        self.saw_close()

    def saw_close(self) -> None:
        if not self.closed.is_set():
            self.closed_at = time.monotonic()
            self.closed.set()
        with self.server.changed:
            self.server.changed.notify_all()


def sse(name: str, data: Any) -> str:
    """One server-sent event with a name."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
