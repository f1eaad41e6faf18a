"""A name server on loopback. As with Docker's own, the name of a service has its containers' addresses.

It answers over UDP, and only what proxies ask: A records. A known name has no others, and unknown names do
not exist.
"""

import socket
import struct
import threading
from contextlib import suppress
from ipaddress import IPv4Address
from typing import Self

A, INTERNET = 1, 1
NAME_ERROR = 3
TTL_SECONDS = 1  # Docker says 600, but the proxies' own settings decide how long they believe an address


class NameServer:
    """Use as a context manager. `addresses` may change at any time."""

    def __init__(self) -> None:
        self.addresses: dict[str, list[str]] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.sendto(b"", ("127.0.0.1", self.port))  # closing it would not wake up the thread
        self._thread.join(10)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            query, client = self._socket.recvfrom(4096)
            if not query:
                return
            with suppress(IndexError, struct.error, OSError):
                self._socket.sendto(self._reply(query), client)

    def _reply(self, query: bytes) -> bytes:
        name, end = _name(query)
        (kind,) = struct.unpack_from(">H", query, end)
        found = self.addresses.get(name)
        records = [
            # The name is where the question has it: a pointer to byte 12.
            struct.pack(">HHHIH4s", 0xC00C, A, INTERNET, TTL_SECONDS, 4, IPv4Address(address).packed)
            for address in (found or [] if kind == A else [])
        ]
        # A response to a recursive query, by a server that recurses.
        flags = 0x8180 | (NAME_ERROR if found is None else 0)
        head = query[:2] + struct.pack(">HHHHH", flags, 1, len(records), 0, 0)
        return head + query[12 : end + 4] + b"".join(records)


def _name(query: bytes) -> tuple[str, int]:
    """Return the name that the query is about, and where it ends."""
    labels, at = [], 12
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode("ascii").lower())
        at += 1 + length
    return ".".join(labels), at + 1
