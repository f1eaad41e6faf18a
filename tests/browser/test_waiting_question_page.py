"""A question that waits until the running answer has ended."""

import re

import pytest
from playwright.sync_api import Route, expect

from tests.support.browser import FINISHED, OpenTab, Server, Tab, arrives, dictated
from tests.support.sites import Site


def test_a_follow_up_waits_until_the_answer_has_ended(shared_site: Site, open_tab: OpenTab) -> None:
    first, second = dictated(shared_site, "First one"), dictated(shared_site, "Next one")
    tab = open_tab(shared_site.url)
    tab.ask("First one")
    first.say("A")
    tab.shows("A")
    tab.is_answering()
    tab.box.press_sequentially("Next one")  # the focus is still there
    tab.box.press("Enter")
    expect(tab.waiting).to_contain_text("Up next: Next one", use_inner_text=True)
    expect(tab.box).to_have_value("")
    expect(tab.box).to_be_focused()
    tab.ask("One more")
    expect(tab.alert).to_contain_text("Only one question can wait.")
    expect(tab.box).to_have_value("One more")
    tab.shows_questions("First one")
    first.end()
    second.say("B")
    tab.shows("B")
    tab.shows_questions("First one", "Next one")
    expect(tab.waiting).to_be_hidden()
    expect(tab.box).to_have_value("One more")
    second.end()
    tab.is_ready()
    expect(tab.alert).to_be_hidden()
    asked = [request.question for request in shared_site.api.requests]
    assert asked.count("Next one") == 1
    assert "One more" not in asked


@pytest.mark.parametrize(
    "end", [{}, {"status": "stopped", "finish_reason": None}], ids=["complete", "stopped"]
)
def test_a_waiting_question_survives_a_reload_and_a_lost_connection(
    shared_site: Site, open_tab: OpenTab, end: dict[str, str]
) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    id = server.is_asked(tab)
    tab.ask("And then?")
    expect(tab.waiting).to_contain_text("And then?")
    server.sockets[-1].close()
    assert server.heard(tab.page, 2)["type"] == "answer.follow"
    server.say("answer.finished", length=0, **(FINISHED | end))
    sent = server.heard(tab.page, 3)
    assert (sent["question"], sent["follows"]) == ("And then?", id)
    tab.page.goto(shared_site.url)  # before it was accepted
    assert server.heard(tab.page, 4) == sent


def test_a_reload_keeps_the_waiting_question_and_a_copy_of_the_tab_asks_the_same(
    shared_site: Site, open_tab: OpenTab
) -> None:
    first, second = dictated(shared_site, "Copied?"), dictated(shared_site, "Twice?")
    tab = open_tab(shared_site.url)
    tab.ask("Copied?")
    first.say("A")
    tab.shows("A")
    tab.ask("Twice?")
    expect(tab.waiting).to_contain_text("Twice?")  # the script has come
    tab.page.reload()
    expect(tab.waiting).to_contain_text("Twice?")
    stored = tab.page.evaluate("JSON.stringify(sessionStorage)")
    copy = open_tab(shared_site.url, beside=tab)
    copy.page.evaluate("stored => Object.assign(sessionStorage, JSON.parse(stored))", stored)
    copy.page.goto(tab.page.url)
    expect(copy.waiting).to_contain_text("Twice?")
    first.end()
    second.say("B")
    second.end()
    for one in (tab, copy):
        one.shows_questions("Copied?", "Twice?")
        one.is_ready()
    tab.page.reload()
    tab.shows_questions("Copied?", "Twice?")
    expect(tab.versions).to_be_hidden()
    assert [request.question for request in shared_site.api.requests].count("Twice?") == 1


def test_a_question_that_waits_for_a_failed_answer_is_sent_on_request(
    shared_site: Site, open_tab: OpenTab
) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    server.is_asked(tab)
    tab.ask("And then?")
    send = tab.waiting.get_by_role("button", name="Ask now")
    expect(send).to_be_hidden()
    server.say("answer.finished", length=0, **(FINISHED | {"status": "interrupted"}))
    expect(tab.waiting).to_contain_text("hasn't been sent: And then?", use_inner_text=True)
    tab.is_ready()
    assert len(server.frames) == 1
    send.click()
    assert server.heard(tab.page, 2)["question"] == "And then?"
    expect(tab.waiting).to_be_hidden()
    expect(tab.box).to_be_focused()


def test_a_question_asked_during_an_answer_that_fails_waits_however_late_its_script_comes(
    shared_site: Site, open_tab: OpenTab
) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    server.is_asked(tab)
    held: list[Route] = []
    tab.page.route(re.compile(r"/waiting\."), lambda route: held.append(route))
    tab.ask("And then?")
    arrives(held, tab.page)
    server.say("answer.finished", length=0, **(FINISHED | {"status": "interrupted"}))
    tab.is_ready()
    held.pop().continue_()
    expect(tab.waiting).to_contain_text("hasn't been sent: And then?", use_inner_text=True)
    expect(tab.box).to_have_value("")
    assert len(server.frames) == 1


def test_a_waiting_question_can_be_taken_back(shared_site: Site, open_tab: OpenTab) -> None:
    said = dictated(shared_site, "Taken?")
    tab = open_tab(shared_site.url)
    tab.ask("Taken?")
    said.say("A")
    tab.ask("Not this")
    tab.box.fill("typed since")
    tab.waiting.get_by_role("button", name="Take back").click()
    expect(tab.waiting).to_be_hidden()
    expect(tab.box).to_have_value("Not this\n\ntyped since")
    expect(tab.box).to_be_focused()
    said.end()
    tab.is_ready()
    tab.page.reload()
    expect(tab.box).to_have_value("Not this\n\ntyped since")
    tab.shows_questions("Taken?")


def test_a_refused_waiting_question_comes_back_before_what_was_typed(
    shared_site: Site, open_tab: OpenTab
) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    server.is_asked(tab)
    tab.ask("And then?")
    tab.box.fill("More")
    server.say("answer.finished", length=0, **FINISHED)
    server.heard(tab.page, 2)
    server.say("error", code="too_many_questions", message="Too many.", retry_after=9)
    expect(tab.alert).to_contain_text("Too many.")
    expect(tab.box).to_have_value("And then?\n\nMore")


def test_other_questions_cannot_be_asked_again_while_an_answer_runs(talk: Tab, shared_site: Site) -> None:
    said = dictated(shared_site, "Quattro")
    talk.ask("Quattro")
    said.say("Q")
    talk.shows("Q")
    talk.answers.first.get_by_role("button", name="Ask again").click()
    expect(talk.alert).to_contain_text("Please wait for the answer to end, or stop it.")
    talk.type_anew(0, "Uno e mezzo")
    editor = talk.answers.first.get_by_role("textbox", name="Edit your question")
    expect(editor).to_have_value("Uno e mezzo")
    expect(editor).to_be_focused()
    said.end()
    talk.is_ready()
    expect(talk.alert).to_be_hidden()
    expect(editor).to_be_focused()
    talk.shows_questions("Due", "Tre", "Quattro")
