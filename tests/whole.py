"""What is needed to say that nothing was lost, while something breaks (tests/faults.py).

The check is always the same: what a page that lived through it shows, what a fresh one shows at any process,
what the row holds and what the API sent are equal; or, where the answer was cut, the beginning of it.
"""

import queue
import sqlite3
import threading
import time
import uuid
from contextlib import closing, suppress
from typing import Any, NamedTuple

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


def wait_for_row(site: Site, answer: str, seconds: float, **fields: str) -> Row:
    """Until its row has these values."""

    def found() -> Row | None:
        stored = row(site, answer)
        return stored if all(getattr(stored, name) == value for name, value in fields.items()) else None

    return wait_for(found, seconds, f"the row has {fields}: {row(site, answer)}")


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
