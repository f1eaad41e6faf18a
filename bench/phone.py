"""What showing a long answer costs the page on a slow phone: `make bench-phone`.

The browser is slowed down to a quarter of a quick machine's speed, unless this machine is slower already. The
page gets a long answer that repeats everything Markdown has, in more events than the server would send.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from answers.formatting import Growing, changes
from bench.machine import round_seconds
from tests.support.api_server import ApiServer
from tests.support.browser import ARGUMENTS, Server, Tab
from tests.support.formatted import EVERYTHING
from tests.support.sites import Site

TOKENS, TOKENS_PER_EVENT = 10_000, 8
NEXT_FRAME = "() => new Promise(requestAnimationFrame)"
SLOWDOWN = 4  # of a phone, compared with a quick machine
QUICK_ROUND = 11e-9  # seconds for a round of an empty loop there
LONG_MILLISECONDS = 50  # what browsers call a long task
PARTS = 10
CATEGORIES = [
    "devtools.timeline",
    "disabled-by-default-devtools.timeline",
    "disabled-by-default-devtools.timeline.stack",  # which script forces a layout
]

Event = dict[str, Any]


def growing_answer() -> Iterator[Event]:
    """The events of an answer of `TOKENS` tokens."""
    tokens = re.findall(r"\s*\S{1,6}", EVERYTHING[: EVERYTHING.index("Hidden")])
    growing, position = Growing("x-"), 0
    for start in range(0, TOKENS, TOKENS_PER_EVENT):
        text = "".join(tokens[index % len(tokens)] for index in range(start, start + TOKENS_PER_EVENT))
        before = growing.blocks
        growing.feed(text)
        for _ in growing.render():
            pass
        html = changes(before, growing.blocks)
        yield {"position": position, "text": text, "html": html, "blocks": len(growing.blocks)}
        position += len(text)


def traced(browser: Browser, page: Page, server: Server) -> list[Event]:
    """Show the answer on a page that has asked for it, in a frame for each event, so that the same is done on
    every machine. Return the events of the page's main thread, in order."""
    browser.start_tracing(page=page, categories=CATEGORIES)
    for event in growing_answer():
        server.say("answer.text", **event)
        page.evaluate(NEXT_FRAME)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    [thread] = {(one["pid"], one["tid"]) for one in events if one["name"] == "ParseHTML"}
    return sorted(
        (one for one in events if one["ph"] == "X" and (one["pid"], one["tid"]) == thread),
        key=lambda one: one["ts"],
    )


def in_parts(events: list[Event]) -> list[list[Event]]:
    """The events of each tenth of the changes to the page."""
    changed = [one["ts"] for one in events if one["name"] == "ParseHTML"]
    times = [changed[(len(changed) - 1) * part // PARTS] for part in range(PARTS + 1)]
    return [[one for one in events if begin <= one["ts"] < end] for begin, end in pairwise(times)]


def task_milliseconds(events: list[Event]) -> list[float]:
    """The processor time of each task."""
    return [one["tdur"] / 1000 for one in events if one["name"] == "RunTask" and "tdur" in one]


@contextmanager
def page_with_question() -> Iterator[tuple[Browser, Page, Server]]:
    """A page of a new site that waits for the answer to its question."""
    with tempfile.TemporaryDirectory() as folder, ApiServer() as api, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        site = Site(Path(folder), api).start()
        try:
            page, server = browser.new_page(), Server()
            page.route_web_socket(re.compile("/ws/answers/"), server.connected)
            page.goto(site.url)
            server.is_asked(Tab(page))
            yield browser, page, server
        finally:
            site.stop()
            browser.close()


def main() -> None:
    rate = max(1, SLOWDOWN * QUICK_ROUND / round_seconds())
    with page_with_question() as (browser, page, server):
        devtools = page.context.new_cdp_session(page)
        devtools.send("Emulation.setCPUThrottlingRate", {"rate": rate})
        events = traced(browser, page, server)
    tasks = task_milliseconds(events)
    costs = [sum(task_milliseconds(part)) for part in in_parts(events)]
    print(
        f"{TOKENS:,} tokens, the browser {rate:.1f} times slower than this machine: {len(tasks):,} tasks, "
        f"the longest {max(tasks):.0f} ms, "
        f"{sum(task >= LONG_MILLISECONDS for task in tasks)} of {LONG_MILLISECONDS} ms or more; "
        f"the last tenth took {costs[-1] / costs[0]:.2f} times the first"
    )


if __name__ == "__main__":
    main()
