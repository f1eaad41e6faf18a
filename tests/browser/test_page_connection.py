"""When the page gives up a socket and when it reconnects, measured on the page's own clock."""

from itertools import pairwise

import pytest
from playwright.sync_api import expect

from answers import protocol
from answers.engine.database_thread import TIMEOUT_SECONDS
from answers.live.handling import BUSY_SECONDS
from tests.support.browser import FINISHED, OpenTab, Server, follow
from tests.support.page_faults import note_sockets, noted, stop_clock, time_until
from tests.support.sites import Site

# -- Dead sockets


def test_a_silent_socket_is_probed_and_replaced_if_dead(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), with_clock=True)
    id = server.is_asked(tab)
    stop_clock(tab)
    expected = follow(id, 2)
    server.say("answer.text", position=0, text="𝔘a")
    tab.shows("𝔘a")
    tab.pass_time(14_900)
    assert len(server.frames) == 1
    tab.pass_time(200)
    assert server.heard(tab.page, 2) == expected
    server.say("answer.queued", ahead=1)  # a sign of life, though the content is old
    expect(tab.progress).to_contain_text("1 ahead of you", use_inner_text=True)
    tab.pass_time(14_900)
    assert len(server.frames) == 2
    tab.pass_time(200)
    assert server.heard(tab.page, 3) == expected
    tab.pass_time(11_800)
    assert len(server.sockets) == 1
    tab.pass_time(400)  # 12 s after the probe, plus the first delay
    assert server.heard(tab.page, 4) == expected
    assert len(server.sockets) == 2


def test_an_idle_socket_is_not_probed(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), with_clock=True)
    server.is_asked(tab)
    stop_clock(tab)
    server.say("answer.finished", length=0, **FINISHED)
    tab.is_ready()
    tab.pass_time(120_000)
    tab.ask("And now?")
    assert server.heard(tab.page, 2)["type"] == "question.ask"
    assert len(server.sockets) == 1


def test_a_question_without_a_reply_is_sent_again(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), with_clock=True)
    tab.is_ready()
    stop_clock(tab)
    tab.ask("Hello?")
    first = server.heard(tab.page, 1)
    tab.pass_time(1_000 * TIMEOUT_SECONDS + 500)  # until then, a server that waits for its database may reply
    assert len(server.sockets) == 1
    tab.pass_time(1_700)
    assert server.heard(tab.page, 2) == first
    assert len(server.sockets) == 2


def test_a_question_that_waits_its_turn_stays_in_the_box_and_is_not_sent_again(
    shared_site: Site, open_tab: OpenTab
) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), with_clock=True)
    busy = tab.page.get_by_text("The site is very busy right now. Please wait; nothing is lost.")
    tab.is_ready()
    stop_clock(tab)
    tab.ask("Hello?")
    server.heard(tab.page, 1)
    expect(busy).to_be_hidden()
    for _ in range(10):  # longer than a socket may be silent, and than one without events is left alone
        tab.pass_time(1_000 * BUSY_SECONDS)
        server.send(protocol.busy())
        expect(busy).to_be_visible()
    expect(tab.box).to_have_value("Hello?")
    assert len(server.frames) == len(server.sockets) == 1
    server.say("answer.queued", ahead=0)
    expect(busy).to_be_hidden()
    expect(tab.box).to_have_value("")
    server.say("answer.finished", length=0, **FINISHED)
    tab.is_ready()


def test_a_question_whose_turn_ends_with_a_refusal_is_back_in_the_box(
    shared_site: Site, open_tab: OpenTab
) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    busy = tab.page.get_by_text("The site is very busy right now.")
    tab.ask("Hello?")
    server.heard(tab.page, 1)
    server.send(protocol.busy())
    expect(busy).to_be_visible()
    server.say("error", code="unavailable", message="Not now.", retry_after=30)
    expect(busy).to_be_hidden()
    expect(tab.box).to_have_value("Hello?")


def test_the_delay_grows_while_a_server_does_not_reply(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), with_clock=True)
    note_sockets(tab)
    tab.is_ready()
    stop_clock(tab)
    tab.ask("Hello?")
    server.heard(tab.page, 1)
    asked = tab.page.evaluate("Date.now()")
    for frames in range(2, 6):
        time_until(tab, lambda frames=frames: len(server.frames) == frames)
    waits = [after - before for before, after in pairwise([asked, *noted(tab, "opened")[-4:]])]
    assert 12_000 <= waits[0] <= 13_000  # 12 s without a reply, plus a delay of 0.1 s, half more or less
    assert waits[3] >= 13_000  # plus a delay of 2 s


def test_stop_on_a_dead_socket_is_sent_again_on_another(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), with_clock=True)
    id = server.is_asked(tab)
    stop_clock(tab)
    stop = {"type": "answer.stop", "answer": id}
    tab.stop.click()
    assert [server.heard(tab.page, 2), server.heard(tab.page, 3)] == [stop, follow(id, 0)]
    tab.pass_time(12_200)
    assert [server.heard(tab.page, 4), server.heard(tab.page, 5)] == [stop, follow(id, 0)]
    assert len(server.sockets) == 2


# -- Close codes


def test_the_page_reconnects_at_once_when_a_process_restarts(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), with_clock=True)
    server.is_asked(tab)
    stop_clock(tab)
    for frames in (2, 3, 4):
        server.sockets[-1].close(code=1011)
        last = time_until(tab, lambda frames=frames: len(server.frames) == frames)
    assert last >= 500
    server.sockets[-1].close(code=4012)
    assert 50 <= time_until(tab, lambda: len(server.frames) == 5) <= 500


@pytest.mark.parametrize("code", [4429, 4430], ids=["frames", "sockets"])
def test_the_page_waits_before_it_reconnects_after_too_many(
    shared_site: Site, open_tab: OpenTab, code: int
) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), with_clock=True)
    server.is_asked(tab)
    stop_clock(tab)
    server.sockets[-1].close(code=code)
    assert 2_500 <= time_until(tab, lambda: len(server.frames) == 2) <= 8_500
