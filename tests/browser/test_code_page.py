"""The buttons on code: copy, and wrap long lines."""

import pytest
from playwright.sync_api import Locator, expect

from tests.support.api_server import answer
from tests.support.browser import OpenTab, Tab, dictated
from tests.support.page_faults import stop_clock
from tests.support.sites import Site

CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}
LONG = (
    "Look:\n\n```python\n" + "".join(f"print({number}, '{'salt ' * 60}')\n" for number in range(60)) + "```\n"
)


def copy_button(tab: Tab) -> Locator:
    return tab.text.get_by_role("button", name="Copy", exact=True)


def clipboard(tab: Tab) -> str:
    return str(tab.page.evaluate("navigator.clipboard.readText()"))


def test_code_can_be_copied_exactly_even_while_it_streams(shared_site: Site, open_tab: OpenTab) -> None:
    answer = dictated(shared_site, "Code?")
    tab = open_tab(shared_site.url, with_clock=True, **CLIPBOARD)
    stop_clock(tab)  # or a busy machine might see "Copied" too late
    tab.ask("Code?")
    code = "if a < b && 𝔘:\n\tprint('\u202e\"')\n\n  # end"
    answer.say(f"So:\n\n```python\n{code}\n")
    expect(tab.text.locator("code")).to_contain_text("# end")
    copy_button(tab).click()
    expect(tab.text.get_by_role("button", name="Copied")).to_be_visible()
    assert clipboard(tab) == code
    answer.say("```\n\nDone.\n\n```\nother\n```\n")
    answer.end()
    tab.is_ready()
    tab.pass_time(2_000)
    expect(copy_button(tab)).to_have_count(2)
    tab.page.reload()
    copy_button(tab).last.click()
    expect(tab.announcement).to_have_text("Copied")
    assert clipboard(tab) == "other"
    copy_button(tab).first.press("Enter")
    expect(tab.text.get_by_role("button", name="Copied")).to_have_count(2)
    assert clipboard(tab) == code


