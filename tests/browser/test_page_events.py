"""Events that the real server sends too rarely: a test plays the server on the page's websocket."""

import pytest
from playwright.sync_api import expect

from tests.support.browser import FINISHED, OpenTab, Server, follow
from tests.support.page_faults import stop_clock
from tests.support.sites import Site


def test_a_gap_is_requested_and_an_overlap_is_dropped(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    id = server.is_asked(tab)
    server.say("answer.text", position=0, text="𝔘𝔘a")
    server.say("answer.text", position=2, text="ab")
    tab.shows("𝔘𝔘ab")
    for position in (6, 7):  # one gap is requested once
        server.say("answer.text", position=position, text="e")
    assert server.heard(tab.page, 2) == follow(id, 4)
    server.say("answer.text", position=4, text="cdee")
    tab.shows("𝔘𝔘abcdee")
    server.say("answer.finished", length=8, **FINISHED)
    tab.is_ready()
    assert len(server.frames) == 2
    server.say("answer.text", position=8, text="late")
    server.say("error", answer=None, code="internal", message="Seen.", retry_after=None)
    expect(tab.alert).to_contain_text("Seen.")
    tab.is_ready()
    tab.shows("𝔘𝔘abcdee")


def test_a_wrong_length_is_corrected_once(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    id = server.is_asked(tab)
    server.say("answer.text", position=0, text="wrong")
    server.say("answer.finished", length=7, **FINISHED)
    assert server.heard(tab.page, 2) == follow(id, 0)
    tab.shows("wrong")  # until the right text arrives
    server.say("answer.text", position=0, text="right")
    tab.shows("right")
    server.say("answer.finished", length=7, **FINISHED)
    tab.is_ready()
    assert len(server.frames) == 2


def test_a_question_that_was_not_accepted_is_sent_again(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    tab.ask("Hello?")
    first = server.heard(tab.page, 1)
    server.sockets[-1].close()
    assert server.heard(tab.page, 2) == first
    tab.page.reload()
    assert server.heard(tab.page, 3) == first
    server.say("answer.started", model="gpt")
    expect(tab.page).to_have_url(f"{shared_site.url}/a/{first['answer']}/")
    expect(tab.box).to_have_value("")


def test_a_lost_connection_follows_from_where_it_was(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    id = server.is_asked(tab)
    server.say("answer.text", position=0, text="𝔘 and ")
    tab.shows("𝔘 and ")
    server.sockets[-1].close()
    assert server.heard(tab.page, 2) == follow(id, 6)
    server.say("answer.text", position=6, text="on")
    tab.shows("𝔘 and on")
    tab.page.evaluate("() => dispatchEvent(new Event('online'))")  # the network is back: reconnect at once
    assert server.heard(tab.page, 3) == follow(id, 8)
    assert len(server.sockets) == 3


def test_stop_is_sent_again_after_a_lost_connection(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    id = server.is_asked(tab)
    tab.stop.click()
    assert server.heard(tab.page, 2) == {"type": "answer.stop", "answer": id}
    expect(tab.progress).to_contain_text("Stopping…", use_inner_text=True)
    expect(tab.stop).to_be_hidden()
    server.sockets[-1].close()
    assert server.heard(tab.page, 4) == {"type": "answer.stop", "answer": id}
    server.say("answer.finished", length=0, **(FINISHED | {"status": "stopped", "finish_reason": None}))
    expect(tab.ending).to_have_text("Stopped.", use_inner_text=True)  # there is no text to keep


def test_the_page_asks_again_after_an_unavailable_database(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), with_clock=True)
    id = server.is_asked(tab)
    stop_clock(tab)
    server.say("error", answer=None, code="unavailable", message="No database.", retry_after=1)
    expect(tab.alert).to_have_text("No database.", use_inner_text=True)
    tab.is_answering()
    tab.pass_time(1_000)
    assert server.heard(tab.page, 2) == follow(id, 0)
    expect(tab.alert).to_be_hidden()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"status": "interrupted"}, "The answer was interrupted. The text so far has been kept."),
        (
            {"status": "failed", "error": {"code": "busy", "message": "It is busy."}},
            "It is busy. The text so far has been kept.",
        ),
        ({"finish_reason": "content_filter"}, "A content filter cut this answer short."),
    ],
)
def test_each_end_has_its_sentence(shared_site: Site, open_tab: OpenTab, fields: dict, sentence: str) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    server.is_asked(tab)
    server.say("answer.text", position=0, text="Half")
    server.say("answer.finished", length=4, **(FINISHED | fields))
    expect(tab.ending).to_have_text(sentence, use_inner_text=True)
    expect(tab.announcement).to_have_text(sentence)
    expect(tab.again).to_be_visible()


def test_a_running_answer_outlives_an_unavailable_database(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), with_clock=True)
    id = server.is_asked(tab)
    stop_clock(tab)
    server.say("error", code="unavailable", message="No database.", retry_after=1)
    expect(tab.alert).to_have_text("No database.", use_inner_text=True)
    tab.is_answering()
    tab.pass_time(1_000)
    assert server.heard(tab.page, 2) == follow(id, 0)
    expect(tab.alert).to_be_hidden()


def test_the_page_does_not_wait_for_a_deleted_answer(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    server.is_asked(tab)
    server.say("error", code="not_found", message="There is no such answer.", retry_after=None)
    expect(tab.ending).to_have_text("There is no such answer.", use_inner_text=True)
    tab.is_ready()


def test_ask_again_works_after_each_end(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    ids = {server.is_asked(tab)}
    failed = {"status": "failed", "error": {"code": "busy", "message": "It is busy."}}
    ends = [{}, {"finish_reason": "length"}, {"status": "stopped"}, {"status": "interrupted"}, failed]
    for number, end in enumerate(ends, 1):
        server.say("answer.text", position=0, text="Half")
        server.say("answer.finished", length=4, **(FINISHED | end))
        tab.is_ready()
        tab.shows("Half")
        tab.again.click()
        asked = server.heard(tab.page, number + 1)
        assert (asked["type"], asked["question"]) == ("question.ask", "What now?")
        ids.add(asked["answer"])
        server.say("answer.started", model="gpt")
        tab.shows("")
    assert len(ids) == len(ends) + 1
