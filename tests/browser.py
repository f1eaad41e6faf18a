"""A real browser, and a page of the site in it as a person uses it.

The browser lives as long as a module, not the session: Playwright's sync API keeps an event loop running in
this thread, and the async tests of other modules could not start theirs.
"""

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect, sync_playwright

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

expect.set_options(timeout=PATIENCE_MILLISECONDS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("The tests of the page need a browser: apt-get install chromium", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Tab:
    """A page of the site: what a person sees of it, and does."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.box = page.get_by_label("Your question")
        self.button = page.locator("form button")
        self.stop = page.get_by_role("button", name="Stop", exact=True)
        self.again = page.get_by_role("button", name="Ask again")
        self.question = page.get_by_role("heading", level=2)
        self.text = page.locator("#text")
        self.ending = page.locator("#ending")
        self.progress = page.locator(".progress")
        self.alert = page.get_by_role("alert")
        self.announcement = page.locator("#announcement")
        self.connection = page.locator("#connection")
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))

    def ask(self, question: str) -> None:
        self.box.fill(question)
        self.box.press("Enter")

    def is_answering(self) -> None:
        expect(self.button).to_have_text("Answering...")
        expect(self.button).to_be_disabled()
        expect(self.box).to_be_disabled()

    def is_ready(self) -> None:
        expect(self.button).to_have_text("Ask")
        expect(self.button).to_be_enabled()
        expect(self.box).to_be_enabled()

    def shows(self, text: str) -> None:
        """Exactly this text, each code point of it."""
        expect(self.text).to_have_js_property("textContent", text)


OpenTab = Callable[..., Tab]


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[OpenTab]:
    """Opens addresses, each in a browser profile of its own. At the end of the test no page may have had an
    error: no exception, no violation of the content security policy, nothing in red in the console, but for
    what matches `may_log`."""
    opened: list[tuple[Tab, str]] = []

    def open(url: str, *, may_log: str = r"$^", server: "Server | None" = None, **context: Any) -> Tab:
        page = browser.new_context(**context).new_page()
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        opened.append((Tab(page), may_log))
        if server is not None:
            page.route_web_socket(re.compile("/ws/answers/$"), server.connected)
        page.goto(url)
        return opened[-1][0]

    yield open
    for tab, _ in opened:
        tab.page.context.close()
    assert [error for tab, may_log in opened for error in tab.errors if not re.search(may_log, error)] == []


class Server:
    """The server's side of the websocket, spoken by a test: for what the real server says too rarely."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.sockets: list[WebSocketRoute] = []

    def connected(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        socket.on_message(lambda frame: self.frames.append(json.loads(frame)))

    def heard(self, page: Page, number: int) -> dict[str, Any]:
        """The frame of this number, from 1, once the page has sent so many."""
        end = time.monotonic() + PATIENCE_MILLISECONDS / 1000
        while len(self.frames) < number:
            assert time.monotonic() < end, f"{self.frames} came, {number} frames were expected"
            page.wait_for_timeout(10)  # lets Playwright's own loop run
        return self.frames[number - 1]

    def say(self, type: str, **fields: Any) -> None:
        """To the page that connected last; about the answer that it spoke of last."""
        fields = {"answer": self.frames[-1]["answer"]} | fields
        self.sockets[-1].send(json.dumps({"type": type} | fields))
