"""The page when network, server or session fail: an answer belongs to the server, not to the tab.

A real browser, real Daphne processes, and a network (`Proxy`) that fails on command. What is asked is always
the same: a page shows what the API said, or what of it is stored, and a fresh page shows the same. Where the
subject is how long the page waits, the browser's clock is the test's and no test waits.
"""

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.api_server import ApiServer
from tests.browser import FINISHED, OpenTab, Server, Tab, dictated
from tests.proxy import Proxy
from tests.services import free_port, wait_for
from tests.sites import ROOT, Site

LOST = "WebSocket connection|ERR_"  # what the browser says in its console of a connection that fails
SECONDS = 10
PIECES = ["One, ", "two 𝔘 ", "and\n\nthree ", "👍🏽, ", "four."]

MakeSite = Callable[..., Site]


def stands_still(tab: Tab) -> None:
    """The test's clock alone moves this tab's timers."""
    tab.page.clock.pause_at(tab.page.evaluate("Date.now() / 1_000 + 0.5"))  # seconds


def time_until(tab: Tab, condition: Callable[[], bool]) -> int:
    """How many milliseconds of a tab that stands still; it never says too few."""
    for milliseconds in range(0, 60_000, 50):
        if condition():
            return milliseconds
        tab.pass_time(50)
        tab.page.wait_for_timeout(5)  # for what this began
    raise AssertionError("not within a minute of the page's clock")


def is_online(tab: Tab) -> None:
    """The network is back: the page does not wait for its delay."""
    tab.page.evaluate("() => dispatchEvent(new Event('online'))")


def fresh(tab: Tab, open_tab: OpenTab, url: str = "") -> Tab:
    """The same address, or `url`, in another window with the same session."""
    return open_tab(url or tab.page.url, storage_state=tab.page.context.storage_state(), may_log=LOST)


def execute(site: Site, sql: str, *values: object) -> list[tuple]:
    with sqlite3.connect(site.folder / "site.sqlite3", timeout=SECONDS) as store:
        rows = store.execute(sql, values).fetchall()
    store.close()
    return rows


def is_stored(site: Site, text: str) -> None:
    wait_for(lambda: execute(site, "SELECT text FROM answers_answer") == [(text,)], SECONDS, f"{text} stored")


def kill(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(SECONDS)


# -- Dead sockets, by the page's own clock


def test_silence_is_probed_and_a_dead_socket_left(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), with_clock=True)
    id = server.is_asked(tab)
    stands_still(tab)
    follow = {"type": "answer.follow", "answer": id, "position": 2}
    server.say("answer.text", position=0, text="𝔘a")
    tab.shows("𝔘a")
    tab.pass_time(14_900)
    assert len(server.frames) == 1
    tab.pass_time(200)
    assert server.heard(tab.page, 2) == follow
    server.say("answer.queued", ahead=1)  # alive, though it has told this before
    expect(tab.progress).to_contain_text("1 ahead of you", use_inner_text=True)
    tab.pass_time(14_900)
    assert len(server.frames) == 2
    tab.pass_time(200)
    assert server.heard(tab.page, 3) == follow
    tab.pass_time(4_800)
    assert len(server.sockets) == 1
    tab.pass_time(400)  # 5 s after the probe, and the first delay
    assert server.heard(tab.page, 4) == follow
    assert len(server.sockets) == 2


def test_nothing_is_probed_while_nothing_is_expected(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), with_clock=True)
    server.is_asked(tab)
    stands_still(tab)
    server.say("answer.finished", length=0, **FINISHED)
    tab.is_ready()
    tab.pass_time(120_000)
    tab.ask("And now?")
    assert server.heard(tab.page, 2)["type"] == "question.ask"
    assert len(server.sockets) == 1


def test_a_question_without_a_reply_is_sent_again(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), with_clock=True)
    tab.is_ready()
    stands_still(tab)
    tab.ask("Hello?")
    first = server.heard(tab.page, 1)
    tab.pass_time(4_900)
    assert len(server.sockets) == 1
    tab.pass_time(300)
    assert server.heard(tab.page, 2) == first
    assert len(server.sockets) == 2


def test_a_server_that_replies_nothing_is_asked_ever_later(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), with_clock=True)
    tab.is_ready()
    stands_still(tab)
    tab.ask("Hello?")
    server.heard(tab.page, 1)
    waits = [time_until(tab, lambda frames=frames: len(server.frames) == frames) for frames in range(2, 6)]
    assert 5_000 <= waits[0] <= 6_000  # without a reply, and 0.1 s, give or take a half
    assert waits[3] >= 6_000  # and 2 s