def test_copied_is_shown_for_two_seconds(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Two seconds?", answer(["```\ncode\n```"]))
    tab = open_tab(shared_site.url, with_clock=True, **CLIPBOARD)
    tab.asks("Two seconds?", "```\ncode\n```")
    stop_clock(tab)
    copy_button(tab).click()
    copied = tab.text.get_by_role("button", name="Copied")
    expect(copied).to_be_visible()
    tab.pass_time(1_900)
    expect(copied).to_be_visible()
    copied.click()  # again
    tab.pass_time(1_900)
    expect(copied).to_be_visible()
    tab.pass_time(200)
    expect(copy_button(tab)).to_be_visible()
    expect(tab.announcement).to_have_text("")


@pytest.mark.parametrize("reason", ["no clipboard", "refused"])
def test_code_can_be_copied_without_a_clipboard(shared_site: Site, open_tab: OpenTab, reason: str) -> None:
    """Plain http has none, and a browser may refuse access to it."""
    shared_site.api.when("Old way?", answer(["```\nthe old way\n```"]))
    tab = open_tab(shared_site.url, with_clock=True)
    tab.asks("Old way?", "```\nthe old way\n```")
    stop_clock(tab)
    value = (
        "undefined" if reason == "no clipboard" else "{ writeText: () => Promise.reject(new Error('no')) }"
    )
    tab.page.evaluate(f"() => Object.defineProperty(navigator, 'clipboard', {{ value: {value} }})")
    copy_button(tab).focus()
    copy_button(tab).press("Enter")
    copied = tab.text.get_by_role("button", name="Copied")
    expect(copied).to_be_focused()
    tab.box.press("Control+V")
    expect(tab.box).to_have_value("the old way")


def test_a_failure_to_copy_is_said(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Not at all?", answer(["```\ncode\n```"]))
    tab = open_tab(shared_site.url, with_clock=True)
    tab.asks("Not at all?", "```\ncode\n```")
    stop_clock(tab)
    tab.page.evaluate("() => Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    tab.page.evaluate("() => { document.execCommand = () => false }")
    copy_button(tab).click()
    expect(tab.text.get_by_role("button", name="Couldn't copy")).to_be_visible()
    expect(tab.announcement).to_have_text("Couldn't copy")


def test_wrapping_is_remembered_for_all_code(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Long?", answer([LONG, LONG]))
    tab = open_tab(shared_site.url)
    tab.asks("Long?", LONG + LONG)
    wrap = tab.text.get_by_role("button", name="Wrap lines")
    is_wide = "(pres) => pres.map((pre) => pre.scrollWidth > pre.clientWidth)"
    pres = tab.text.locator("pre")
    expect(wrap).to_have_count(2)
    assert pres.evaluate_all(is_wide) == [True, True]
    wrap.first.press("Enter")
    expect(wrap.last).to_have_attribute("aria-pressed", "true")
    assert pres.evaluate_all(is_wide) == [False, False]

    def are_pressed(one: Tab, pressed: str) -> None:
        for button in one.text.get_by_role("button", name="Wrap lines").all():
            expect(button).to_have_attribute("aria-pressed", pressed)

    are_pressed(tab, "true")
    tab.page.reload()
    are_pressed(tab, "true")
    assert pres.evaluate_all(is_wide) == [False, False]
    other = open_tab(tab.page.url, beside=tab)
    shared_site.api.when("More?", answer([LONG]))
    other.ask("More?")  # code that comes later
    expect(other.question).to_have_text("More?")
    other.is_ready()
    expect(other.text.locator("pre")).to_have_count(1)
    are_pressed(other, "true")
    other.text.get_by_role("button", name="Wrap lines").click()
    are_pressed(other, "false")
    are_pressed(tab, "false")  # at once
    assert pres.evaluate_all(is_wide) == [True, True]


def test_the_buttons_stay_in_reach_and_are_large_enough(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Reach?", answer([LONG, "\n\nAfter\n\n" * 30]))
    phone = {"width": 360, "height": 640}
    tab = open_tab(shared_site.url, viewport=phone, is_mobile=True, has_touch=True)
    tab.ask("Reach?")
    tab.is_ready()
    for button in tab.text.get_by_role("button").all():
        box = button.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 24
    tab.text.locator("pre").evaluate("(pre) => scrollBy(0, pre.getBoundingClientRect().top + 700)")
    expect(copy_button(tab)).to_be_in_viewport(ratio=1)
    point = "(button) => { const { x, y } = button.getBoundingClientRect(); return [x + 5, y + 5] }"
    x, y = copy_button(tab).evaluate(point)
    assert copy_button(tab).evaluate(f"(button) => document.elementFromPoint({x}, {y}) === button")
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_code_and_tables_can_be_reached_and_scrolled_with_the_keyboard(
    shared_site: Site, open_tab: OpenTab
) -> None:
    text = (
        LONG
        + "\n\n|"
        + "wide|" * 60
        + "\n|"
        + "-|" * 60
        + "\n|"
        + "cell|" * 60
        + "\n\n$$"
        + "x+" * 200
        + "x$$"
    )
    shared_site.api.when("Keys?", answer([text]))
    tab = open_tab(shared_site.url)
    tab.asks("Keys?", text)
    tab.text.get_by_role("button", name="Wrap lines").focus()
    reached = []
    for _ in range(4):
        tab.page.keyboard.press("Tab")
        focused = tab.page.locator(":focus")
        reached.append(focused.evaluate("(node) => node.className || node.localName"))
        if reached[-1] == "copy":
            continue
        tab.page.keyboard.press("ArrowRight")
        expect(focused).not_to_have_js_property("scrollLeft", 0)
    assert reached == ["copy", "pre", "table", "formula"]


def test_without_javascript_there_are_no_buttons_that_do_nothing(
    shared_site: Site, open_tab: OpenTab
) -> None:
    shared_site.api.when("Plain code?", answer(["```\ncode\n```"]))
    tab = open_tab(shared_site.url)
    tab.asks("Plain code?", "```\ncode\n```")
    cookies = tab.page.context.storage_state()
    plain = open_tab(tab.page.url, java_script_enabled=False, storage_state=cookies)
    expect(plain.text.locator("code")).to_be_visible()
    expect(plain.text.locator("button:visible")).to_have_count(0)
    expect(plain.page.locator(".copy-answer")).to_be_hidden()
