"""The form: where it is, and where the focus is."""

import pytest
from playwright.sync_api import expect

from tests.support.api_server import answer, refuse
from tests.support.axe import assert_accessible
from tests.support.browser import OpenTab, Tab, dictated
from tests.support.sites import Site

IN_VIEW = (
    "(node) => { const { top, bottom } = node.getBoundingClientRect(); return [top, bottom, innerHeight] }"
)
TEXT_ENDS = "document.querySelector('#thread').getBoundingClientRect().bottom"


def is_at_bottom(tab: Tab) -> bool:
    _, bottom, height = tab.page.locator("#dock").evaluate(IN_VIEW)
    return abs(bottom - height) < 2


# -- Where it is


def test_the_form_is_on_top_until_there_is_a_thread(shared_site: Site, open_tab: OpenTab) -> None:
    said = dictated(shared_site, "Where now?")
    tab = open_tab(shared_site.url, viewport={"width": 1000, "height": 700})
    assert not is_at_bottom(tab)
    assert tab.box.evaluate(IN_VIEW)[1] < 400
    tab.ask("Where now?")
    said.say("Below.")
    tab.shows("Below.")
    assert is_at_bottom(tab)
    said.say("\n\nline" * 100)
    said.end()
    tab.is_ready()
    for place in (0, 500, 100_000):
        tab.page.evaluate("y => scrollTo(0, y)", place)
        assert is_at_bottom(tab)
    assert tab.page.evaluate(TEXT_ENDS) <= tab.page.locator("#form").evaluate(IN_VIEW)[0]
    tab.page.reload()
    assert is_at_bottom(tab)
    order = "document.querySelector('#thread').compareDocumentPosition(document.querySelector('#form'))"
    assert tab.page.evaluate(order) == 4  # the form follows: reading, focus and view have the same order


def test_what_has_the_focus_is_not_below_the_form(talk: Tab) -> None:
    page = talk.page
    page.set_viewport_size({"width": 800, "height": 420})
    page.evaluate("scrollTo(0, 0)")
    page.locator("h1 a").focus()
    seen = 0
    while True:
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('#dock') !== null"):
            break
        bottom = page.evaluate("document.activeElement.getBoundingClientRect().bottom")
        assert bottom <= page.locator("#form").evaluate(IN_VIEW)[0], page.evaluate(
            "document.activeElement.outerHTML"
        )
        seen += 1
    assert seen > 9


@pytest.mark.parametrize(
    ("size", "is_sticky"),
    [((740, 360), False), ((360, 300), True), ((360, 740), True)],
    ids=["landscape", "on-screen keyboard", "portrait"],
)
def test_the_form_leaves_a_phone_in_landscape_to_the_text(
    shared_site: Site, open_tab: OpenTab, size: tuple[int, int], is_sticky: bool
) -> None:
    shared_site.api.when("Phone?", answer(["Yes.\n\n" * 60]))
    viewport = {"width": size[0], "height": size[1]}
    tab = open_tab(shared_site.url, viewport=viewport, is_mobile=True, has_touch=True)
    tab.ask("Phone?")
    tab.is_ready()
    tab.page.evaluate("scrollTo(0, 200)")
    assert is_at_bottom(tab) == is_sticky


def test_a_zoomed_page_has_a_small_form(talk: Tab) -> None:
    talk.page.set_viewport_size({"width": 640, "height": 400})  # 1280x800 at 200 %
    top, bottom, height = talk.page.locator("#dock").evaluate(IN_VIEW)
    assert is_at_bottom(talk)
    assert bottom - top < height / 3
    assert talk.page.evaluate("document.documentElement.scrollWidth") <= 640
    talk.page.set_viewport_size({"width": 320, "height": 256})  # 1280x1024 at 400 %: it would cover all text
    assert talk.page.locator("#dock").evaluate("node => getComputedStyle(node).position") == "static"
    assert talk.page.evaluate("document.documentElement.scrollWidth") <= 320


# -- Focus


def test_the_focus_is_neither_taken_nor_lost(shared_site: Site, open_tab: OpenTab) -> None:
    said = dictated(shared_site, "Focus?")
    tab = open_tab(shared_site.url)
    tab.ask("Focus?")
    said.say("A")
    tab.shows("A")
    expect(tab.box).to_be_focused()
    history = tab.page.get_by_role("link", name="History")
    history.focus()
    said.end()
    tab.is_ready()
    expect(history).to_be_focused()  # the reader may be anywhere when an answer ends


@pytest.mark.parametrize("button", ["Stop", "Ask again", "Editor"])
def test_a_button_that_disappears_hands_the_focus_to_the_form(
    shared_site: Site, open_tab: OpenTab, button: str
) -> None:
    said = dictated(shared_site, f"{button}?")
    tab = open_tab(shared_site.url)
    tab.ask(f"{button}?")
    said.say("A")
    tab.shows("A")
    if button == "Stop":
        tab.stop.press("Enter")
        tab.is_ready()
    else:
        said.end()
        tab.is_ready()
        if button == "Ask again":
            tab.again.press("Enter")
        else:
            tab.type_anew(0, "Another?")
        expect(tab.versions).to_contain_text("2 of 2", use_inner_text=True)
    expect(tab.box).to_be_focused()


# -- For everyone


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_is_accessible_in_each_state(shared_site: Site, open_tab: OpenTab, scheme: str) -> None:
    shared_site.api.when("Fails?", refuse(401, "no"))
    said = dictated(shared_site, "States?")
    tab = open_tab(shared_site.url, color_scheme=scheme)
    assert_accessible(tab.page)
    tab.ask("States?")
    said.say("A")
    tab.shows("A")
    assert_accessible(tab.page)
    tab.ask("Next?")
    tab.ask("One too many")
    expect(tab.alert).to_be_visible()
    assert_accessible(tab.page)
    tab.page.evaluate("document.querySelector('#waiting-question').classList.add('is-held')")
    assert_accessible(tab.page)
    said.end()
