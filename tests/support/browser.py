"""A real browser, and a page of the site in it, as a person uses it.

The browser lives for a module, not for the session. Playwright's sync API keeps an event loop running in this
thread, so the async tests of other modules could not start theirs.
"""

import json
import re
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sized
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, WebSocketRoute, expect, sync_playwright

from tests.support.api_behaviours import Dictation
from tests.support.api_server import ApiServer, answer
from tests.support.formatted import WRITE, Formatter, formatted_html
from tests.support.sites import Site

ARGUMENTS = [
    "--no-sandbox",  # the tests may run as root, in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MILLISECONDS = 15_000

FINISHED = {
    "status": "complete",
    "finish_reason": "stop",
    "error": None,
    "usage": None,
    "seconds": 1.0,
    "first_text_seconds": 0.5,
}

expect.set_options(timeout=PATIENCE_MILLISECONDS)


@pytest.fixture(scope="module")
def browser_arguments() -> list[str]:
    """More arguments for Chromium. A folder of tests can have its own."""
    return []


@pytest.fixture(scope="module")
def browser(browser_arguments: list[str]) -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("The tests of the page need a browser: apt-get install chromium", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS + browser_arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shared_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site for all tests of a module that leave it running. Each asks a question of its own."""
    with ApiServer() as api:
        site = Site(tmp_path_factory.mktemp("site"), api)
        try:
            yield site.start()
        finally:
            site.stop()


class Tab:
    """A page of the site: what a person sees and does. Attributes after `last` belong to the last answer."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.box = page.locator("#question-box")
        self.button = page.locator("#ask")
        self.follow_up = page.get_by_text("Follow-up question")
        self.new_question = page.get_by_role("link", name="New question")
        self.model = page.get_by_label("Model")
        self.answers = page.locator("article")
        self.alert = page.get_by_role("alert")
        self.announcement = page.locator("#announcement")
        self.connection = page.locator("#connection")
        self.last = self.answers.last
        self.question = self.last.get_by_role("heading", level=2)
        self.versions = self.last.get_by_role("navigation")
        self.text = self.last.locator(".text")
        self.reasoning = self.last.locator(".reasoning")
        self.summary = self.reasoning.locator("summary")
        self.reasoning_text = self.reasoning.locator(".reasoning-text")
        self.sources = self.last.get_by_role("region", name="Sources")
        self.status_link = self.last.get_by_role("link", name="Site status")
        self.ending = self.last.locator(".ending")
        self.progress = self.last.locator(".progress")
        self.stop = page.get_by_role("button", name="Stop", exact=True)
        self.waiting = page.locator("#waiting-question")
        self.to_end = page.get_by_role("button", name="To the end")
        self.edit = self.last.get_by_role("button", name="Edit")
        self.again = self.last.get_by_role("button", name="Ask again")
        self.go_on = self.last.get_by_role("button", name="Continue")
        self.notify = self.last.locator(".notify")
        self.details = self.last.locator(".open-details")
        self.details_box = self.last.locator(".details")
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))

    def listens(self) -> None:
        """Wait for the page's script after a link or a form: before it runs, Enter only makes a line."""
        expect(self.box).to_have_attribute("enterkeyhint", re.compile("enter|send"))

    def ask(self, question: str) -> None:
        self.listens()
        self.box.fill(question)
        if self.page.evaluate("matchMedia('(hover: none) and (pointer: coarse)').matches"):
            self.button.click()  # on a phone, Enter makes a new line
        else:
            self.box.press("Enter")

    def is_answering(self) -> None:
        """One can still type, and send a question that waits."""
        expect(self.button).to_have_text("Answering...", use_inner_text=True)
        expect(self.button).to_be_enabled()
        expect(self.box).to_be_editable()

    def is_ready(self) -> None:
        expect(self.button).to_have_text("Ask", use_inner_text=True)
        expect(self.button).to_be_enabled()
        expect(self.box).to_be_editable()

    def pass_time(self, milliseconds: int) -> None:
        """Run all timers of the next milliseconds at once."""
        self.page.clock.run_for(milliseconds)

    def shows(self, text: str) -> None:
        """Expect exactly what the formatter makes of this Markdown in the last answer."""
        prefix = f"a{self.last.get_attribute('data-answer')}-"
        expect(self.text).to_have_js_property("innerHTML", self._written(formatted_html(text, prefix)))

    def _written(self, html: str) -> str:
        """This HTML as the browser writes it. A page without scripts may load itself again meanwhile."""
        while True:
            try:
                return str(self.page.evaluate(WRITE, html))
            except Error as error:
                if "context was destroyed" not in error.message:
                    raise

    def shows_reasoning(self, text: str) -> None:
        """Expect exactly this text in the reasoning, visible or not, code point by code point."""
        expect(self.reasoning_text).to_have_js_property("textContent", text)

    def asks(self, question: str, text: str) -> None:
        """Ask, and wait for the whole answer."""
        self.ask(question)
        expect(self.question).to_have_text(question)
        self.shows(text)
        self.is_ready()

    def shows_questions(self, *questions: str) -> None:
        """Expect these questions in this order, and no others."""
        expect(self.answers.get_by_role("heading")).to_have_text(list(questions))

    def shows_texts(self, *texts: str) -> None:
        expect(self.answers.locator(".text")).to_have_text(list(texts))

    def answer_at(self, place: int) -> str:
        """Return the id of the answer at this place, counted from 0."""
        id = self.answers.nth(place).get_attribute("data-answer")
        assert id
        return id

    def type_anew(self, place: int, question: str) -> None:
        """Edit the question at this place, and ask it."""
        article = self.answers.nth(place)
        article.get_by_role("button", name="Edit").click()
        box = article.get_by_role("textbox", name="Edit your question")
        expect(box).to_be_focused()
        box.fill(question)
        box.press("Enter")


