"""In a browser: waiting in a queue in which people take turns, and reaching a limit."""

from typing import Any

from playwright.sync_api import expect

from tests.support.api_server import ApiServer, answer
from tests.support.browser import OpenTab, Tab, dictated


def waits(tab: Tab, ahead: int) -> None:
    words = f"{ahead} ahead of you" if ahead else "Waiting"
    expect(tab.progress).to_contain_text(words, use_inner_text=True)
    if not ahead:
        expect(tab.progress).not_to_contain_text("ahead", use_inner_text=True)


def test_people_take_turns_and_see_how_many_are_ahead(
    make_site: Any, api_server: ApiServer, open_tab: OpenTab
) -> None:
    """Alice asks three times, then Bob asks once. He is next."""
    site = make_site(api_server, ASKME_THREADS="1").start()
    alice = open_tab(site.url)
    questions = ("First?", "Second?", "Third?")
    answers = {question: dictated(site, question) for question in (*questions, "And I?")}
    tabs = [alice]
    alice.ask("First?")
    answers["First?"].say("One.")
    alice.shows("One.")
    for question in questions[1:]:
        tabs.append(open_tab(site.url, beside=alice))
        tabs[-1].ask(question)
        waits(tabs[-1], len(tabs) - 2)
    bob = open_tab(site.url)
    bob.ask("And I?")
    waits(bob, 0)
    waits(tabs[1], 1)
    waits(tabs[2], 2)

    answers["First?"].end()
    answers["And I?"].say("Yours.")
    bob.shows("Yours.")
    waits(tabs[1], 0)
    waits(tabs[2], 1)
    answers["And I?"].end()
    answers["Second?"].say("Two.")
    tabs[1].shows("Two.")
    waits(tabs[2], 0)
    tabs[2].stop.click()
    expect(tabs[2].ending).to_contain_text("Stopped.", use_inner_text=True)
    answers["Second?"].end()
    tabs[1].is_ready()
    assert len(site.api.requests) == 3  # the question that was stopped while it waited was never sent


def test_a_person_over_the_limit_keeps_the_question_and_others_can_ask(
    make_site: Any, api_server: ApiServer, open_tab: OpenTab
) -> None:
    site = make_site(api_server, ASKME_QUESTIONS_PER_MINUTE="1").start()
    for question in ("One?", "And I?"):
        api_server.when(question, answer(["Yes."]))
    alice, bob = open_tab(site.url), open_tab(site.url)
    alice.asks("One?", "Yes.")
    alice.ask("Two?")
    expect(alice.alert).to_contain_text(
        "You've reached the limit of 1 question per minute. Please ask again in"
    )
    expect(alice.box).to_have_value("Two?")
    alice.is_ready()
    alice.shows_questions("One?")
    bob.asks("And I?", "Yes.")
    assert len(api_server.requests) == 2
