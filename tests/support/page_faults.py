"""Helpers for tests in which a page loses its connection, its server or its session."""

from collections.abc import Callable

from playwright.sync_api import Error

from tests.support.browser import OpenTab, Tab
from tests.support.database import execute
from tests.support.services import wait_for
from tests.support.sites import Site

LOST = "WebSocket connection|ERR_"  # the browser's console messages about a failed connection
SECONDS = 10
MakeSite = Callable[..., Site]
# By the page's own clock
NOTE_SOCKETS = """
window.sockets = { opened: [], closed: [] };
window.WebSocket = class extends WebSocket {
    constructor(url) {
        super(url);
        sockets.opened.push(Date.now());
        this.addEventListener("close", () => sockets.closed.push(Date.now()));
    }
};"""


def stop_clock(tab: Tab) -> None:
    """Stop the tab's clock, so that only `pass_time` moves its timers."""
    try:
        _stop_clock_soon(tab)
    except Error as error:
        # A busy machine took longer than that. The clock has stopped all the same, so now there is time.
        if "to the past" not in error.message:
            raise
        _stop_clock_soon(tab)


def _stop_clock_soon(tab: Tab) -> None:
    tab.page.clock.pause_at(tab.page.evaluate("Date.now() / 1_000 + 0.5"))  # seconds


def note_sockets(tab: Tab) -> None:
    """Load the page again, and note when it begins to open a socket and when it learns that one is closed."""
    tab.page.add_init_script(NOTE_SOCKETS)
    tab.page.reload()


def noted(tab: Tab, what: str) -> list[int]:
    """When sockets were `opened` or `closed`, in milliseconds."""
    times: list[int] = tab.page.evaluate(f"sockets.{what}")
    return times


def time_until(tab: Tab, condition: Callable[[], bool]) -> int:
    """Return after how many milliseconds of a stopped tab the condition holds; never too few."""
    for milliseconds in range(0, 60_000, 50):
        if condition():
            return milliseconds
        tab.pass_time(50)
        tab.page.wait_for_timeout(5)  # for the work that the timers started
    raise AssertionError("not within a minute of the page's clock")


def report_online(tab: Tab) -> None:
    """Tell the page that the network is back, so that it does not wait for its delay."""
    tab.page.evaluate("() => dispatchEvent(new Event('online'))")


def set_visible(tab: Tab, shown: bool) -> None:
    """Put the tab in the background, or bring it back."""
    tab.page.evaluate(
        """shown => {
            Object.defineProperty(document, "hidden", {configurable: true, value: !shown});
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        shown,
    )


def fresh(tab: Tab, open_tab: OpenTab, url: str = "") -> Tab:
    """Open the same address, or `url`, in another window with the same session."""
    return open_tab(url or tab.page.url, storage_state=tab.page.context.storage_state(), may_log=LOST)


def is_stored(site: Site, text: str) -> None:
    wait_for(lambda: execute(site, "SELECT text FROM answers_answer") == [(text,)], SECONDS, f"{text} stored")