OpenTab = Callable[..., Tab]


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[OpenTab]:
    """Open addresses, each in its own browser profile. At the end of the test no page may have had an error:
    an exception, a violation of the content security policy or an error in the console, unless it matches
    `may_log`."""
    opened: list[tuple[Tab, str]] = []

    def open(
        url: str,
        *,
        may_log: str = r"$^",
        server: "Server | None" = None,
        beside: Tab | None = None,
        with_clock: bool = False,
        **context: Any,
    ) -> Tab:
        """`beside`: use the profile of that tab. `with_clock`: `Tab.pass_time` controls its timers."""
        page = (beside.page.context if beside else browser.new_context(**context)).new_page()
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        # The site does not know the answers of a test's own server.
        opened.append((Tab(page), f"{may_log}|404" if server else may_log))
        if server is not None:
            page.route_web_socket(re.compile("/ws/answers/"), server.connected)
        if with_clock:
            page.clock.install()
        page.goto(url)
        return opened[-1][0]

    yield open
    for tab, _ in opened:
        tab.page.context.close()
    assert [error for tab, may_log in opened for error in tab.errors if not re.search(may_log, error)] == []


@pytest.fixture
def talk(shared_site: Site, open_tab: OpenTab) -> Tab:
    """A page with a thread of three questions and answers."""
    tab = open_tab(shared_site.url)
    for question in ("Uno", "Due", "Tre"):
        shared_site.api.when(question, answer([f"{question}."]))
        tab.asks(question, f"{question}.")
    return tab


class Server:
    """The server's side of the websocket, played by a test: for events that the real server rarely sends."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.sockets: list[WebSocketRoute] = []
        self.formatters: defaultdict[str, Formatter] = defaultdict(Formatter)

    def connected(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        socket.on_message(lambda frame: self._received(json.loads(frame)))

    def is_asked(self, tab: Tab) -> str:
        """Ask a question on the tab, start to answer it, and return the answer's id."""
        tab.ask("What now?")
        id: str = self.heard(tab.page, 1)["answer"]
        self.say("answer.queued", ahead=2)
        expect(tab.progress).to_contain_text("2 ahead of you", use_inner_text=True)
        self.say("answer.started", model="gpt")
        expect(tab.progress).to_contain_text("gpt")
        return id

    def heard(self, page: Page, number: int) -> dict[str, Any]:
        """Wait for the frame with this number, counted from 1, and return it."""
        arrives(self.frames, page, number)
        return self.frames[number - 1]

    def say(self, type: str, **fields: Any) -> None:
        """Send an event to the page that connected last, about the answer in its last frame."""
        event = {"type": type, "answer": self.frames[-1]["answer"]} | fields
        if event["answer"] is not None:
            event = self.formatters[event["answer"]].add_html(event)
        self.send(event)

    def send(self, event: dict[str, Any]) -> None:
        self.sockets[-1].send(json.dumps(event))

    def _received(self, frame: dict[str, Any]) -> None:
        self.frames.append(frame)
        if frame["type"] == "answer.follow":
            self.formatters[frame["answer"]].restart()


def arrives(items: Sized, page: Page, number: int = 1) -> None:
    """Wait until that many items have come from the page, such as frames or requests that a test holds."""
    end = time.monotonic() + PATIENCE_MILLISECONDS / 1000
    while len(items) < number:
        assert time.monotonic() < end, f"{items} arrived, {number} were expected"
        page.wait_for_timeout(10)  # lets Playwright's own loop run


def follow(answer: str, position: int, *, reasoning_position: int = 0, edition: int = 0) -> dict[str, Any]:
    """The frame with which a page asks for what comes after these positions."""
    positions = {"position": position, "reasoning_position": reasoning_position, "edition": edition}
    return {"type": "answer.follow", "answer": answer, **positions, "format": "html"}


def dictated(site: Site, question: str) -> Dictation:
    site.api.when(question, behaviour := Dictation())
    return behaviour
