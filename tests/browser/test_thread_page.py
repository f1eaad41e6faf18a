"""A thread in a real browser: follow-up questions, and the choice of a model."""

import pytest
from playwright.sync_api import expect

from tests.support.api_server import answer
from tests.support.browser import OpenTab, Tab, dictated
from tests.support.sites import Site

MODELS = "Fast=small, Thorough=large"


# -- Follow-up questions


def test_a_thread_grows_downwards_and_a_reload_shows_the_whole_thread(talk: Tab, shared_site: Site) -> None:
    for _ in ("as it is", "reloaded"):
        talk.shows_questions("Uno", "Due", "Tre")
        talk.shows_texts("Uno.", "Due.", "Tre.")
        expect(talk.page).to_have_url(f"{shared_site.url}/a/{talk.answer_at(2)}/")
        expect(talk.follow_up).to_be_visible()
        talk.page.reload()
    [request] = [one for one in shared_site.api.requests[-3:] if one.question == "Tre"]
    said = [message["content"] for message in request.body["messages"]]
    assert said == ["Uno", "Uno.", "Due", "Due.", "Tre"]


def test_a_first_question_is_not_a_follow_up_and_a_new_question_starts_at_home(
    shared_site: Site, open_tab: OpenTab
) -> None:
    shared_site.api.when("Alone", answer(["Alone."]))
    shared_site.api.when("Of its own", answer(["Its own."]))
    tab = open_tab(shared_site.url)
    expect(tab.follow_up).to_be_hidden()
    expect(tab.new_question).to_be_hidden()
    expect(tab.box).to_have_accessible_name("Your question")
    tab.asks("Alone", "Alone.")
    expect(tab.follow_up).to_be_visible()
    expect(tab.box).to_have_accessible_name("Follow-up question")
    tab.box.press_sequentially("Of its own")
    tab.box.press("Tab")
    expect(tab.button).to_be_focused()
    tab.page.keyboard.press("Tab")
    expect(tab.new_question).to_be_focused()
    tab.page.keyboard.press("Enter")
    expect(tab.page).to_have_url(f"{shared_site.url}/")
    tab.shows_questions()
    expect(tab.follow_up).to_be_hidden()
    expect(tab.box).to_have_value("Of its own")  # the typed text is kept
    tab.box.press("Enter")
    tab.shows("Its own.")
    tab.shows_questions("Of its own")
    assert len(shared_site.api.requests[-1].body["messages"]) == 1


def test_back_and_forward_move_along_a_thread(talk: Tab, shared_site: Site) -> None:
    address = f"{shared_site.url}/a/"
    ids = [talk.answer_at(number) for number in range(3)]
    for id in (ids[1], ids[0]):
        talk.page.go_back()
        expect(talk.page).to_have_url(f"{address}{id}/")
        talk.shows_questions("Uno", "Due", "Tre")  # the whole thread, as after a reload
    talk.page.go_back()
    talk.shows_questions()
    expect(talk.follow_up).to_be_hidden()
    for id in ids:
        talk.page.go_forward()
        expect(talk.page).to_have_url(f"{address}{id}/")
        talk.shows_questions("Uno", "Due", "Tre")
    talk.page.go_back()
    talk.page.reload()
    with talk.page.expect_event("load"):  # the page loads itself again
        talk.page.go_back()  # to an entry that the page made before the reload
    expect(talk.page).to_have_url(f"{address}{ids[0]}/")
    talk.shows_questions("Uno", "Due", "Tre")
    shared_site.api.when("Quattro", answer(["Quattro."]))
    talk.asks("Quattro", "Quattro.")  # it follows the end of the thread, not the address
    talk.shows_questions("Uno", "Due", "Tre", "Quattro")


def test_every_unfinished_answer_of_a_thread_is_followed(shared_site: Site, open_tab: OpenTab) -> None:
    one, two = dictated(shared_site, "One at once"), dictated(shared_site, "Two at once")
    tab = open_tab(shared_site.url)
    tab.ask("One at once")
    one.say("A")
    tab.shows("A")
    other = open_tab(tab.page.url, beside=tab)
    other.page.evaluate("() => document.querySelector('article').dataset.status = 'complete'")
    # A page does not ask while it shows an unfinished answer, but another client may.
    other.page.evaluate(
        """async (follows) => {
            const socket = new WebSocket(location.origin.replace("http", "ws") + "/ws/answers/");
            await new Promise((resolve) => socket.addEventListener("open", resolve));
            const answer = crypto.randomUUID();
            socket.send(JSON.stringify({ type: "question.ask", answer, question: "Two at once", follows }));
            await new Promise((resolve) => socket.addEventListener("message", resolve));
        }""",
        tab.answer_at(0),
    )
    two.say("B")
    tab.page.reload()
    tab.shows_texts("A", "B")
    one.say("C")
    two.say("D")
    tab.shows_texts("AC", "BD")
    two.end()
    expect(tab.last).to_have_attribute("data-status", "complete")
    tab.is_answering()
    one.end()
    tab.is_ready()
    tab.shows_texts("AC", "BD")


