"""Copying a whole answer as the Markdown that the model wrote."""

import pytest
from playwright.sync_api import expect

from tests.support.api_server import answer
from tests.support.browser import OpenTab, Tab, dictated
from tests.support.page_faults import stop_clock
from tests.support.sites import Site

CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}
TEXT = (
    "# Salt 𝔘\n\n- **one** `two`\n- <b>three</b>\n\n```\ncode\n```\n\n$x$ and\u202e [a](https://example.org)"
)


def copies(tab: Tab) -> str:
    """Copy the answer. The clock has stopped, or a busy machine might see "Copied" too late."""
    tab.last.get_by_role("button", name="Copy answer").click()
    expect(tab.last.get_by_role("button", name="Copied")).to_be_visible()
    expect(tab.announcement).to_have_text("Copied")
    tab.pass_time(2_000)
    expect(tab.last.get_by_role("button", name="Copy answer")).to_be_visible()
    return str(tab.page.evaluate("navigator.clipboard.readText()"))


def test_an_answer_is_copied_while_it_streams_and_after(shared_site: Site, open_tab: OpenTab) -> None:
    answer = dictated(shared_site, "Copy it?")
    tab = open_tab(shared_site.url, with_clock=True, **CLIPBOARD)
    stop_clock(tab)
    tab.ask("Copy it?")
    answer.say(TEXT[:25])
    tab.shows(TEXT[:25])
    assert copies(tab) == TEXT[:25]
    answer.say(TEXT[25:])
    answer.end()
    tab.is_ready()
    tab.shows(TEXT)
    assert copies(tab) == TEXT
    tab.page.reload()  # now the page has only the HTML
    assert copies(tab) == TEXT


def test_a_reader_of_a_shared_thread_copies_an_answer(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Share it?", answer([TEXT]))
    tab = open_tab(shared_site.url)
    tab.asks("Share it?", TEXT)
    tab.page.get_by_role("link", name="Share").click()
    tab.page.get_by_role("button", name="Create link").click()
    reader = open_tab(tab.page.get_by_label("Link").input_value(), with_clock=True, **CLIPBOARD)
    stop_clock(reader)
    reader.shows(TEXT)
    assert copies(reader) == TEXT


@pytest.mark.parametrize("reason", ["undefined", "{ write: () => Promise.reject(new Error('no')) }"])
def test_an_answer_is_copied_without_a_clipboard(shared_site: Site, open_tab: OpenTab, reason: str) -> None:
    shared_site.api.when("Old copy?", answer(["Two\n\n**words**"]))
    tab = open_tab(shared_site.url, with_clock=True)
    stop_clock(tab)
    tab.asks("Old copy?", "Two\n\n**words**")
    tab.page.reload()
    tab.page.evaluate(f"() => Object.defineProperty(navigator, 'clipboard', {{ value: {reason} }})")
    tab.last.get_by_role("button", name="Copy answer").click()
    expect(tab.last.get_by_role("button", name="Copied")).to_be_visible()
    tab.box.press("Control+V")
    expect(tab.box).to_have_value("Two\n\n**words**")


def test_a_text_that_cannot_be_loaded_is_not_copied(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Gone?", answer(["Gone."]))
    tab = open_tab(shared_site.url, may_log="500", with_clock=True, **CLIPBOARD)
    stop_clock(tab)
    tab.asks("Gone?", "Gone.")
    tab.page.reload()
    tab.page.route("**/text/", lambda route: route.fulfill(status=500, body="An error page"))
    tab.last.get_by_role("button", name="Copy answer").click()
    expect(tab.last.get_by_role("button", name="Couldn't copy")).to_be_visible()