def test_stop_on_a_dead_socket_is_said_on_another(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), with_clock=True)
    id = server.is_asked(tab)
    stands_still(tab)
    stop, follow = ({"type": type, "answer": id} for type in ("answer.stop", "answer.follow"))
    tab.stop.click()
    assert [server.heard(tab.page, 2), server.heard(tab.page, 3)] == [stop, follow | {"position": 0}]
    tab.pass_time(5_200)
    assert [server.heard(tab.page, 4), server.heard(tab.page, 5)] == [stop, follow | {"position": 0}]
    assert len(server.sockets) == 2


# -- Close codes, by the page's own clock


def test_a_process_that_restarts_is_left_at_once(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), with_clock=True)
    server.is_asked(tab)
    stands_still(tab)
    for frames in (2, 3, 4):
        server.sockets[-1].close(code=1011)
        last = time_until(tab, lambda frames=frames: len(server.frames) == frames)
    assert last >= 500
    server.sockets[-1].close(code=4012)
    assert 50 <= time_until(tab, lambda: len(server.frames) == 5) <= 500


def test_a_server_that_had_too_much_is_left_alone(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), with_clock=True)
    server.is_asked(tab)
    stands_still(tab)
    server.sockets[-1].close(code=4429)
    assert 2_500 <= time_until(tab, lambda: len(server.frames) == 2) <= 8_500


# -- What the server says of itself


