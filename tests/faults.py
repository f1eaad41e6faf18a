"""What breaks a site on purpose, and what is needed to say that nothing was lost."""

import itertools
import queue
import socket
import sqlite3
import subprocess
import threading
import time
import uuid
from contextlib import closing, suppress
from typing import Any, NamedTuple
from unittest import mock

import psycopg
from websockets.exceptions import WebSocketException

from tests.people import Person, Socket
from tests.services import wait_for
from tests.sites import Site


class Row(NamedTuple):
    status: str
    text: str
    question: str
    error_code: str
    finish_reason: str


def rows(site: Site, answer: str) -> list[Row]:
    """What the store holds, past all of our code."""
    query = f"SELECT {', '.join(Row._fields)} FROM answers_answer WHERE id = "
    url = site.environment["DATABASE_URL"]
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=20)) as store:
            return [Row(*row) for row in store.execute(query + "?", [uuid.UUID(answer).hex])]
    with psycopg.connect(url) as store:
        return [Row(*row) for row in store.execute(query + "%s", [answer])]  # type: ignore[arg-type]


def row(site: Site, answer: str) -> Row:
    [found] = rows(site, answer)
    return found


def settle(page: Socket, answer: str) -> dict[str, Any]:
    """The end as a plain client comes to it: who holds more or less than its length asks again from 0."""
    end = page.read_until("answer.finished", answer)
    if end["length"] != len(page.texts.get(answer, "")):
        page.follow(answer, 0)
        end = page.finish(answer)
    return end


def assert_whole(site: Site, person: Person, answer: str, shown: str, *, status: str, sent: str = "") -> None:
    """What was shown, what a fresh page shows at each process, and the row are one; and what was sent."""
    for url in site.urls:
        fresh = person.connect(url)
        fresh.follow(answer)
        end = fresh.finish(answer)
        assert (end["status"], fresh.texts.get(answer, "")) == (status, shown)
        fresh.close()
    [stored] = rows(site, answer)
    assert (stored.status, stored.text) == (status, shown)
    if status == "complete":
        assert shown == sent
    else:
        assert sent.startswith(shown)


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


class Feed:
    """A behaviour of the API that says what the test tells it to, when it does."""

    def __init__(self) -> None:
        self.sent = ""
        self._said: queue.Queue[str | None] = queue.Queue()

    def say(self, text: str) -> str:
        self.sent += text
        self._said.put(text)
        return text

    def finish(self) -> None:
        self._said.put(None)

    def __call__(self, exchange: Any) -> None:
        exchange.head()
        while not exchange.closed.is_set():
            with suppress(queue.Empty):
                text = self._said.get(timeout=0.05)
                if text is None:
                    exchange.finish()
                    return
                exchange.chunk(text)


class Watched:
    """A page that is read in a thread of its own, and notes when it showed how much."""

    def __init__(self, page: Socket, answer: str) -> None:
        self.page, self.answer = page, answer
        self.shown: list[tuple[float, str]] = []  # when, and all text until then
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        with suppress(WebSocketException, OSError, TimeoutError):
            while self.page.read()["type"] != "answer.finished":
                with self.changed:
                    self.shown.append((time.monotonic(), self.page.texts.get(self.answer, "")))
                    self.changed.notify_all()

    def wait(self, seconds: float, chars: int = 1) -> None:
        """Until text has been shown for so long."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.at(time.monotonic() - seconds)) >= chars, 20)

    def at(self, moment: float) -> str:
        return next((text for when, text in reversed(self.shown) if when <= moment), "")


class Traveller(threading.Thread):
    """A page's logic, in Python: asks, and goes on elsewhere from its position when its socket closes."""

    def __init__(self, person: Person, url: str, question: str) -> None:
        super().__init__(daemon=True)
        self.person, self.url, self.question = person, url, question
        self.answer, self.text = str(uuid.uuid4()), ""
        self.end: dict[str, Any] | None = None
        self.error: BaseException | None = None
        self.codes: list[int | None] = []  # with which its sockets were closed
        self.acknowledged = False
        self.start()

    def run(self) -> None:
        try:
            while self.end is None:
                with suppress(OSError, WebSocketException, EOFError):
                    self._live()
        except BaseException as error:
            self.error = error

    def _live(self) -> None:
        page = self.person.connect(self.url)
        try:
            page.texts[self.answer] = self.text
            if self.acknowledged:
                page.follow(self.answer, len(self.text))
            else:
                page.ask(self.question, self.answer)
            while self.end is None:
                event = page.read()
                assert event["type"] != "error", event
                self.acknowledged = True
                self.text = page.texts[self.answer]
                if event["type"] == "answer.finished":
                    assert event["length"] == len(self.text)
                    self.end = event
        finally:
            self.codes.append(page._socket.close_code)
            page.close()


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


def wait_for_row(site: Site, answer: str, seconds: float, **fields: str) -> Row:
    """Until its row has these values."""

    def found() -> Row | None:
        stored = row(site, answer)
        return stored if all(getattr(stored, name) == value for name, value in fields.items()) else None

    return wait_for(found, seconds, f"the row has {fields}: {row(site, answer)}")


def limit_files(process: subprocess.Popen, size: int | None) -> None:
    """A full disk, for one process: no file of it grows beyond `size` bytes. None: as before."""
    import resource

    limit = resource.RLIM_INFINITY if size is None else size
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
