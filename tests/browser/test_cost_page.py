"""What the browser does to show a long answer while it grows. bench/phone.py measures how long that takes."""

import re
from statistics import median

from playwright.sync_api import Browser

from bench.phone import Event, in_parts, traced
from tests.support.browser import OpenTab, Server
from tests.support.sites import ROOT, Site

STYLES = ROOT / "answers" / "static" / "answers"
# A `:has()` on something large that looks at everything inside it.
SEARCH = re.compile(r"(body|html|:root|main|#page|[.]page|#thread|[.]text)[^\s,{]*:has[(](?!\s*[>~+])")


def work(events: list[Event]) -> int:
    """How many elements got a new style, plus how many objects were laid out again."""
    styled = [one["args"]["elementCount"] for one in events if one["name"] == "UpdateLayoutTree"]
    laid_out = [one["args"]["beginData"]["dirtyObjects"] for one in events if one["name"] == "Layout"]
    assert all((styled, laid_out))
    return sum(styled) + sum(laid_out)


def test_a_long_answer_costs_the_same_to_its_end(
    shared_site: Site, open_tab: OpenTab, browser: Browser
) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    server.is_asked(tab)
    events = traced(browser, tab.page, server)
    costs = [work(part) for part in in_parts(events)]
    assert costs[-1] <= 1.2 * median(costs[:3]), costs
    layouts = [one["args"]["beginData"] for one in events if one["name"] == "Layout"]
    assert len(layouts) > 100
    assert [layout["stackTrace"] for layout in layouts if "stackTrace" in layout] == []  # none is forced


def test_no_style_searches_the_whole_page_at_each_change() -> None:
    assert SEARCH.search("body:has(.has-thread) {")
    styles = {path.name: path.read_text() for path in STYLES.glob("*.css")}
    assert "ask.css" in styles
    assert [name for name, style in styles.items() if SEARCH.search(style)] == []
