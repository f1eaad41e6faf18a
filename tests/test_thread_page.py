"""A thread in a real browser: follow-up questions, and the choice of a model."""

import pytest
from playwright.sync_api import expect

from tests.api_server import answer
from tests.browser import FINISHED, OpenTab, Server, Tab, dictated
from tests.proxy import Proxy
from tests.sites import Site
from tests.test_page_faults import LOST, execute, fresh, stands_still

MODELS = "Fast=gpt-4.1-mini, Thorough=gpt-4.1"


# -- Follow-up questions


def test_a_thread_grows_downwards_and_a_reload_shows_all_of_it(talk: Tab, shared_site: Site) -> None:
    for _ in ("as it is", "reloaded"):
        talk.shows_questions("Uno", "Due", "Tre")
        talk.shows_texts("Uno.", "Due.", "Tre.")
        expect(talk.page).to_have_url(f"{shared_site.url}/a/{talk.answer_at(2)}/")
        expect(talk.follow_up).to_be_visible()
        talk.page.reload()
    [request] = [one for one in shared_site.api.requests[-3:] if one.question == "Tre"]
    said = [message["content"] for message in request.body["messages"]]
    assert said == ["Uno", "Uno.", "Due", "Due.", "Tre"]


def test_a_first_question_is_no_follow_up_and_a_new_one_begins_at_home(
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
    tab.box.press("Shift+Tab")
    expect(tab.new_question).to_be_focused()
    tab.page.keyboard.press("Enter")
    expect(tab.page).to_have_url(f"{shared_site.url}/")
    tab.shows_questions()
    expect(tab.follow_up).to_be_hidden()
    expect(tab.box).to_have_value("Of its own")  # what is typed comes along
    tab.box.press("Enter")
    tab.shows("Its own.")
    tab.shows_questions("Of its own")
    assert len(shared_site.api.requests[-1].body["messages"]) == 1


def test_back_and_forward_go_along_a_thread(talk: Tab, shared_site: Site) -> None:
    address = f"{shared_site.url}/a/"
    ids = [talk.answer_at(number) for number in range(3)]
    for id in (ids[1], ids[0]):
        talk.page.go_back()
        expect(talk.page).to_have_url(f"{address}{id}/")
        talk.shows_questions("Uno", "Due", "Tre")  # all that the address stands for, as after a reload
    talk.page.go_back()
    talk.shows_questions()
    expect(talk.follow_up).to_be_hidden()
    for id in ids:
        talk.page.go_forward()
        expect(talk.page).to_have_url(f"{address}{id}/")
        talk.shows_questions("Uno", "Due", "Tre")
    talk.page.go_back()
    talk.page.reload()
    talk.page.go_back()  # to what the page before the reload had made
    expect(talk.page).to_have_url(f"{address}{ids[0]}/")
    talk.shows_questions("Uno", "Due", "Tre")
    shared_site.api.when("Quattro", answer(["Quattro."]))
    talk.asks("Quattro", "Quattro.")  # follows the end, not the address
    talk.shows_questions("Uno", "Due", "Tre", "Quattro")


def test_a_new_question_stands_right_below_the_form(talk: Tab, shared_site: Site) -> None:
    page = talk.page
    page.set_viewport_size({"width": 1280, "height": 600})
    said = dictated(shared_site, "Lungo")
    talk.ask("Lungo\nLungo\nLungo")  # the form shrinks when it is asked
    expect(talk.question).to_contain_text("Lungo")
    form, question = page.locator("#form").bounding_box(), talk.question.bounding_box()
    assert form
    assert question
    assert 0 <= question["y"] - (form["y"] + form["height"]) < 60
    said.say("line\n" * 100)
    expect(talk.text).to_contain_text("line")
    stop = talk.stop.bounding_box()  # stays in reach, below the form, however long the answer
    assert stop
    assert 0 <= stop["y"] - (form["y"] + form["height"]) < 60
    talk.stop.click()
    talk.is_ready()
    page.goto(f"{shared_site.url}/a/{talk.answer_at(2)}/")  # and so does what is come to by its address
    question = talk.exchanges.nth(2).get_by_role("heading").bounding_box()
    assert question
    assert 0 <= question["y"] - (form["y"] + form["height"]) < 60


def test_all_that_is_unfinished_in_a_thread_is_followed(shared_site: Site, open_tab: OpenTab) -> None:
    one, two = dictated(shared_site, "One at once"), dictated(shared_site, "Two at once")
    tab = open_tab(shared_site.url)
    tab.ask("One at once")
    one.say("A")
    tab.shows("A")
    other = open_tab(tab.page.url, beside=tab)
    other.page.evaluate("() => document.querySelector('article').dataset.status = 'complete'")
    other.page.locator("#fields").evaluate("fields => { fields.disabled = false }")
    # No page asks while it shows something unfinished, but another client may.
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


def test_with_follow_ups_off_each_question_stands_alone(make_site, api_server, open_tab: OpenTab) -> None:  # type: ignore[no-untyped-def]
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
    tab.again.click()  # versions there are all the same
    expect(tab.versions).to_contain_text("2 of 2")
    tab.shows_questions("First")


def test_alice_and_bob_talk_at_once_and_neither_sees_the_others(shared_site: Site, open_tab: OpenTab) -> None:
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


# -- The network


def test_a_follow_up_into_a_dead_socket_is_asked_once(shared_site: Site, open_tab: OpenTab) -> None:
    for question in ("To begin", "Who hears this?"):
        shared_site.api.when(question, answer([f"{question} Yes."]))
    with Proxy(shared_site.ports[0]) as proxy:
        tab = open_tab(proxy.url, with_clock=True, may_log=LOST)
        tab.asks("To begin", "To begin Yes.")
        stands_still(tab)
        proxy.freeze()
        tab.ask("Who hears this?")
        tab.is_answering()
        tab.pass_time(5_200)  # no reply: another socket, and the same frame again
        tab.shows("Who hears this? Yes.")
        proxy.thaw()  # now the first frame comes too
        tab.is_ready()
        tab.shows_questions("To begin", "Who hears this?")
        fresh(tab, open_tab).shows_questions("To begin", "Who hears this?")
        query = "SELECT follows_id FROM answers_answer WHERE question = 'Who hears this?'"
        [(follows,)] = execute(shared_site, query)
        assert follows == tab.answer_at(0).replace("-", "")


@pytest.mark.parametrize("kind", ["a follow-up", "a revision"])
def test_what_was_not_accepted_is_said_again_word_for_word_after_a_reload(
    make_site,  # type: ignore[no-untyped-def]
    api_server,  # type: ignore[no-untyped-def]
    open_tab: OpenTab,
    kind: str,
) -> None:
    site = make_site(api_server, ASKME_MODELS=MODELS).start()
    tab = open_tab(site.url)
    tab.asks("Before", "Hello, world")
    server = Server()
    state = tab.page.context.storage_state()
    deaf = open_tab(tab.page.url, server=server, storage_state=state)
    deaf.model.select_option("Thorough")
    id = deaf.answer_at(0)
    if kind == "a follow-up":
        deaf.ask("After")
    else:
        deaf.type_anew(0, "After")
    first = server.heard(deaf.page, 1)
    assert (first["question"], first["model"]) == ("After", "gpt-4.1")
    assert (first["follows"], first["revises"]) == ((id, None) if kind == "a follow-up" else (None, id))
    deaf.page.reload()
    assert server.heard(deaf.page, 2) == first
    deaf.is_answering()
    server.say("answer.started", model="Thorough")
    deaf.shows_questions("Before", "After") if kind == "a follow-up" else deaf.shows_questions("After")
    expect(deaf.page).to_have_url(f"{site.url}/a/{first['answer']}/")
    server.say("answer.finished", length=0, **FINISHED)
    deaf.is_ready()
    expect(deaf.box).to_have_value("")


def test_a_question_that_is_accepted_on_another_page_of_the_tab_is_shown_in_its_thread(
    talk: Tab, shared_site: Site, open_tab: OpenTab
) -> None:
    state = talk.page.context.storage_state()
    tab = open_tab(talk.page.url, server=(server := Server()), storage_state=state)
    tab.ask("On the way")
    first = server.heard(tab.page, 1)
    assert first["follows"] == talk.answer_at(2)
    tab.page.goto(shared_site.url)
    assert server.heard(tab.page, 2) == first
    server.say("answer.started", model="gpt")
    expect(tab.page).to_have_url(f"{shared_site.url}/a/{first['answer']}/")  # which shows all of it
    expect(tab.page.get_by_text("Nothing here")).to_be_visible()  # or would, had the site heard of it


def test_a_reload_elsewhere_does_not_come_back_to_what_was_asked_last(talk: Tab, shared_site: Site) -> None:
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


def test_the_chosen_model_answers_is_shown_and_remembered(make_site, api_server, open_tab: OpenTab) -> None:  # type: ignore[no-untyped-def]
    site = make_site(api_server, ASKME_MODELS=MODELS).start()
    tab = open_tab(site.url)
    expect(tab.model).to_have_value("gpt-4.1-mini")
    tab.asks("With the first?", "Hello, world")
    expect(tab.progress).to_contain_text("Fast")
    tab.model.select_option("Thorough")
    tab.page.reload()
    expect(tab.model).to_have_value("gpt-4.1")
    tab.again.click()
    expect(tab.versions).to_contain_text("2 of 2")
    tab.is_ready()
    for _ in ("as it is", "reloaded"):
        expect(tab.progress).to_contain_text("Thorough")
        tab.page.reload()
    assert [request.body["model"] for request in api_server.requests] == ["gpt-4.1-mini", "gpt-4.1"]
    tab.page.evaluate("() => localStorage.setItem('askme.model', 'gone')")
    tab.page.reload()
    expect(tab.model).to_have_value("gpt-4.1-mini")  # what the site does not offer any more is not remembered
    tab.new_question.click()
    expect(tab.model).to_have_value("gpt-4.1-mini")


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
    tab.last.get_by_role("textbox", name="The question in other words").fill("W" * 300)
    for zoom in (1, 2):
        tab.page.evaluate("zoom => { document.documentElement.style.fontSize = `${zoom * 100}%` }", zoom)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
