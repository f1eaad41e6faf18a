"""An answer that was cut by its length: one press asks the model to continue."""

from typing import Any

from playwright.sync_api import expect

from tests.support.api_server import ApiServer, answer
from tests.support.browser import FINISHED, OpenTab, Server
from tests.support.sites import Site


def test_the_model_goes_on_where_it_was_cut(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("A long story", answer(["Once upon"], finish="length"))
    shared_site.api.when("Please continue.", answer([" a time."]))
    tab = open_tab(shared_site.url)
    tab.asks("A long story", "Once upon")
    tab.go_on.click()
    tab.shows(" a time.")
    tab.shows_questions("A long story", "Please continue.")
    expect(tab.page.get_by_role("button", name="Continue")).to_have_count(0)  # only at the end of the thread
    said = [message["content"] for message in shared_site.api.requests[-1].body["messages"]]
    assert said == ["A long story", "Once upon", "Please continue."]


def test_it_works_without_javascript(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("A plain story", answer(["Once upon"], finish="length"))
    shared_site.api.when("Please continue.", answer([" a time."]))
    tab = open_tab(shared_site.url)
    tab.asks("A plain story", "Once upon")
    state = tab.page.context.storage_state()
    plain = open_tab(tab.page.url, java_script_enabled=False, storage_state=state)
    plain.go_on.click()
    plain.shows_questions("A plain story", "Please continue.")
    plain.shows(" a time.")


def test_only_a_cut_answer_offers_it(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    server.is_asked(tab)
    for number, end in enumerate([{}, {"status": "stopped"}, {"finish_reason": "content_filter"}], 1):
        server.say("answer.text", position=0, text="Half")
        server.say("answer.finished", length=4, **(FINISHED | end))
        tab.is_ready()
        expect(tab.go_on).to_be_hidden()
        tab.again.click()
        server.heard(tab.page, number + 1)
        server.say("answer.started", model="gpt")
    server.say("answer.text", position=0, text="Half")
    server.say("answer.finished", length=4, **(FINISHED | {"finish_reason": "length"}))
    expect(tab.go_on).to_be_visible()


def test_without_follow_ups_it_cannot_go_on(make_site: Any, api_server: ApiServer, open_tab: OpenTab) -> None:
    api_server.answer(["Cut"], finish="length")
    tab = open_tab(make_site(api_server, ASKME_CONTEXT_TOKENS="0").start().url)
    tab.asks("A long story", "Cut")
    expect(tab.ending).to_contain_text("The answer reached the length limit.", use_inner_text=True)
    expect(tab.go_on).to_have_count(0)
