"""The title and icon of a tab say what was asked, whether it is being answered, and whether it is done."""

import re

from playwright.sync_api import expect

from tests.support.api_server import answer
from tests.support.browser import FINISHED, OpenTab, Server, Tab, dictated
from tests.support.page_faults import set_visible
from tests.support.sites import Site

# Notes what is shown, and shows it.
NOTE = """
window.notified = [];
window.Notification = class extends Notification {
    constructor(title, options) { super(title, options); notified.push([title, options.body]); }
};"""


def has_icon(tab: Tab, name: str) -> None:
    expect(tab.page.locator("link[rel=icon]")).to_have_attribute("href", re.compile(rf"/{name}\.\w+\.svg$"))


def titled(tab: Tab, title: str) -> None:
    expect(tab.page).to_have_title(f"{title} · Ask Me Anything")


def test_the_first_question_is_the_title_with_a_mark_while_it_is_answered(
    shared_site: Site, open_tab: OpenTab
) -> None:
    said = dictated(shared_site, "Why is rain wet?")
    tab = open_tab(shared_site.url)
    expect(tab.page).to_have_title("Ask Me Anything")
    tab.ask("Why is rain wet?")
    titled(tab, "… Why is rain wet?")
    has_icon(tab, "favicon-answering")
    said.say("Because ")
    tab.shows("Because ")
    state = tab.page.context.storage_state()
    titled(open_tab(tab.page.url, java_script_enabled=False, storage_state=state), "… Why is rain wet?")
    said.end()
    tab.is_ready()
    titled(tab, "Why is rain wet?")
    has_icon(tab, "favicon")
    shared_site.api.when("And snow?", answer(["Less."]))
    tab.asks("And snow?", "Less.")
    for _ in ("as it is", "reloaded"):
        titled(tab, "Why is rain wet?")
        tab.page.reload()
    tab.new_question.click()
    expect(tab.page).to_have_title("Ask Me Anything")


def test_a_hidden_tab_says_that_it_is_done_until_somebody_looks(shared_site: Site, open_tab: OpenTab) -> None:
    said = dictated(shared_site, "In the background?")
    tab = open_tab(shared_site.url)
    tab.ask("In the background?")
    titled(tab, "… In the background?")
    set_visible(tab, False)
    said.say("Yes.")
    said.end()
    titled(tab, "✓ In the background?")
    has_icon(tab, "favicon-complete")
    set_visible(tab, True)
    titled(tab, "In the background?")
    has_icon(tab, "favicon")


def test_a_hidden_tab_does_not_call_a_failure_done(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    server.is_asked(tab)
    set_visible(tab, False)
    failed = {"status": "failed", "error": {"code": "busy", "message": "It is busy."}}
    server.say("answer.finished", length=0, **(FINISHED | failed))
    titled(tab, "! What now?")
    has_icon(tab, "favicon-failed")


def test_a_title_is_one_short_line_of_plain_text_on_every_page(shared_site: Site, open_tab: OpenTab) -> None:
    question = "Is\u202e this\n\n\tplain\u2066? \U000e0041<b>" + "شیرین‌ترین 👩\u200d🚀 " * 9
    shared_site.api.when("Is", answer(["Yes."]))
    tab = open_tab(shared_site.url)
    tab.ask(question)
    tab.is_ready()
    title = tab.page.title()
    assert re.fullmatch(r"Is this plain\? <b>شیرین‌ترین 👩‍🚀 .*… · Ask Me Anything", title)
    assert len(title) <= len(" · Ask Me Anything") + 60
    tab.page.get_by_role("link", name="Share").click()
    tab.page.get_by_role("button", name="Create link").click()
    link = tab.page.get_by_label("Link").input_value()
    tab.page.go_back()
    tab.page.go_back()
    state = tab.page.context.storage_state()
    for javascript in (True, False):
        for url in (link, tab.page.url):
            page = open_tab(url, java_script_enabled=javascript, storage_state=state).page
            assert page.title() == title


# -- Notifications


def notified(tab: Tab) -> list[list[str]]:
    return tab.page.evaluate("notified")  # type: ignore[no-any-return]


def done_in_the_background(tab: Tab, server: Server) -> None:
    set_visible(tab, False)
    server.say("answer.finished", length=0, **FINISHED)
    titled(tab, "✓ What now?")


def test_a_notification_comes_only_to_a_hidden_tab_and_only_if_it_was_turned_on(
    shared_site: Site, open_tab: OpenTab
) -> None:
    context = {"reduced_motion": "reduce", "permissions": ["notifications"]}
    tab = open_tab(shared_site.url, server=(server := Server()), **context)
    tab.page.add_init_script(NOTE)
    tab.page.reload()
    server.is_asked(tab)
    expect(tab.notify).to_have_attribute("aria-pressed", "false")
    done_in_the_background(tab, server)
    assert notified(tab) == []

    set_visible(tab, True)
    tab.again.click()
    server.heard(tab.page, 2)
    server.say("answer.started", model="gpt")
    tab.notify.click()
    expect(tab.notify).to_have_attribute("aria-pressed", "true")
    done_in_the_background(tab, server)
    tab.page.wait_for_function("() => notified.length > 0")  # no string: the policy forbids it
    assert notified(tab) == [["Answer complete", "What now?"]]

    set_visible(tab, True)
    tab.again.click()  # it is remembered, and a tab that is seen needs none
    server.heard(tab.page, 3)
    server.say("answer.started", model="gpt")
    expect(tab.notify).to_have_attribute("aria-pressed", "true")
    server.say("answer.finished", length=0, **FINISHED)
    tab.is_ready()
    assert len(notified(tab)) == 1


def test_a_browser_that_blocks_notifications_is_named_as_the_reason(
    shared_site: Site, open_tab: OpenTab
) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), reduced_motion="reduce")
    server.is_asked(tab)
    tab.notify.click()
    expect(tab.last).to_contain_text("Your browser blocks notifications from this site.")
    expect(tab.notify).to_have_attribute("aria-pressed", "false")
