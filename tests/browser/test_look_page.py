"""What every look of the page keeps: controls that can be hit and seen, and text that nothing covers."""

import pytest
from playwright.sync_api import expect

from tests.support.api_server import answer
from tests.support.browser import OpenTab, dictated
from tests.support.sites import Site

SMALL = """() => [...document.querySelectorAll("button, summary, select, nav a, .below a, .answer-actions a")]
    .filter((one) => one.checkVisibility() && !one.matches(".visually-hidden"))
    .filter((one) => one.offsetWidth < 24 || one.offsetHeight < 24)
    .map((one) => one.outerHTML)"""


@pytest.mark.parametrize("width", [1200, 320])
def test_every_control_is_large_enough_to_hit(shared_site: Site, open_tab: OpenTab, width: int) -> None:
    shared_site.api.when("Large?", answer(["```\ncode\n```"]))
    tab = open_tab(shared_site.url, viewport={"width": width, "height": 700})
    assert tab.page.evaluate(SMALL) == []
    tab.ask("Large?")
    tab.is_ready()
    tab.page.locator(".thread-actions summary").click()
    assert tab.page.evaluate(SMALL) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_forced_colours_show_the_focus_and_how_to_stop(
    shared_site: Site, open_tab: OpenTab, scheme: str
) -> None:
    said = dictated(shared_site, f"Forced {scheme}?")
    phone = {"width": 390, "height": 700}
    tab = open_tab(shared_site.url, viewport=phone, forced_colors="active", color_scheme=scheme)
    outline = "(form) => [getComputedStyle(form).outlineStyle, getComputedStyle(form).outlineWidth]"
    expect(tab.box).to_be_focused()
    assert tab.page.locator("#form").evaluate(outline) == ["solid", "2px"]
    tab.ask(f"Forced {scheme}?")
    expect(tab.stop).to_be_visible()
    square = "(button) => parseFloat(getComputedStyle(button, '::before').borderTopWidth)"
    assert tab.stop.evaluate(square) >= 4  # forced colours keep borders, and no backgrounds
    tab.page.locator("h1 a").focus()
    assert tab.page.locator("#form").evaluate(outline)[0] == "none"
    said.end()


def test_the_button_to_the_end_stands_beside_the_text(shared_site: Site, open_tab: OpenTab) -> None:
    said = dictated(shared_site, "Beside?")
    tab = open_tab(shared_site.url, viewport={"width": 1000, "height": 600})
    tab.ask("Beside?")
    said.say("A long line of text that fills the column. " * 200)
    button, text = tab.to_end.bounding_box(), tab.text.bounding_box()
    assert button
    assert text
    assert button["x"] >= text["x"] + text["width"]
    tab.page.set_viewport_size({"width": 320, "height": 600})
    button = tab.to_end.bounding_box()
    assert button
    assert button["x"] > 240  # at the end of lines
    said.end()


def test_the_title_keeps_its_distance_from_what_follows(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Distance?", answer(["Yes."]))
    tab = open_tab(shared_site.url)
    tab.asks("Distance?", "Yes.")
    cookies = tab.page.context.storage_state()
    plain = open_tab(tab.page.url, java_script_enabled=False, storage_state=cookies)
    title = plain.page.locator("h1").bounding_box()
    notice = plain.page.locator(".notice").first.bounding_box()
    assert title
    assert notice
    assert notice["y"] - title["y"] - title["height"] >= 12
