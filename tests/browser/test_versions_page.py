"""Versions of a question in a real browser: edited, asked again, and the earlier versions."""

import re

from playwright.sync_api import expect

from tests.support.api_server import answer
from tests.support.browser import OpenTab, Tab
from tests.support.database import execute
from tests.support.sites import Site


def test_an_edited_question_keeps_the_old_version_and_its_follow_ups(
    talk: Tab, shared_site: Site, open_tab: OpenTab
) -> None:
    old = [talk.answer_at(number) for number in range(3)]
    shared_site.api.when("Meglio detto", answer(["Meglio."]))
    talk.type_anew(0, "Meglio detto")
    talk.shows("Meglio.")
    talk.is_ready()
    talk.shows_questions("Meglio detto")
    assert len(shared_site.api.requests[-1].body["messages"]) == 1  # none of the old version's follow-ups
    new = talk.answer_at(0)
    for _ in ("as it is", "reloaded"):
        expect(talk.page).to_have_url(f"{shared_site.url}/a/{new}/")
        expect(talk.versions).to_have_text(re.compile(r"2\s+of\s+2"))
        expect(talk.versions.get_by_role("link", name="Next version")).to_be_hidden()
        talk.page.reload()
    talk.versions.get_by_role("link", name="Previous version").click()
    talk.shows_questions("Uno", "Due", "Tre")
    talk.shows_texts("Uno.", "Due.", "Tre.")
    assert [talk.answer_at(number) for number in range(3)] == old
    first = talk.answers.first.get_by_role("navigation")
    expect(first).to_have_text(re.compile(r"1\s+of\s+2"))
    talk.page.go_back()
    talk.shows_questions("Meglio detto")
    state = talk.page.context.storage_state()
    plain = open_tab(talk.page.url, java_script_enabled=False, storage_state=state)
    plain.versions.get_by_role("link", name="Previous version").click()
    plain.shows_questions("Uno", "Due", "Tre")


def test_an_edited_question_in_the_middle_starts_a_branch(talk: Tab, shared_site: Site) -> None:
    for question in ("Secondo", "E poi"):
        shared_site.api.when(question, answer([f"{question}."]))
    before = talk.answer_at(1)
    talk.type_anew(1, "Secondo")
    talk.shows("Secondo.")
    talk.is_ready()
    talk.shows_questions("Uno", "Secondo")
    talk.asks("E poi", "E poi.")
    talk.shows_questions("Uno", "Secondo", "E poi")
    said = [message["content"] for message in shared_site.api.requests[-1].body["messages"]]
    assert said == ["Uno", "Uno.", "Secondo", "Secondo.", "E poi"]
    for _ in range(2):
        talk.page.go_back()
    expect(talk.page).to_have_url(re.compile(talk.answer_at(2)))
    talk.shows_questions("Uno", "Due", "Tre")  # with the new version in the navigation
    assert talk.answer_at(1) == before
    expect(talk.answers.nth(1).get_by_role("navigation")).to_have_text(re.compile(r"1\s+of\s+2"))
    talk.answers.nth(1).get_by_role("link", name="Next version").click()
    talk.shows_questions("Uno", "Secondo", "E poi")


def test_asking_again_keeps_the_earlier_answer(talk: Tab, shared_site: Site) -> None:
    first = talk.answer_at(2)
    for number, said in ((2, "Tre?"), (3, "Tre!")):
        shared_site.api.when("Tre", answer([said]))
        talk.again.click()
        talk.shows(said)
        talk.is_ready()
        talk.shows_questions("Uno", "Due", "Tre")
        expect(talk.versions).to_have_text(re.compile(rf"{number}\s+of\s+{number}"))
    talk.versions.get_by_role("link", name="Previous version").click()
    talk.shows_texts("Uno.", "Due.", "Tre?")
    expect(talk.versions).to_have_text(re.compile(r"2\s+of\s+3"))
    talk.versions.get_by_role("link", name="Previous version").click()
    talk.shows_texts("Uno.", "Due.", "Tre.")
    assert talk.answer_at(2) == first
    asked = execute(shared_site, "SELECT count(*) FROM answers_answer WHERE question = 'Tre'")
    talk.page.reload()
    talk.shows_texts("Uno.", "Due.", "Tre.")
    assert asked == execute(shared_site, "SELECT count(*) FROM answers_answer WHERE question = 'Tre'")


def test_an_edit_can_be_cancelled_and_survives_a_reload(talk: Tab) -> None:
    article = talk.answers.nth(1)
    edit = article.get_by_role("button", name="Edit")
    box = article.get_by_role("textbox", name="Edit your question")
    for leave in ("Escape", "Cancel"):
        edit.press("Enter")
        expect(box).to_have_value("Due")
        expect(article.get_by_role("heading")).to_be_hidden()
        box.press("End")
        box.press_sequentially(" o tre")
        talk.page.reload()
        expect(box).to_have_value("Due o tre")
        if leave == "Escape":
            box.press("Escape")
        else:
            article.get_by_role("button", name="Cancel").click()
        expect(article.get_by_role("heading")).to_have_text("Due")
        expect(edit).to_be_focused()
        talk.page.reload()
        expect(article.get_by_role("heading")).to_have_text("Due")
    edit.click()
    box.fill(" ")
    box.press("Enter")  # nothing to ask
    expect(box).to_be_focused()


def test_a_refused_edit_stays_as_it_was_typed(talk: Tab) -> None:
    long = "x" * 8_001
    talk.type_anew(1, long)
    expect(talk.alert).to_contain_text("8,001 characters")
    box = talk.answers.nth(1).get_by_role("textbox", name="Edit your question")
    expect(box).to_have_value(long)
    expect(talk.box).to_have_value("")
    box.fill("Due, in breve")
    box.press("Enter")
    expect(talk.question).to_have_text("Due, in breve")
    talk.is_ready()
    talk.shows_questions("Uno", "Due, in breve")
    expect(talk.alert).to_be_hidden()
