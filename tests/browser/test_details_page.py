"""What an answer took, on demand: the same numbers live and after a reload, in the reader's language."""

import threading
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.api_exchange import PATIENCE_SECONDS, Exchange
from tests.support.browser import FINISHED, OpenTab, Server, Tab, dictated
from tests.support.sites import Site

USAGE = {
    "prompt_tokens": 12345,
    "prompt_tokens_details": {"cached_tokens": 11000},
    "completion_tokens": 1234,
    "completion_tokens_details": {"reasoning_tokens": 640},
}
TEXT_SECONDS = 0.25
COUNTED = ["12,345", "11,000", "1,234", "640"]


def lines(tab: Tab) -> dict[str, str]:
    """Open the details, and read them line by line."""
    tab.details.click()
    expect(tab.details_box).to_be_visible()
    names, values = (tab.details_box.locator(f"{tag}:visible") for tag in ("dt", "dd"))
    expect(names.last).to_be_visible()
    return dict(zip(names.all_inner_texts(), values.all_inner_texts(), strict=True))


def asked(site: Site, open_tab: OpenTab, question: str, **context: Any) -> Tab:
    """A page with an answer whose text took a quarter of a second, and whose tokens are known."""
    is_shown = threading.Event()  # or a busy machine might read both texts at once, without a speed

    def behaviour(exchange: Exchange) -> None:
        exchange.head()
        exchange.wait(TEXT_SECONDS)
        exchange.chunk("One, ")
        assert is_shown.wait(PATIENCE_SECONDS)
        exchange.wait(TEXT_SECONDS)
        exchange.chunk("two.")
        exchange.finish("stop", USAGE)

    site.api.when(question, behaviour)
    tab = open_tab(site.url, **context)
    tab.ask(question)
    expect(tab.text).to_contain_text("One,")
    is_shown.set()
    expect(tab.last).to_have_attribute("data-status", "complete")
    return tab


@pytest.mark.parametrize(
    ("language", "counted"),
    [
        ("en", COUNTED),
        ("de", ["12.345", "11.000", "1.234", "640"]),
        ("fr", ["12\u202f345", "11\u202f000", "1\u202f234", "640"]),
        ("es", ["12.345", "11.000", "1234", "640"]),
    ],
)
def test_a_reload_shows_the_same_numbers(
    shared_site: Site, open_tab: OpenTab, language: str, counted: list[str]
) -> None:
    tab = asked(shared_site, open_tab, f"How long in {language}?", locale=language)
    live = lines(tab)
    assert [value for value in live.values() if value in counted] == counted
    assert len(live) == 9  # with the model, three times and the status
    assert ("," in live[list(live)[1]]) == (language != "en")
    tab.page.reload()
    assert lines(tab) == live


def test_details_are_there_without_javascript(shared_site: Site, open_tab: OpenTab) -> None:
    tab = asked(shared_site, open_tab, "Plainly, how long?")
    live = lines(tab)
    state = tab.page.context.storage_state()
    plain = open_tab(tab.page.url, java_script_enabled=False, storage_state=state)
    assert lines(plain) == live


def test_what_is_not_known_has_no_line_and_estimates_are_marked(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    server.is_asked(tab)
    server.say("answer.text", position=0, text="Half")
    usage = {"prompt_tokens": 12, "completion_tokens": None, "estimated": True}
    end = {"status": "stopped", "finish_reason": None, "usage": usage, "first_text_seconds": None}
    server.say("answer.finished", length=4, **(FINISHED | end))
    tab.is_ready()
    assert lines(tab) == {
        "Model": "gpt",
        "Total time": "1.0 s",
        "Tokens in the prompt": "12",
        "Status": "Stopped",
    }
    expect(tab.details_box).to_contain_text("The token counts are estimates.", use_inner_text=True)
    assert "estimates" not in lines(asked(shared_site, open_tab, "Certain?"))


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ({}, "Complete"),
        ({"finish_reason": "length"}, "Length limit reached"),
        ({"finish_reason": "content_filter"}, "Cut short by a content filter"),
        ({"status": "interrupted", "finish_reason": "length"}, "Interrupted"),
        ({"finish_reason": "eos_token"}, "Complete"),
    ],
)
def test_the_way_it_ended_is_said_in_words(
    shared_site: Site, open_tab: OpenTab, end: dict[str, str], words: str
) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    server.is_asked(tab)
    server.say("answer.finished", length=0, **(FINISHED | end))
    assert lines(tab)["Status"] == words


def test_details_open_from_the_keyboard_and_nothing_moves(shared_site: Site, open_tab: OpenTab) -> None:
    tab = asked(shared_site, open_tab, "Does it move?")
    before = places(tab.page)
    tab.details.press("Enter")
    expect(tab.details_box).to_be_visible()
    assert places(tab.page) == before
    tab.page.keyboard.press("Escape")
    expect(tab.details_box).to_be_hidden()
    expect(tab.details).to_be_focused()


PLACES = """() => [
    document.documentElement.scrollHeight,
    ...[...document.querySelectorAll("article *:not(.details, .details *)")].map((one) => one.offsetTop),
]"""


def places(page: Page) -> list[int]:
    """Where everything is but the details."""
    return page.evaluate(PLACES)  # type: ignore[no-any-return]


def test_details_fit_a_small_phone_with_long_words(shared_site: Site, open_tab: OpenTab) -> None:
    size = {"width": 320, "height": 640}
    tab = asked(shared_site, open_tab, "Wie lange?", viewport=size, locale="de", has_touch=True)
    tab.details.tap()
    expect(tab.details_box).to_be_visible()
    box = tab.details_box.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 320
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_running_answer_has_no_details(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    server.is_asked(tab)
    server.say("answer.text", position=0, text="So far")
    tab.shows("So far")
    expect(tab.details).to_be_hidden()


def test_a_shared_page_says_that_it_is_being_answered_and_shows_no_numbers(
    shared_site: Site, open_tab: OpenTab
) -> None:
    said = dictated(shared_site, "May all see it?")
    tab = open_tab(shared_site.url)
    tab.ask("May all see it?")
    said.say("Yes,")
    tab.shows("Yes,")
    tab.page.get_by_role("link", name="Share").click()
    tab.page.get_by_role("button", name="Create link").click()
    shared = open_tab(tab.page.get_by_label("Link").input_value())
    expect(shared.progress).to_have_text("Being answered…", use_inner_text=True)
    expect(shared.page).to_have_title("… May all see it? · Ask Me Anything")
    said.say(" all.")
    said.end()
    expect(shared.announcement).to_have_text("Answer complete")
    expect(shared.page).to_have_title("May all see it? · Ask Me Anything")
    for _ in ("as it is", "reloaded"):
        shared.shows("Yes, all.")
        expect(shared.progress).to_have_text("", use_inner_text=True)
        assert shared.page.locator(".details, .model, .seconds, .notify, .go-on").count() == 0
        assert "stand-in" not in shared.page.content()  # the model
        shared.page.reload()
