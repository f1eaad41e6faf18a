"""A page on a bare TCP socket, which can do what no library does: not read, read slowly, or flood."""

import json
import socket
from typing import Any
from urllib.parse import urlsplit

from websockets.client import ClientProtocol
from websockets.frames import Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

PATIENCE_SECONDS = 20
RECEIVE_BUFFER_BYTES = 4096


class RawPage:
    """A page that reads only when `read` is called. `events` holds what it has read."""

    def __init__(self, url: str, cookies: dict[str, str]) -> None:
        self._protocol = ClientProtocol(parse_uri(url.replace("http", "ws", 1) + "/ws/answers/"), origin=url)
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(PATIENCE_SECONDS)
        self._socket.connect(("127.0.0.1", urlsplit(url).port))
        self.events: list[dict[str, Any]] = []
        self.pongs = 0
        self.is_closed = False
        request = self._protocol.connect()
        request.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        self._protocol.send_request(request)
        self._flush()
        while self._protocol.state is State.CONNECTING:
            self.read()
        assert self._protocol.handshake_exc is None

    @property
    def close_code(self) -> int | None:
        return self._protocol.close_code

    def say(self, type: str, **fields: Any) -> None:
        self._protocol.send_text(json.dumps({"type": type, **fields}).encode())
        self._flush()

    def ping(self) -> None:
        self._protocol.send_ping(b"?")
        self._flush()

    def read(self, size: int = 65_536) -> int:
        """Read once, as much as there is. Return 0 at the end of the connection."""
        try:
            data = self._socket.recv(size)
        except ConnectionResetError:
            data = b""
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
            self.is_closed = True
        for event in self._protocol.events_received():
            if getattr(event, "opcode", None) is Opcode.TEXT:
                self.events.append(json.loads(event.data))
            elif getattr(event, "opcode", None) is Opcode.PONG:
                self.pongs += 1
        self._flush()
        return len(data)

    def read_until(self, type: str, number: int = 1) -> None:
        """Read until this many events of a type have arrived."""
        while sum(event["type"] == type for event in self.events) < number:
            assert self.read(), "the connection was closed"

    def close(self) -> None:
        self._socket.close()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._socket.sendall(data)
