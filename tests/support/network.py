"""Networks that fail when a test says so: a TCP proxy, a load balancer, and a port that never answers."""

import itertools
import socket
import struct
import threading
from contextlib import suppress
from typing import Any, Self

JOIN_SECONDS = 10


class Proxy:
    """Use as a context manager. `target_port` may change at any time, as with a load balancer. It applies to
    later connections. `host` is the target's; `port` is the proxy's own."""

    def __init__(self, target_port: int, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.target_port, self._target_host = target_port, host
        self.accepted = 0  # connections, ever, including refused ones
        self._refusing = self._swallowing = False
        self._links: set[_Link] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
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

    # Faults

    def freeze(self, *, new: bool = False) -> None:
        """Let nothing pass on open connections, which are now half-open. New connections work, as when a
        router has forgotten the old ones. With `new` they freeze too, as in a tunnel."""
        with self._lock:
            self._swallowing = new
            for link in self._links:
                link.flowing.clear()

    def thaw(self) -> None:
        """Deliver what was held back."""
        with self._lock:
            self._swallowing = False
            for link in self._links:
                link.flowing.set()

    def cut(self) -> None:
        """Reset all connections. New ones work."""
        with self._lock:
            links, self._links = self._links, set()
        for link in links:
            link.cut()

    def refuse(self) -> None:
        """Reset new connections at once. Open ones keep working."""
        self._refusing = True

    def accept(self) -> None:
        """Take new connections again."""
        self._refusing = False

    # How it works

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.accepted += 1
                try:
                    if self._refusing:
                        raise ConnectionRefusedError
                    target = socket.create_connection((self._target_host, self.target_port))
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
        self.flowing.wait()  # the end is held back too
        with suppress(OSError):
            sink.shutdown(how)

    def cut(self) -> None:
        self._is_cut = True
        for sock in self._sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)  # ends the threads' reads and writes
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


class Forwarder:
    """A TCP server that passes bytes on. Use as a context manager. A subclass says how, in `_accept`."""

    def __init__(self) -> None:
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"http://{self.address}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        for sock in [self._listener, *self._open]:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _start(self, target: Any, *arguments: Any) -> None:
        threading.Thread(target=target, args=arguments, daemon=True).start()

    def _accept(self) -> None:
        raise NotImplementedError


class Balancer(Forwarder):
    """A TCP load balancer, round robin. It skips a backend that refuses."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._turns = itertools.count()
        super().__init__()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                backend = self._backend()
                if backend is None:
                    client.close()
                    continue
                self._open |= {client, backend}
                self._start(self._pump, client, backend)
                self._start(self._pump, backend, client)

    def _backend(self) -> socket.socket | None:
        first = next(self._turns)
        for turn in range(len(self._ports)):
            port = self._ports[(first + turn) % len(self._ports)]
            with suppress(OSError):
                return socket.create_connection(("127.0.0.1", port), 5)
        return None

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        source.settimeout(None)
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        for sock, how in ((target, socket.SHUT_WR), (source, socket.SHUT_RD)):
            with suppress(OSError):
                sock.shutdown(how)


class BlackHole:
    """A port that accepts no connection: its backlog is full, so the kernel drops each attempt."""

    def __init__(self) -> None:
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(0)
        self.port = self._listener.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}/v1"
        self._fillers: list[socket.socket] = []

    def __enter__(self) -> "BlackHole":
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self._fillers.append(filler)
        self._own = set(self.attempts())
        return self

    def __exit__(self, *_: object) -> None:
        for sock in [*self._fillers, self._listener]:
            sock.close()

    def attempts(self) -> list[str]:
        """Return the local ends of connections that are being made to this port now (SYN_SENT)."""
        with open("/proc/net/tcp") as table:
            fields = [line.split()[1:4] for line in table][1:]
        return [
            local for local, remote, state in fields if state == "02" and remote.endswith(f":{self.port:04X}")
        ]

    @property
    def callers(self) -> int:
        return len(set(self.attempts()) - self._own)