def test_without_follow_ups_each_question_starts_a_thread(make_site, api_server, open_tab: OpenTab) -> None:  # type: ignore[no-untyped-def]
    site = make_site(api_server, ASKME_CONTEXT_TOKENS="0").start()
    tab = open_tab(site.url)
    tab.asks("First", "Hello, world")
    expect(tab.follow_up).to_be_hidden()
    tab.asks("Second", "Hello, world")
    tab.shows_questions("Second")
    tab.page.reload()
    tab.shows_questions("Second")
    tab.page.go_back()
    tab.shows_questions("First")
    tab.again.click()  # versions still work
    expect(tab.versions).to_contain_text("2 of 2")
    tab.shows_questions("First")


def test_alice_and_bob_ask_at_once_and_neither_sees_the_others_thread(
    shared_site: Site, open_tab: OpenTab
) -> None:
    tabs = {name: open_tab(shared_site.url) for name in ("Alice", "Bob")}
    for turn in ("first", "second"):
        dictations = {name: dictated(shared_site, f"{name} {turn}") for name in tabs}
        for name, tab in tabs.items():
            tab.ask(f"{name} {turn}")
        for piece in ("So, ", "dear ", "friend "):
            for name, dictation in dictations.items():
                dictation.say(piece + name + ". ")
        for name, tab in tabs.items():
            tab.shows(f"So, {name}. dear {name}. friend {name}. ")
            dictations[name].end()
            tab.is_ready()
    for (name, tab), other in zip(tabs.items(), ("Bob", "Alice"), strict=True):
        for _ in ("as it is", "reloaded"):
            tab.shows_questions(f"{name} first", f"{name} second")
            assert other not in tab.page.locator("main").inner_text()
            tab.page.reload()


def test_a_reload_of_another_thread_stays_in_that_thread(talk: Tab, shared_site: Site) -> None:
    there = talk.page.url
    talk.new_question.click()
    shared_site.api.when("Elsewhere", answer(["There."]))
    talk.asks("Elsewhere", "There.")
    talk.page.goto(there)
    talk.shows_questions("Uno", "Due", "Tre")
    talk.page.reload()
    talk.shows_questions("Uno", "Due", "Tre")
    talk.is_ready()
    expect(talk.page).to_have_url(there)


# -- Models


def test_the_chosen_model_is_asked_and_shown_and_remembered(make_site, api_server, open_tab: OpenTab) -> None:  # type: ignore[no-untyped-def]
    site = make_site(api_server, ASKME_MODELS=MODELS).start()
    tab = open_tab(site.url)
    expect(tab.model).to_have_value("small")
    tab.asks("With the first?", "Hello, world")
    expect(tab.progress).to_contain_text("Fast")
    tab.model.select_option("Thorough")
    tab.page.reload()
    expect(tab.model).to_have_value("large")
    tab.again.click()
    expect(tab.versions).to_contain_text("2 of 2")
    tab.is_ready()
    for _ in ("as it is", "reloaded"):
        expect(tab.progress).to_contain_text("Thorough")
        tab.page.reload()
    assert [request.body["model"] for request in api_server.requests] == ["small", "large"]
    tab.page.evaluate("() => localStorage.setItem('askme.model', 'gone')")
    tab.page.reload()
    expect(tab.model).to_have_value("small")  # a model that the site no longer offers is forgotten
    tab.new_question.click()
    expect(tab.model).to_have_value("small")


# -- Any browser


@pytest.mark.parametrize("width", [360, 1280])
def test_a_thread_with_all_its_controls_fits(make_site, api_server, open_tab: OpenTab, width: int) -> None:  # type: ignore[no-untyped-def]
    models = "A model with quite a long name=one, Another one with a longer name still=two"
    site = make_site(api_server, ASKME_MODELS=models).start()
    tab = open_tab(site.url, viewport={"width": width, "height": 740})
    tab.asks("W" * 300, "Hello, world")
    tab.asks("Why?", "Hello, world")
    tab.again.click()
    expect(tab.versions).to_contain_text("2 of 2")
    tab.is_ready()
    tab.edit.click()
    tab.last.get_by_role("textbox", name="Edit your question").fill("W" * 300)
    for zoom in (1, 2):
        tab.page.evaluate("zoom => { document.documentElement.style.fontSize = `${zoom * 100}%` }", zoom)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
