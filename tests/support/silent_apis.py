"""APIs that accept a connection or a request, and never send any text."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.api_behaviours import Behaviour, Exchange, stall


@contextmanager
def full_listener() -> Iterator[str]:
    """An address that does not answer a SYN because its queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = []
        for _ in range(3):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(address)
            waiting.append(sock)
        yield f"//127.0.0.1:{address[1]}/v1"
        for sock in waiting:
            sock.close()


@contextmanager
def mute_listener() -> Iterator[tuple[str, threading.Event, threading.Event]]:
    """A server that accepts a connection and sends nothing, like a TLS server that hangs.

    Yields its address and two events: it has received bytes, and the client has closed.
    """
    received, closed = threading.Event(), threading.Event()

    def accept() -> None:
        sock, _ = listener.accept()
        with sock:
            sock.settimeout(10)
            while sock.recv(4096):
                received.set()
            closed.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept)
        thread.start()
        yield f"//127.0.0.1:{listener.getsockname()[1]}/v1", received, closed
        thread.join(10)


def head_drip(exchange: Exchange) -> None:
    exchange.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Padding: x\r\n" * 1000, 0.02)


def body_drip(exchange: Exchange) -> None:
    exchange.head()
    exchange.drip(b"fff\r\ndata: " + b"x" * 1000, 0.02)


def comments(exchange: Exchange, *, text: str = "") -> None:
    """Signs of life from a proxy, but none from the model."""
    exchange.head()
    if text:
        exchange.chunk(text)
    while not exchange.wait(0.02):
        exchange.send(": keep-alive\n\n")
        exchange.chunk("")


SILENT_BEHAVIOURS: dict[str, Behaviour] = {
    "no head": stall(head=False),
    "half a head": head_drip,
    "no text": stall(),
    "keep-alives": comments,
    "half a line": body_drip,
    "not chunked": stall(framing="close"),
}
