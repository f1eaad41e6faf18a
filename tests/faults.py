"""What breaks a site on purpose: processes that end, a network, a full disk, an API that sends nonsense."""

import itertools
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from unittest import mock

import pytest

from tests.api_server import Exchange
from tests.sites import Site

Tell = Callable[[str, float], None]


@pytest.fixture
def tell(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Tell:
    """Note a measurement: in the JUnit report, and on the screen with -s."""

    def tell(what: str, seconds: float) -> None:
        record_property(what, f"{seconds:.3f}")
        sys.stdout.write(f"\n  {request.node.name}: {what}: {seconds:.3f} s")

    return tell


def start_process(site: Site, index: int) -> subprocess.Popen:
    """Another process at the port of one that has ended, or listens no more."""
    started: list[subprocess.Popen] = []
    others, site.processes = site.processes, started
    with mock.patch.object(site, "ports", [site.ports[index]]):
        site.start()
    site.processes = [*others, *started]
    return started[0]


def kill(site: Site, index: int) -> float:
    """kill -9; when it was, on the monotonic clock."""
    process = site.processes.pop(index)
    process.kill()
    killed = time.monotonic()
    process.wait()
    return killed


def limit_files(process: subprocess.Popen, size: int | None) -> None:
    """A full disk, for one process: no file of it grows beyond `size` bytes. None: as before."""
    limit = resource.RLIM_INFINITY if size is None else size
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))


def nonsense(exchange: Exchange) -> None:
    """Said of itself by an API: longer than any column, and what no store takes."""
    exchange.head()
    exchange.chunk("Fine. ", model="m\0\ud800" * 200)
    exchange.chunk(finish_reason="\0\ud800" + "stop" * 50)
    exchange.event({"choices": [], "usage": {"prompt_tokens": 2**70, "completion_tokens": -1}})
    exchange.done()


class Balancer:
    """TCP, round robin; a backend that refuses is skipped."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._turns = itertools.count()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> "Balancer":
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
    """A port that takes no connection: its backlog is full, so that the kernel drops each attempt."""

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
        """The local ends of connections that are being made to it now (SYN_SENT)."""
        with open("/proc/net/tcp") as table:
            fields = [line.split()[1:4] for line in table][1:]
        return [
            local for local, remote, state in fields if state == "02" and remote.endswith(f":{self.port:04X}")
        ]

    @property
    def callers(self) -> int:
        return len(set(self.attempts()) - self._own)
