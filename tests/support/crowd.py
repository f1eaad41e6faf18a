"""A crowd of sockets without a session, which send many frames at once and read only how they are closed."""

import base64
import json
import os
import selectors
import socket
import struct
import uuid
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlsplit

PATIENCE_SECONDS = 30


def frame(type: str, **fields: object) -> bytes:
    """A masked websocket frame of at most 125 bytes or at most 64 KB."""
    payload = json.dumps({"type": type, "answer": str(uuid.uuid4()), **fields}).encode()
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack(">H", len(payload))
    return b"\x81" + size + bytes(4) + payload  # masked with zeros


def _is_close(data: bytes) -> bool:
    """Whether it ends with a close frame that has a code and no reason."""
    return data[-4:-2] == b"\x88\x02"


class Crowd:
    """Sockets that are opened at once. A browser's page could not be so fast, but a script could."""

    def __init__(self, url: str, addresses: Iterable[str], cookie: str = "") -> None:
        self._url = urlsplit(url)
        self._addresses, self._cookie = list(addresses), cookie
        self.sockets: list[socket.socket] = []

    def open(self, number: int) -> "Crowd":
        opened = []
        for count in range(number):
            one = socket.create_connection(("127.0.0.1", self._url.port), timeout=PATIENCE_SECONDS)
            one.sendall(self._handshake(self._addresses[count % len(self._addresses)]))
            opened.append(one)
            if len(opened) - len(self.sockets) == 50:  # fewer than a listening socket queues
                self._finish(opened[len(self.sockets) :])
                self.sockets = list(opened)
        self._finish(opened[len(self.sockets) :])
        self.sockets = opened
        return self

    def say(self, frames: bytes) -> None:
        """Send these frames on each socket. Some may be closed already."""
        for one in self.sockets:
            with suppress(OSError):
                one.sendall(frames)

    def close_codes(self) -> list[int]:
        """How each socket is closed: read to its end."""
        return [self._close_code(one) for one in self.sockets]

    def first_close_code(self) -> int:
        """Read all sockets until one of them is closed, and say how. The others may stay open."""
        heard = dict.fromkeys(self.sockets, b"")
        with selectors.DefaultSelector() as selector:
            for one in self.sockets:
                selector.register(one, selectors.EVENT_READ)
            while ready := selector.select(PATIENCE_SECONDS):
                for one in [key.fileobj for key, _ in ready]:
                    heard[one] += (part := self._part(one))
                    if _is_close(heard[one]):
                        return int.from_bytes(heard[one][-2:], "big")
                    if not part:
                        selector.unregister(one)
        raise AssertionError("no socket was closed")

    def is_open(self) -> list[bool]:
        """For each socket, whether the server has not closed it so far."""
        with selectors.DefaultSelector() as selector:
            for one in self.sockets:
                selector.register(one, selectors.EVENT_READ)
            readable = {key.fileobj for key, _ in selector.select(0)}
        return [one not in readable for one in self.sockets]

    def close(self) -> None:
        for one in self.sockets:
            one.close()

    def _handshake(self, address: str) -> bytes:
        cookie = self._cookie.replace("*", uuid.uuid4().hex)
        lines = [
            "GET /ws/answers/ HTTP/1.1",
            f"Host: {self._url.netloc}",
            f"Origin: {self._url.scheme}://{self._url.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            f"X-Forwarded-For: {address}",
            *([f"Cookie: {cookie}"] if cookie else []),
        ]
        return "\r\n".join([*lines, "", ""]).encode()

    def _finish(self, sockets: list[socket.socket]) -> None:
        for one in sockets:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                byte = one.recv(1)  # not more: a close frame may follow
                assert byte, "refused"
                head += byte
            assert head.startswith(b"HTTP/1.1 101"), head

    def _part(self, one: socket.socket) -> bytes:
        with suppress(ConnectionError):
            return one.recv(65_536)
        return b""

    def _close_code(self, one: socket.socket) -> int:
        data = b""
        with suppress(ConnectionError):
            while part := one.recv(65_536):
                data += part
                if _is_close(data):
                    break
        return int.from_bytes(data[-2:], "big")
