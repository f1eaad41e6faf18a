"""An answer with everything in it: equal wherever it is shown, accessible, and as wide as the window."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.support.api_server import answer
from tests.support.browser import OpenTab, Tab, dictated
from tests.support.formatted import EVERYTHING
from tests.support.sites import Site

# Recommendations of axe that no criterion of WCAG 2.2 asks for are not in these.
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


@pytest.fixture
def everything(shared_site: Site, open_tab: OpenTab) -> Tab:
    """A page whose answer has everything in it."""
    shared_site.api.when("Everything?", answer([EVERYTHING]))
    tab = open_tab(shared_site.url)
    tab.ask("Everything?")
    tab.is_ready()
    return tab


def test_an_answer_looks_the_same_live_reloaded_shared_and_without_javascript(
    shared_site: Site, open_tab: OpenTab
) -> None:
    answer = dictated(shared_site, "The same?")
    tab = open_tab(shared_site.url)
    tab.ask("The same?")
    for start in range(0, len(EVERYTHING), 97):
        answer.say(EVERYTHING[start : start + 97])
        if start % 10 == 0:
            tab.page.wait_for_timeout(20)  # so that it is shown in many steps
    answer.end()
    tab.is_ready()
    live = tab.text.inner_html()
    tab.shows(EVERYTHING)
    tab.page.reload()
    assert tab.text.inner_html() == live
    cookies = tab.page.context.storage_state()
    plain = open_tab(tab.page.url, java_script_enabled=False, storage_state=cookies)
    assert plain.text.inner_html() == live
    tab.page.get_by_role("link", name="Share").click()
    tab.page.get_by_role("button", name="Create link").click()
    shared = open_tab(tab.page.get_by_label("Link").input_value())
    assert shared.text.inner_html() == live
    assert tab.page.locator("article :is(script, img, iframe, style, [style])").count() == 0


@pytest.mark.parametrize(
    "media",
    [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}],
    ids=["light", "dark", "forced colours"],
)
@pytest.mark.parametrize("width", [1200, 320])
def test_axe_finds_nothing(everything: Tab, open_tab: OpenTab, media: dict[str, Any], width: int) -> None:
    viewport = {"width": width, "height": 800}
    cookies = everything.page.context.storage_state()
    tab = open_tab(everything.page.url, viewport=viewport, storage_state=cookies, **media)
    expect(tab.text.get_by_role("button", name="Copy", exact=True).first).to_be_visible()
    found = Axe().run(tab.page, context=".text, .after", options=RULES)
    assert found.violations_count == 0, found.generate_report()
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width


def test_nothing_but_code_tables_and_formulas_scrolls_at_200_percent(
    everything: Tab, open_tab: OpenTab
) -> None:
    cookies = everything.page.context.storage_state()
    tab = open_tab(everything.page.url, viewport={"width": 640, "height": 400}, storage_state=cookies)
    tab.page.evaluate("() => { document.documentElement.style.fontSize = '200%' }")
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 640
    wide = """(nodes) => nodes.filter((node) => node.scrollWidth > node.clientWidth + 1 &&
        getComputedStyle(node).display === "block" && !node.closest("pre, .table, .formula")).length"""
    assert tab.text.locator("*").evaluate_all(wide) == 0


def test_formulas_are_announced_by_name_and_footnotes_lead_back(everything: Tab) -> None:
    for name, number in (("Code", 5), ("Table", 1), ("Formula", 1)):
        expect(everything.text.get_by_role("group", name=name, exact=True)).to_have_count(number)
    mark = everything.text.get_by_role("link", name="1", exact=True)
    mark.click()
    expect(everything.page).to_have_url(re.compile(r"#a[0-9a-f-]{36}-n1$"))
    everything.text.get_by_role("link", name="Back to the text").first.click()
    expect(everything.page).to_have_url(re.compile(r"#a[0-9a-f-]{36}-r1$"))
    expect(mark).to_be_in_viewport()
