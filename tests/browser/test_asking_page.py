"""The form: where it is, what it does while an answer runs, and the question that waits."""

import pytest
from playwright.sync_api import expect

from tests.support.api_server import answer, refuse
from tests.support.axe import assert_accessible
from tests.support.browser import FINISHED, OpenTab, Server, Tab, dictated
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


# -- A question that waits


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
