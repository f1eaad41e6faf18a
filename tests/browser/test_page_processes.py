"""The page when a process of the server restarts or is killed, and when its session ends."""

import signal
import subprocess

from playwright.sync_api import expect

from tests.support.api_server import ApiServer
from tests.support.browser import OpenTab, dictated
from tests.support.database import execute
from tests.support.network import Proxy
from tests.support.page_faults import LOST, SECONDS, MakeSite, fresh, is_stored, report_online
from tests.support.services import wait_for
from tests.support.sites import Site


def kill(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(SECONDS)


# -- Processes


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
        wait_for(lambda: proxy.accepted > before, SECONDS, "the page connects to the other process")
        assert site.processes[0].poll() is None  # it does not wait until this one has ended
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


def test_an_answer_of_a_killed_process_is_interrupted_without_a_reload(site: Site, open_tab: OpenTab) -> None:
    answer = dictated(site, "Will you live?")
    tab = open_tab(site.url, may_log=LOST)
    tab.ask("Will you live?")
    answer.say("I think ")
    tab.shows("I think ")
    is_stored(site, "I think ")
    kill(site.processes.pop())
    site.start()
    # tests/faults/ measures how soon. Here, the page may wait for up to 15 s before it connects again.
    expect(tab.ending).to_have_text(
        "The answer was interrupted. The text so far has been kept.", use_inner_text=True, timeout=60_000
    )
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
        # As if the process had died half a second before its last save, and long ago.
        execute(site, "UPDATE answers_answer SET text = ?", "Stored 𝔘")
        execute(site, "UPDATE answers_process SET heartbeat_at = '2020-01-01 00:00:00'")
        expect(tab.ending).to_contain_text("The answer was interrupted.", use_inner_text=True, timeout=60_000)
        tab.shows("Stored 𝔘")
        fresh(tab, open_tab).shows("Stored 𝔘")
        api_server.when("What stays?", lambda exchange: exchange.reply(401, {"error": "no"}))
        tab.again.click()
        expect(tab.ending).not_to_contain_text("interrupted", use_inner_text=True)
        tab.is_ready()
        tab.shows("")


# -- The session


def start_impatient(site: Site) -> None:
    """Like `site.start()`, but its sockets check their sessions five times a second."""
    site.start_changed("from answers.live import session_check\nsession_check.SESSION_SECONDS = 0.2")


def test_a_logged_out_page_says_so_and_does_not_reconnect(
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
        execute(site, "UPDATE accounts_guestkey SET user_id = NULL")  # as when somebody logs in
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
            report_online(tab)
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
            tab.page.close()  # before the proxy ends, which would log an error in their consoles
        answer.end()