def test_a_running_answer_outlives_a_store_out_of_reach(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    id = server.is_asked(tab)
    server.say("error", code="unavailable", message="No database.", retry_after=1)
    expect(tab.alert).to_have_text("No database.", use_inner_text=True)
    tab.is_answering()
    assert server.heard(tab.page, 2) == {"type": "answer.follow", "answer": id, "position": 0}
    expect(tab.alert).to_be_hidden()


def test_an_answer_that_is_gone_is_not_waited_for(shared_site: Site, open_tab: OpenTab) -> None:
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


# -- The network


def test_a_half_open_socket_costs_no_text(shared_site: Site, open_tab: OpenTab) -> None:
    answer = dictated(shared_site, "Half open?")
    with Proxy(shared_site.ports[0]) as proxy:
        tab = open_tab(proxy.url, with_clock=True, may_log=LOST)
        tab.ask("Half open?")
        answer.say("One, ")
        tab.shows("One, ")
        stands_still(tab)
        proxy.freeze()
        answer.say("two, ")
        tab.pass_time(20_200)  # silence, a probe without a reply, the first delay
        tab.shows("One, two, ")
        proxy.thaw()  # the old socket's text comes at last, to nobody
        answer.say("three, ")
        tab.shows("One, two, three, ")

        proxy.freeze(new=True)  # a tunnel: what is opened in it is half-open too
        answer.say("four.")
        before = proxy.accepted
        tab.pass_time(20_200)
        wait_for(lambda: proxy.accepted == before + 1, SECONDS, "the page tries again")
        tab.pass_time(10_800)  # the handshake is given up, the second delay
        wait_for(lambda: proxy.accepted == before + 2, SECONDS, "the page tries again")
        tab.shows("One, two, three, ")
        proxy.thaw()
        tab.shows("One, two, three, four.")
        answer.end()
        tab.is_ready()
        fresh(tab, open_tab).shows("One, two, three, four.")


def test_a_question_into_a_dead_socket_is_asked_once(shared_site: Site, open_tab: OpenTab) -> None:
    for question in ("Anybody?", "Who hears?", "Who else?"):
        dictated(shared_site, question).end()
    with Proxy(shared_site.ports[0]) as proxy:
        tab = open_tab(proxy.url, with_clock=True, may_log=LOST)
        tab.ask("Anybody?")
        expect(tab.question).to_have_text("Anybody?")
        tab.is_ready()
        stands_still(tab)
        proxy.freeze()
        tab.ask("Who hears?")
        tab.pass_time(5_200)
        expect(tab.question).to_have_text("Who hears?")
        tab.is_ready()
        proxy.thaw()  # now the first frame comes too
        tab.ask("Who else?")
        expect(tab.question).to_have_text("Who else?")
        tab.is_ready()
    asked = [request.question for request in shared_site.api.requests]
    assert (asked.count("Who hears?"), asked.count("Who else?")) == (1, 1)


def test_what_was_said_while_offline_is_shown(shared_site: Site, open_tab: OpenTab) -> None:
    answer = dictated(shared_site, "Offline?")
    with Proxy(shared_site.ports[0]) as proxy:
        tab = open_tab(proxy.url, may_log=LOST)
        tab.ask("Offline?")
        answer.say(PIECES[0])
        tab.shows(PIECES[0])
        tab.page.context.set_offline(True)
        proxy.cut()
        for piece in PIECES[1:]:
            answer.say(piece)
        expect(tab.connection).to_be_visible()
        tab.shows(PIECES[0])
        tab.is_answering()
        tab.page.context.set_offline(False)
        tab.shows("".join(PIECES))
        expect(tab.connection).to_be_hidden()
        answer.end()
        tab.is_ready()
        fresh(tab, open_tab).shows("".join(PIECES))


def is_shown(tab: Tab, shown: bool) -> None:
    """To the background, or back from it."""
    tab.page.evaluate(
        """shown => {
            Object.defineProperty(document, "hidden", {configurable: true, value: !shown});
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        shown,
    )


def test_a_phone_that_wakes_shows_at_once_what_was_said_while_it_slept(
    shared_site: Site, open_tab: OpenTab
) -> None:
    """It dropped the socket unsaid, and its timers stood still."""
    answer = dictated(shared_site, "Asleep?")
    with Proxy(shared_site.ports[0]) as proxy:
        tab = open_tab(proxy.url, with_clock=True, may_log=LOST)
        tab.ask("Asleep?")
        answer.say("One, ")
        tab.shows("One, ")
        stands_still(tab)
        before = proxy.accepted
        is_shown(tab, False)
        is_shown(tab, True)  # a short look elsewhere costs nothing
        answer.say("two, ")
        tab.shows("One, two, ")
        assert proxy.accepted == before

        is_shown(tab, False)
        proxy.freeze()
        answer.say("three.")
        answer.end()
        tab.page.clock.set_system_time(tab.page.evaluate("Date.now() / 1_000 + 60"))  # moves no timer
        is_shown(tab, True)
        tab.shows("One, two, three.")
        tab.is_ready()
        assert proxy.accepted == before + 1


def test_a_page_that_comes_back_from_the_browsers_cache_lives_on(
    shared_site: Site, open_tab: OpenTab
) -> None:
    answer = dictated(shared_site, "Gone and back?")
    tab = open_tab(shared_site.url)
    tab.ask("Gone and back?")
    answer.say("One, ")
    tab.shows("One, ")
    tab.page.evaluate("() => dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    answer.say("two, ")
    tab.shows("One, ")
    tab.page.evaluate("() => dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    answer.say("three.")
    answer.end()
    tab.shows("One, two, three.")
    tab.is_ready()


def test_stop_without_a_connection_is_said_later(shared_site: Site, open_tab: OpenTab) -> None:
    answer = dictated(shared_site, "Stop offline?")
    with Proxy(shared_site.ports[0]) as proxy:
        tab = open_tab(proxy.url, may_log=LOST)
        tab.ask("Stop offline?")
        answer.say("Half")
        tab.shows("Half")
        [exchange] = [one for one in shared_site.api.requests if one.question == "Stop offline?"]
        proxy.refuse()
        proxy.cut()
        expect(tab.connection).to_be_visible()
        tab.stop.click()
        expect(tab.progress).to_contain_text("Stopping…", use_inner_text=True)
        assert not exchange.closed.is_set()
        proxy.accept()
        is_online(tab)
        tab.is_ready()
        expect(tab.ending).to_contain_text("Stopped.", use_inner_text=True)
        assert exchange.closed.wait(SECONDS)
        tab.shows("Half")
        answer = dictated(shared_site, "Stop offline?")
        tab.again.click()
        answer.say("Whole")
        answer.end()
        tab.shows("Whole")
        tab.is_ready()


def test_a_reload_while_the_question_is_accepted_loses_nothing(shared_site: Site, open_tab: OpenTab) -> None:
    """The old page goes on until the new one is there. About each second try hits the moment."""
    tab = open_tab(shared_site.url, may_log=LOST)
    for number in range(8):
        answer = dictated(shared_site, f"Accepted {number}?")
        answer.say("Yes.")
        answer.end()
        tab.ask(f"Accepted {number}?")
        tab.page.reload()
        expect(tab.question).to_have_text(f"Accepted {number}?")
        tab.shows("Yes.")
        tab.is_ready()
        tab.page.locator("h1 a").click()  # to ask something else
        expect(tab.question).to_be_hidden()
        tab.is_ready()


def test_all_pages_of_an_answer_show_the_same(pair: Site, open_tab: OpenTab) -> None:
    site = pair
    answer = dictated(site, "All the same?")
    said = ""
    tab = open_tab(site.url)
    tab.ask("All the same?")
    tabs = [tab]
    pieces = iter(PIECES)

    def say() -> None:
        nonlocal said
        answer.say(piece := next(pieces))
        said += piece
        for one in tabs:
            one.shows(said)

    say()
    path = tab.page.url.removeprefix(site.url)
    tab.page.reload()
    say()
    tabs.append(open_tab(tab.page.url, beside=tab))
    say()
    tabs.append(fresh(tab, open_tab, site.urls[1] + path))  # the other process
    say()
    tabs[1].page.reload()
    tabs[2].page.goto(site.url + path)
    say()
    answer.end()
    for one in tabs:
        one.is_ready()
        one.shows(said)
        one.page.reload()
        one.shows(said)
    assert said == "".join(PIECES)


def test_a_page_that_is_thrown_about_shows_all_once(pair: Site, open_tab: OpenTab) -> None:
    site = pair
    answer = dictated(site, "Thrown?")
    with Proxy(site.ports[0]) as proxy:
        tab = open_tab(proxy.url, may_log=LOST)
        tab.ask("Thrown?")
        answer.say(said := "Here: ")
        tab.shows(said)
        ports = itertools.cycle(reversed(site.ports))
        for number in range(20):
            answer.say(f"{number} 𝔘 ")
            said += f"{number} 𝔘 "
            if number % 4 == 3:
                proxy.target_port = next(ports)
                proxy.cut()
            if number % 8 == 7:
                tab.page.reload()
        tab.shows(said)
        answer.end()
        tab.is_ready()
        tab.shows(said)
        fresh(tab, open_tab).shows(said)


# -- The server's processes


def test_a_restart_moves_the_page_and_keeps_the_answer(
    make_site: MakeSite, api_server: ApiServer, open_tab: OpenTab, redis_url: str
) -> None:
    site = make_site(api_server, REDIS_URL=redis_url, ASKME_DRAIN_SECONDS="20").start(processes=2)
    answer = dictated(site, "Moving?")
    with Proxy(site.ports[0]) as proxy:
        tab = open_tab(proxy.url, may_log=LOST)
        tab.ask("Moving?")
        answer.say("Before, ")
        tab.shows("Before, ")
        before = proxy.accepted
        proxy.target_port = site.ports[1]
        site.processes[0].send_signal(signal.SIGTERM)
        wait_for(lambda: proxy.accepted > before, 2, "the page comes to the other process")
        answer.say("after.")
        tab.shows("Before, after.")
        expect(tab.connection).to_be_hidden()
        answer.end()
        tab.is_ready()
        tab.shows("Before, after.")
        expect(tab.ending).to_be_hidden()  # complete, not interrupted
        assert site.processes[0].wait(SECONDS) == 0
        fresh(tab, open_tab).shows("Before, after.")
    assert len(api_server.requests) == 1


def test_a_killed_process_is_told_by_itself(site: Site, open_tab: OpenTab) -> None:
    answer = dictated(site, "Will you live?")
    tab = open_tab(site.url, may_log=LOST)
    tab.ask("Will you live?")
    answer.say("I think ")
    tab.shows("I think ")
    is_stored(site, "I think ")
    killed = time.monotonic()
    kill(site.processes.pop())
    site.start()
    expect(tab.ending).to_have_text(
        "The answer was interrupted. The text so far is kept.", use_inner_text=True, timeout=25_000
    )
    assert time.monotonic() - killed < 20
    tab.is_ready()
    tab.shows("I think ")
    fresh(tab, open_tab).shows("I think ")
    answer = dictated(site, "Will you live?")
    tab.again.click()
    answer.say("Yes.")
    tab.shows("Yes.")


def test_text_that_was_lost_with_its_process_is_not_shown(
    make_site: MakeSite, api_server: ApiServer, open_tab: OpenTab, redis_url: str
) -> None:
    site = make_site(api_server, REDIS_URL=redis_url).start(processes=2)
    answer = dictated(site, "What stays?")
    with Proxy(site.ports[0]) as proxy:
        tab = open_tab(proxy.url, may_log=LOST)
        tab.ask("What stays?")
        answer.say("Stored 𝔘, lost.")
        tab.shows("Stored 𝔘, lost.")
        is_stored(site, "Stored 𝔘, lost.")
        proxy.target_port = site.ports[1]
        kill(site.processes[0])
        # As if it had died half a second before; and twelve seconds ago, which another test waits for.
        execute(site, "UPDATE answers_answer SET text = ?, heartbeat_at = '2020-01-01 00:00:00'", "Stored 𝔘")
        expect(tab.ending).to_contain_text("The answer was interrupted.", use_inner_text=True)
        tab.shows("Stored 𝔘")
        fresh(tab, open_tab).shows("Stored 𝔘")
        api_server.when("What stays?", lambda exchange: exchange.reply(401, {"error": "no"}))
        tab.again.click()
        expect(tab.ending).not_to_contain_text("interrupted", use_inner_text=True)
        tab.is_ready()
        tab.shows("")


# -- The session and the server's limits


def start_impatient(site: Site) -> None:
    """`site.start()`, but its sockets look at their sessions five times a second."""
    program = ["from askme.asgi import application", "from answers import consumers"]
    (site.folder / "impatient.py").write_text("\n".join([*program, "consumers.SESSION_SECONDS = 0.2"]))
    site._copy_migrated()
    site.ports = [free_port()]
    command = [sys.executable, "-m", "daphne", "-p", str(site.ports[0]), "impatient:application"]
    environment = os.environ | site.environment | {"PYTHONPATH": f"{site.folder}:{ROOT}"}
    with Path(site.folder / "daphne-impatient.log").open("w") as log:
        site.processes = [subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)]
    wait_for(lambda: site._answers(site.processes[0], site.url), 20, f"{site.url} answers")


def test_who_is_logged_out_is_told_and_not_tried_again(
    make_site: MakeSite, api_server: ApiServer, open_tab: OpenTab
) -> None:
    start_impatient(site := make_site(api_server))
    answer = dictated(site, "Am I known?")
    with Proxy(site.ports[0]) as proxy:
        reader = open_tab(proxy.url, with_clock=True)
        reader.ask("Am I known?")
        answer.say("You are ")
        reader.shows("You are ")
        writer = open_tab(proxy.url, beside=reader, with_clock=True)
        writer.ask("And I?")
        writer.shows("Hello, world")
        writer.is_ready()
        writer.box.press_sequentially("Half a quest")
        execute(site, "DELETE FROM django_session")
        for tab in (reader, writer):
            expect(tab.alert).to_contain_text("Your session has ended.")
            expect(tab.button).to_be_disabled()
            expect(tab.button).to_have_text("Ask", use_inner_text=True)
            expect(tab.box).to_be_enabled()
        reader.shows("You are ")
        expect(reader.stop).to_be_hidden()
        expect(writer.box).to_have_value("Half a quest")
        before = proxy.accepted
        for tab in (reader, writer):
            tab.pass_time(60_000)
            is_online(tab)
            tab.pass_time(60_000)
            expect(tab.connection).to_be_hidden()
        writer.box.press("Enter")
        assert proxy.accepted == before
        writer.page.get_by_role("button", name="Reload").click()
        expect(writer.alert).to_be_hidden()
        expect(writer.box).to_have_value("Half a quest")
        writer.ask("Who am I?")
        writer.shows("Hello, world")
        for tab in (reader, writer):
            tab.page.close()  # before the proxy ends, which would be an error in their consoles
        answer.end()


def test_a_page_that_floods_comes_back_later(shared_site: Site, open_tab: OpenTab) -> None:
    answer = dictated(shared_site, "Too much?")
    with Proxy(shared_site.ports[0]) as proxy:
        tab = open_tab(proxy.url, with_clock=True, may_log=LOST)
        tab.ask("Too much?")
        answer.say("No, ")
        tab.shows("No, ")
        stands_still(tab)
        before = proxy.accepted
        flood = "() => { for (let i = 0; i < 90; i++) dispatchEvent(new PopStateEvent('popstate', history)) }"
        tab.page.evaluate(flood)  # each asks to follow the answer anew
        answer.say("it is ")
        assert 2_500 <= time_until(tab, lambda: proxy.accepted > before) <= 8_500
        answer.say("fine.")
        tab.shows("No, it is fine.")
        answer.end()
        tab.is_ready()
