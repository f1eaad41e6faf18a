"""Checks that nothing was lost while something broke.

The check is always the same. What a page that stayed open shows, what a fresh page shows at any process, what
the row holds and what the API sent are equal. If the answer was cut short, they are the beginning of what the
API sent.
"""

import threading
import time
import uuid
from contextlib import suppress
from typing import Any

from websockets.exceptions import WebSocketException

from tests.support.database import rows
from tests.support.people import Person, Socket
from tests.support.sites import Site


def settle(page: Socket, answer: str) -> dict[str, Any]:
    """Read to the end as a plain client does. If the length does not match, follow again from 0."""
    end = page.read_until("answer.finished", answer)
    if end["length"] != len(page.texts.get(answer, "")):
        page.follow(answer, 0)
        end = page.finish(answer)
    return end


def assert_whole(site: Site, person: Person, answer: str, shown: str, *, status: str, sent: str = "") -> None:
    """Check that what was shown, what a fresh page at each process shows, the row and what was sent agree."""
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


class Watched:
    """A page that a thread reads. It records when the page showed how much."""

    def __init__(self, page: Socket, answer: str) -> None:
        self.page, self.answer = page, answer
        self.shown: list[tuple[float, str]] = []  # the time, and all text until then
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
        """Wait until text has been shown for this many seconds."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.at(time.monotonic() - seconds)) >= chars, 20)

    def at(self, moment: float) -> str:
        return next((text for when, text in reversed(self.shown) if when <= moment), "")


RECONNECT_SECONDS = 0.05  # a thread that tried again at once would take a core from the others


class Traveller(threading.Thread):
    """A page's logic in Python: it asks, and when its socket closes, it reconnects and follows."""

    def __init__(self, person: Person, url: str, question: str) -> None:
        super().__init__(daemon=True)
        self.person, self.url, self.question = person, url, question
        self.answer, self.text = str(uuid.uuid4()), ""
        self.end: dict[str, Any] | None = None
        self.error: BaseException | None = None
        self.codes: list[int | None] = []  # the close codes of its sockets
        self.refusals: list[BaseException] = []  # why sockets could not be opened
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
        try:
            page = self.person.connect(self.url)
        except (OSError, WebSocketException) as error:
            self.refusals.append(error)
            time.sleep(RECONNECT_SECONDS)
            raise
        try:
            page.texts[self.answer] = self.text
            if self.acknowledged:
                page.follow(self.answer, len(self.text))
            else:
                page.ask(self.question, self.answer)
            while self.end is None:
                event = page.read()
                assert event["type"] != "error", event
                self.acknowledged = self.acknowledged or event.get("answer") == self.answer
                self.text = page.texts[self.answer]
                if event["type"] == "answer.finished":
                    assert event["length"] == len(self.text)
                    self.end = event
        finally:
            self.codes.append(page._socket.close_code)
            page.close()
