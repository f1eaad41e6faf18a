"""Failures that a person sees on the page: a refusal, a lost session, a server that is down."""

import re

from playwright.sync_api import expect

from tests.support.api_server import answer, refuse
from tests.support.browser import OpenTab
from tests.support.database import execute
from tests.support.sites import Site


def test_a_failed_answer_says_why_and_can_be_asked_again(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("Any luck?", refuse(401, "Incorrect API key: sk-test"))
    tab = open_tab(shared_site.url)
    tab.ask("Any luck?")
    tab.is_ready()
    expect(tab.ending).to_have_text(re.compile(r"\w+ .*\."), use_inner_text=True)
    assert "sk-test" not in tab.page.content()
    expect(tab.question).to_have_text("Any luck?")
    shared_site.api.when("Any luck?", answer(["Yes."]))
    tab.again.click()
    tab.shows("Yes.")
    expect(tab.ending).to_be_hidden()


def test_a_refused_question_stays_in_the_box(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url)
    long = "x" * 8_001
    tab.ask(long)  # the page does not send it
    expect(tab.page.locator("#counter")).to_contain_text(
        "1 over the limit of 8,000 characters", use_inner_text=True
    )
    tab.is_ready()
    tab.page.locator("#page").evaluate("page => { page.dataset.questionChars = 0 }")
    tab.box.press("Enter")  # now the server refuses it
    expect(tab.alert).to_contain_text("8,001 characters")
    tab.is_ready()
    expect(tab.box).to_have_value(long)
    expect(tab.box).to_be_focused()
    expect(tab.page).to_have_url(shared_site.url + "/")


def test_a_typed_question_survives_a_lost_session_and_a_reload(site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(site.url)
    tab.ask("Who am I?")
    tab.shows("Hello, world")
    tab.is_ready()
    execute(site, "UPDATE accounts_guestkey SET user_id = NULL")  # as when somebody logs in
    tab.ask("Do you know me?")
    expect(tab.alert).to_contain_text("reload the page")
    expect(tab.box).to_have_value("Do you know me?")
    tab.page.get_by_role("button", name="Reload").click()
    expect(tab.alert).to_be_hidden()
    expect(tab.box).to_have_value("Do you know me?")
    tab.box.press("Enter")
    tab.shows("Hello, world")


def test_a_question_to_a_server_that_is_down_is_sent_when_it_is_back(site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(site.url, may_log="WebSocket connection|ERR_CONNECTION_")
    tab.box.fill("Are you")
    site.stop()
    expect(tab.connection).to_be_visible()
    expect(tab.connection).to_contain_text("Connection lost. Reconnecting…")
    expect(tab.box).to_have_value("Are you")
    tab.box.fill("Are you back?")
    tab.box.press("Enter")
    tab.is_answering()
    expect(tab.connection).to_contain_text(
        "Your question will be sent when the connection is back.", use_inner_text=True
    )
    expect(tab.box).to_have_value("Are you back?")
    site.start()
    # After a long time without a server, the page tries again only every 15 s.
    expect(tab.question).to_have_text("Are you back?", timeout=45_000)
    tab.shows("Hello, world")
    expect(tab.connection).to_be_hidden()
    tab.is_ready()
    expect(tab.box).to_have_value("")
    assert [request.question for request in site.api.requests] == ["Are you back?"]


def test_a_half_typed_question_survives_a_reload(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url)
    tab.box.press_sequentially("Half a quest")
    tab.page.reload()
    expect(tab.box).to_have_value("Half a quest")
