"""Follow-up and edited questions on a dead socket, and those that the server has not accepted yet."""

import pytest
from playwright.sync_api import expect

from tests.support.api_server import answer
from tests.support.browser import FINISHED, OpenTab, Server, Tab
from tests.support.database import execute
from tests.support.network import Proxy
from tests.support.page_faults import LOST, fresh, stop_clock
from tests.support.sites import Site


def test_a_follow_up_on_a_dead_socket_is_asked_once(shared_site: Site, open_tab: OpenTab) -> None:
    for question in ("To begin", "Who hears this?"):
        shared_site.api.when(question, answer([f"{question} Yes."]))
    with Proxy(shared_site.ports[0]) as proxy:
        tab = open_tab(proxy.url, with_clock=True, may_log=LOST)
        tab.asks("To begin", "To begin Yes.")
        stop_clock(tab)
        proxy.freeze()
        tab.ask("Who hears this?")
        tab.is_answering()
        tab.pass_time(12_200)  # no reply: the page sends the same frame on another socket
        tab.shows("Who hears this? Yes.")
        proxy.thaw()  # now the first frame arrives too
        tab.is_ready()
        tab.shows_questions("To begin", "Who hears this?")
        fresh(tab, open_tab).shows_questions("To begin", "Who hears this?")
        query = "SELECT follows_id FROM answers_answer WHERE question = 'Who hears this?'"
        [(follows,)] = execute(shared_site, query)
        assert follows == tab.answer_at(0).replace("-", "")


@pytest.mark.parametrize("kind", ["a follow-up", "a revision"])
def test_an_unaccepted_question_is_sent_again_unchanged_after_a_reload(
    make_site,  # type: ignore[no-untyped-def]
    api_server,  # type: ignore[no-untyped-def]
    open_tab: OpenTab,
    kind: str,
) -> None:
    site = make_site(api_server, ASKME_MODELS="Fast=small, Thorough=large").start()
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
    assert (first["question"], first["model"]) == ("After", "large")
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


def test_a_question_accepted_on_another_page_of_the_tab_opens_its_thread(
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
    expect(tab.page).to_have_url(f"{shared_site.url}/a/{first['answer']}/")  # which shows the whole thread
    expect(
        tab.page.get_by_text("Page not found")
    ).to_be_visible()  # the site does not know the answer of this test's server
