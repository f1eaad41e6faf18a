"""What is typed is kept: over reloads, restarts, logins and tabs. And questions that come from elsewhere."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.api_server import answer
from tests.support.browser import OpenTab, Tab
from tests.support.sites import Site

KEYS = ("draft", "edits", "pending", "waiting", "model", "keys", "person")


def test_a_draft_survives_a_reload_and_a_restart_of_the_browser(talk: Tab, open_tab: OpenTab) -> None:
    talk.box.press_sequentially("Half a quest")
    talk.page.reload()
    expect(talk.box).to_have_value("Half a quest")
    stored = talk.page.context.storage_state()  # without sessionStorage, as after a restart
    restarted = open_tab(talk.page.url, storage_state=stored)
    expect(restarted.box).to_have_value("Half a quest")
    restarted.page.goto(talk.page.url.partition("/a/")[0])
    expect(restarted.box).to_have_value("")  # a draft belongs to its thread


def test_spaces_are_no_draft(talk: Tab) -> None:
    """They would hide what an empty box says."""
    talk.box.press_sequentially("  ")
    talk.page.reload()
    expect(talk.box).to_have_value("")


def test_a_draft_is_removed_when_it_is_asked(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Asked draft", answer(["Yes."]))
    tab = open_tab(shared_site.url)
    tab.box.press_sequentially("Asked draft")
    other = open_tab(shared_site.url, beside=tab)
    expect(other.box).to_have_value("Asked draft")
    tab.box.press("Enter")
    tab.shows("Yes.")
    expect(other.box).to_have_value("")  # its question was asked
    tab.page.goto(shared_site.url)
    expect(tab.box).to_have_value("")


def test_two_tabs_keep_what_was_typed_in_each(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("In one", answer(["Yes."]))
    tab = open_tab(shared_site.url)
    other = open_tab(shared_site.url, beside=tab)
    tab.box.press_sequentially("In one")
    other.box.press_sequentially("In the other")
    tab.page.reload()
    expect(tab.box).to_have_value("In one")
    tab.box.press("Enter")
    tab.shows("Yes.")
    expect(other.box).to_have_value("In the other")
    stored = tab.page.context.storage_state()
    expect(open_tab(shared_site.url, storage_state=stored).box).to_have_value("In the other")


def test_old_drafts_are_dropped(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url)
    drafts = {f"thread {number}": "typed" for number in range(40)}
    tab.page.evaluate("text => localStorage.setItem('askme.draft', text)", json.dumps(drafts))
    tab.box.press_sequentially("New")
    kept = json.loads(tab.page.evaluate("localStorage.getItem('askme.draft')"))
    assert len(kept) == 10
    assert kept[""] == "New"


def test_another_person_does_not_see_what_was_typed(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url)
    tab.box.press_sequentially("My secret")
    tab.page.reload()  # the same person
    expect(tab.box).to_have_value("My secret")
    for storage in ("localStorage", "sessionStorage"):
        tab.page.evaluate(f"{storage}.setItem('askme.person', '\"17\"')")  # who has logged out since
    tab.page.reload()
    expect(tab.box).to_have_value("")
    assert "My secret" not in tab.page.evaluate("JSON.stringify([localStorage, sessionStorage])")


@pytest.mark.parametrize(
    "value",
    ["{", "5", "null", "[]", '"text"', '{"": 5}', '{"answer": 1}', '{"question": "x"}', '{"a": {"b": null}}'],
)
def test_broken_stored_values_do_not_break_the_page(shared_site: Site, open_tab: OpenTab, value: str) -> None:
    shared_site.api.when("Still works?", answer(["Yes."]))
    tab = open_tab(shared_site.url)
    store = """([keys, value]) => {
        for (const storage of [localStorage, sessionStorage])
            for (const key of keys) storage.setItem(`askme.${key}`, value);
    }"""
    tab.page.evaluate(store, [KEYS, value])
    tab.page.reload()
    tab.asks("Still works?", "Yes.")
    tab.page.evaluate(store, [KEYS, value])
    tab.page.reload()
    tab.edit.click()
    tab.page.get_by_role("textbox", name="Edit your question").press("Escape")
    tab.asks("Still works?", "Yes.")


@pytest.mark.parametrize("kind", ["throws", "is full"])
def test_a_page_without_storage_works(shared_site: Site, open_tab: OpenTab, kind: str) -> None:
    shared_site.api.when("Nothing stored?", answer(["Yes."]))
    tab = open_tab(shared_site.url)
    tab.page.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage']) "
        "Object.defineProperty(window, name, { get() { throw new DOMException('no', 'SecurityError') } })"
        if kind == "throws"
        else "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }"
    )
    tab.page.reload()
    tab.asks("Nothing stored?", "Yes.")
    tab.asks("Nothing stored?", "Yes.")
    tab.type_anew(0, "Nothing stored?")
    expect(tab.versions).to_contain_text("2 of 2", use_inner_text=True)
    tab.page.goto(f"{shared_site.url}/?q=Kept")
    expect(tab.box).to_have_value("Kept")
    expect(tab.page).to_have_url(f"{shared_site.url}/?q=Kept")  # only the address has it


# -- Suggestions


def test_a_suggestion_fills_the_box_and_asks_nothing(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url)
    region = tab.page.get_by_role("region", name="Suggestions")
    links = region.get_by_role("link")
    expect(links).to_have_count(4)
    words = links.nth(1).inner_text()
    links.nth(1).click()
    expect(tab.box).to_have_value(words)
    expect(tab.box).to_be_focused()
    expect(region).to_be_hidden()  # another one would replace what is in the box
    expect(tab.page).to_have_url(f"{shared_site.url}/")
    tab.shows_questions()
    tab.box.fill("")
    expect(region).to_be_visible()
    shared_site.api.when(words, answer(["Yes."]))
    links.nth(1).click()
    tab.listens()
    tab.box.press("Enter")
    tab.shows("Yes.")
    expect(region).to_be_hidden()


def test_a_sites_own_suggestions_or_none(make_site: Callable[..., Site], open_tab: OpenTab) -> None:
    site = make_site(ASKME_SUGGESTIONS="Is 5 < 6 & 7?|Two").start()
    for options in ({}, {"java_script_enabled": False}):
        tab = open_tab(site.url, **options)
        expect(tab.page.locator(".suggestions a")).to_have_text(["Is 5 < 6 & 7?", "Two"])
        tab.page.get_by_role("link", name="Is 5 < 6").click()
        expect(tab.box).to_have_value("Is 5 < 6 & 7?")
    tab = open_tab(make_site(ASKME_SUGGESTIONS="none").start().url)
    expect(tab.page.locator(".suggestions")).to_have_count(0)


# -- A question in the address


def test_a_question_in_the_address_fills_the_box_and_is_not_asked(
    shared_site: Site, open_tab: OpenTab
) -> None:
    before = len(shared_site.api.requests)
    tab = open_tab(f"{shared_site.url}/?q=Why+is+it%3F%0AReally&x=1")
    expect(tab.box).to_have_value("Why is it?\nReally")
    expect(tab.page).to_have_url(f"{shared_site.url}/?x=1")
    tab.page.reload()
    expect(tab.box).to_have_value("Why is it?\nReally")
    tab.shows_questions()
    assert len(shared_site.api.requests) == before
    without = open_tab(f"{shared_site.url}/?q=Why%3F", java_script_enabled=False)
    expect(without.box).to_have_value("Why?")
    without.shows_questions()
    expect(open_tab(f"{shared_site.url}/?q={'x' * 8_100}").box).to_have_value("x" * 8_000)


def test_a_question_in_the_address_does_not_replace_a_draft(shared_site: Site, open_tab: OpenTab) -> None:
    address = f"{shared_site.url}/?q=From+a+link"
    tab = open_tab(shared_site.url)
    tab.box.press_sequentially("Typed before")
    tab.page.goto(address)
    expect(tab.box).to_have_value("From a link")
    expect(tab.page).to_have_url(address)
    tab.page.goto(shared_site.url)
    expect(tab.box).to_have_value("Typed before")
    tab.page.goto(address)
    tab.box.press_sequentially(", and more")
    expect(tab.page).to_have_url(f"{shared_site.url}/")
    tab.page.reload()
    expect(tab.box).to_have_value("From a link, and more")


@pytest.mark.parametrize("scripts", [True, False], ids=["script", "noscript"])
def test_a_question_in_the_address_survives_a_login(
    make_site: Callable[..., Site], open_tab: OpenTab, scripts: bool
) -> None:
    site = make_site(ASKME_GUESTS="false").start()
    options: dict[str, Any] = {"java_script_enabled": scripts}
    tab = open_tab(f"{site.url}/?q=Who%27s+there%3F", **options)
    tab.page.locator(".messages").get_by_role("link", name="sign up").click()
    tab.page.wait_for_load_state()  # with all boxes
    tab.page.get_by_label("Email").fill("alice@example.org")
    for box in tab.page.locator("input[type=password]").all():
        box.fill("correct horse battery staple")
    tab.page.get_by_role("button", name="Sign up").click()
    expect(tab.box).to_have_value("Who's there?")
    tab.shows_questions()
