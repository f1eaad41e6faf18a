"""A network that fails when a test says so: a TCP proxy on loopback, before one of our ports."""

import socket
import struct
import threading
from contextlib import suppress
from typing import Self

JOIN_SECONDS = 10


class Proxy:
    """Use as a context manager. `target_port` may be changed at any time, as a load balancer does: it holds
    for later connections."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.accepted = 0  # connections, ever; refused ones too
        self._refusing = self._swallowing = False
        self._links: set[_Link] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(JOIN_SECONDS)
        self.cut()

    # What goes wrong

    def freeze(self, *, new: bool = False) -> None:
        """Nothing passes on the connections that are open, and nobody is told: they are half-open. New ones
        live, as after a router has forgotten the old; with `new` they freeze too, as in a tunnel."""
        with self._lock:
            self._swallowing = new
            for link in self._links:
                link.flowing.clear()

    def thaw(self) -> None:
        """What was held back arrives, late."""
        with self._lock:
            self._swallowing = False
            for link in self._links:
                link.flowing.set()

    def cut(self) -> None:
        """Reset all connections; new ones live."""
        with self._lock:
            links, self._links = self._links, set()
        for link in links:
            link.cut()

    def refuse(self) -> None:
        """Reset new connections at once; those that are open live."""
        self._refusing = True

    def accept(self) -> None:
        """Take new connections again."""
        self._refusing = False

    # How it goes

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.accepted += 1
                try:
                    if self._refusing:
                        raise ConnectionRefusedError
                    target = socket.create_connection(("127.0.0.1", self.target_port))
                except OSError:
                    _reset(client)
                    continue
                with self._lock:
                    link = _Link(client, target, flowing=not self._swallowing)
                    self._links.add(link)


class _Link:
    """One connection, with a thread for each direction."""

    def __init__(self, client: socket.socket, target: socket.socket, *, flowing: bool) -> None:
        self.flowing = threading.Event()
        if flowing:
            self.flowing.set()
        self._is_cut = False
        self._sockets = (client, target)
        self._threads = [
            threading.Thread(target=self._pump, args=pair, daemon=True)
            for pair in ((client, target), (target, client))
        ]
        for thread in self._threads:
            thread.start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        how = socket.SHUT_WR
        try:
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := source.recv(65_536):
                self.flowing.wait()
                if self._is_cut:
                    return
                sink.sendall(data)
        except OSError:
            how = socket.SHUT_RDWR  # it was reset
        self.flowing.wait()  # nobody hears of an end either
        with suppress(OSError):
            sink.shutdown(how)

    def cut(self) -> None:
        self._is_cut = True
        for sock in self._sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)  # wakes the threads that read and write it
        self.flowing.set()
        for sock in self._sockets:
            _reset(sock)
        for thread in self._threads:
            thread.join(JOIN_SECONDS)


def _reset(sock: socket.socket) -> None:
    """Close with an RST, as a crash does."""
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
