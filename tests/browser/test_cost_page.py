"""What it costs a slow phone to show a long answer while it grows."""

import json
import re
from bisect import bisect
from collections.abc import Iterator
from itertools import pairwise
from statistics import median
from typing import Any

import pytest
from playwright.sync_api import Browser

from answers.formatting import Growing, changes
from bench.machine import round_seconds
from tests.support.browser import OpenTab, Server
from tests.support.formatted import EVERYTHING
from tests.support.sites import Site

TOKENS, TOKENS_PER_EVENT = 10_000, 8
EVENT_MILLISECONDS = 16  # more often than the server sends them
SLOWDOWN = 4  # of a phone, compared with a quick machine
QUICK_ROUND = 11e-9  # seconds for a round of an empty loop there
LONG_MILLISECONDS = 50  # what browsers call a long task
REPEATS = 4
NEAR = 20  # changes of the page; two runs show the same text in other steps
CATEGORIES = [
    "devtools.timeline",
    "disabled-by-default-devtools.timeline",
    "disabled-by-default-devtools.timeline.stack",  # which script forces a layout
]


def growing_answer() -> Iterator[dict[str, Any]]:
    """The events of an answer of `TOKENS` tokens, in which everything comes again and again."""
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


def main_thread(trace: bytes) -> list[dict[str, Any]]:
    """The complete events of the page's main thread."""
    events = json.loads(trace)["traceEvents"]
    [thread] = {(one["pid"], one["tid"]) for one in events if one["name"] == "ParseHTML"}
    return [one for one in events if one["ph"] == "X" and (one["pid"], one["tid"]) == thread]


def traced(site: Site, open_tab: OpenTab, browser: Browser) -> tuple[list[dict[str, Any]], list[Any]]:
    """Show the answer. Return the events of the main thread, and its tasks: when each began, and its cost in
    milliseconds on the processor, since other programs may use it too."""
    tab = open_tab(site.url, server=(server := Server()))
    server.is_asked(tab)
    devtools = tab.page.context.new_cdp_session(tab.page)
    rate = max(1, SLOWDOWN * QUICK_ROUND / round_seconds())
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": rate})
    browser.start_tracing(page=tab.page, categories=CATEGORIES)
    for event in growing_answer():
        server.say("answer.text", **event)
        tab.page.wait_for_timeout(EVENT_MILLISECONDS)
    trace = browser.stop_tracing()

    events = main_thread(trace)
    return events, [
        (one["ts"], one["tdur"] / 1000) for one in events if one["name"] == "RunTask" and "tdur" in one
    ]


def long_tasks(events: list[dict[str, Any]], tasks: list[Any]) -> list[int]:
    """Where in the answer the long tasks were: after how many changes of the page."""
    parsed = [one["ts"] for one in events if one["name"] == "ParseHTML"]
    return [bisect(parsed, at) for at, cost in tasks if cost >= LONG_MILLISECONDS]


@pytest.mark.measures
def test_a_long_answer_costs_the_same_to_its_end_and_never_blocks_the_page(
    shared_site: Site, open_tab: OpenTab, browser: Browser
) -> None:
    events, tasks = traced(shared_site, open_tab, browser)
    parsed = [one["ts"] for one in events if one["name"] == "ParseHTML"]
    # Of each tenth of the changes. A busy machine makes more of them at once, and takes longer for some.
    times = [parsed[(len(parsed) - 1) * part // 10] for part in range(11)]
    costs = [sum(cost for at, cost in tasks if one <= at < next) for one, next in pairwise(times)]
    assert costs[-1] <= 1.5 * median(costs[:3]), costs
    layouts = [one["args"]["beginData"] for one in events if one["name"] == "Layout"]
    assert len(layouts) > 100
    assert [layout["stackTrace"] for layout in layouts if "stackTrace" in layout] == []  # none is forced
    found = long_tasks(events, tasks)
    for _ in range(REPEATS):
        if not found:
            break
        # The browser slows itself down by a thread of its own, which a busy machine delays. What the page
        # itself does for too long is there again, each time at the same place.
        again = long_tasks(*traced(shared_site, open_tab, browser))
        found = [one for one in found if any(abs(one - other) <= NEAR for other in again)]
    assert found == []
