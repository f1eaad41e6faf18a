"""What the browser does to show a long answer while it grows. bench/phone.py measures how long that takes."""

import re
from statistics import median

from playwright.sync_api import Browser

from bench.phone import Event, in_parts, traced
from tests.support.browser import OpenTab, Server
from tests.support.sites import ROOT, Site

STYLES = ROOT / "answers" / "static" / "answers"
# Of something large, if it may be anywhere inside.
SEARCH = re.compile(r"(body|html|:root|main|#page|[.]page|#thread|[.]text)[^\s,{]*:has[(](?!\s*[>~+])")


def work(events: list[Event]) -> int:
    """How many elements got their style, and objects their place."""
    styled = sum(one["args"].get("elementCount", 0) for one in events if one["name"] == "UpdateLayoutTree")
    layouts = [one["args"]["beginData"] for one in events if one["name"] == "Layout"]
    return styled + sum(layout["dirtyObjects"] for layout in layouts)


def test_a_long_answer_costs_the_same_to_its_end(
    shared_site: Site, open_tab: OpenTab, browser: Browser
) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    server.is_asked(tab)
    events = traced(browser, tab.page, server)
    costs = [work(part) for part in in_parts(events)]
    assert costs[-1] <= 1.5 * median(costs[:3]), costs
    layouts = [one["args"]["beginData"] for one in events if one["name"] == "Layout"]
    assert len(layouts) > 100
    assert [layout["stackTrace"] for layout in layouts if "stackTrace" in layout] == []  # none is forced


def test_no_style_searches_the_whole_page_at_each_change() -> None:
    assert SEARCH.search("body:has(.has-thread) {")
    assert [path.name for path in STYLES.glob("*.css") if SEARCH.search(path.read_text())] == []
