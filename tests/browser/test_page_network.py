"""The page when the network fails: an answer belongs to the server, not to the tab.

A real browser, a real Daphne process, and a network (`Proxy`) that fails on command. Each test checks the
same: the page shows what the API said, or what of it is stored, and a fresh page shows the same.
"""

import itertools

from playwright.sync_api import expect

from tests.support.browser import OpenTab, dictated
from tests.support.network import Proxy
from tests.support.page_faults import (
    LOST,
    SECONDS,
    fresh,
    note_sockets,
    noted,
    report_online,
    set_visible,
    stop_clock,
    time_until,
)
from tests.support.services import wait_for
from tests.support.sites import Site

PIECES = ["One, ", "two 𝔘 ", "and\n\nthree ", "👍🏽, ", "four."]


def test_a_half_open_socket_costs_no_text(shared_site: Site, open_tab: OpenTab) -> None:
    answer = dictated(shared_site, "Half open?")
    with Proxy(shared_site.ports[0]) as proxy:
        tab = open_tab(proxy.url, with_clock=True, may_log=LOST)
        tab.ask("Half open?")
        answer.say("One, ")
        tab.shows("One, ")
        stop_clock(tab)
        proxy.freeze()
        answer.say("two, ")
        tab.pass_time(27_200)  # silence, a probe without a reply, the first delay
        tab.shows("One, two, ")
        proxy.thaw()  # the old socket's text arrives late and is ignored
        answer.say("three, ")
        tab.shows("One, two, three, ")

        proxy.freeze(new=True)  # a tunnel: new connections are half-open too
        answer.say("four.")
        before = proxy.accepted
        tab.pass_time(27_200)
        wait_for(lambda: proxy.accepted == before + 1, SECONDS, "the page tries again")
        tab.pass_time(10_800)  # the handshake times out, then the second delay
        wait_for(lambda: proxy.accepted == before + 2, SECONDS, "the page tries again")
        tab.shows("One, two, three, ")
        proxy.thaw()
        tab.shows("One, two, three, four.")
        answer.end()
        tab.is_ready()
        fresh(tab, open_tab).shows("One, two, three, four.")


def test_a_question_on_a_dead_socket_is_asked_once(shared_site: Site, open_tab: OpenTab) -> None:
    for question in ("Anybody?", "Who hears?", "Who else?"):
        dictated(shared_site, question).end()
    with Proxy(shared_site.ports[0]) as proxy:
        tab = open_tab(proxy.url, with_clock=True, may_log=LOST)
        tab.ask("Anybody?")
        expect(tab.question).to_have_text("Anybody?")
        tab.is_ready()
        stop_clock(tab)
        proxy.freeze()
        tab.ask("Who hears?")
        tab.pass_time(12_200)
        expect(tab.question).to_have_text("Who hears?")
        tab.is_ready()
        proxy.thaw()  # now the first frame arrives too
        tab.ask("Who else?")
        expect(tab.question).to_have_text("Who else?")
        tab.is_ready()
    asked = [request.question for request in shared_site.api.requests]
    assert (asked.count("Who hears?"), asked.count("Who else?")) == (1, 1)


def test_text_that_was_sent_while_the_page_was_offline_is_shown(shared_site: Site, open_tab: OpenTab) -> None:
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


def test_a_page_that_becomes_visible_again_shows_missed_text_at_once(
    shared_site: Site, open_tab: OpenTab
) -> None:
    """The phone dropped the socket without notice, and its timers stood still."""
    answer = dictated(shared_site, "Asleep?")
    with Proxy(shared_site.ports[0]) as proxy:
        tab = open_tab(proxy.url, with_clock=True, may_log=LOST)
        tab.ask("Asleep?")
        answer.say("One, ")
        tab.shows("One, ")
        stop_clock(tab)
        before = proxy.accepted
        set_visible(tab, False)
        set_visible(tab, True)  # a short switch to another tab costs nothing
        answer.say("two, ")
        tab.shows("One, two, ")
        assert proxy.accepted == before

        set_visible(tab, False)
        proxy.freeze()
        answer.say("three.")
        answer.end()
        tab.page.clock.set_system_time(tab.page.evaluate("Date.now() / 1_000 + 60"))  # this moves no timer
        set_visible(tab, True)
        tab.shows("One, two, three.")
        tab.is_ready()
        assert proxy.accepted == before + 1


def test_a_page_restored_from_the_browsers_cache_continues(shared_site: Site, open_tab: OpenTab) -> None:
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


def test_stop_without_a_connection_is_sent_later(shared_site: Site, open_tab: OpenTab) -> None:
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
        report_online(tab)
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
    """The old page continues until the new one is loaded. About every second try hits the moment."""
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
        tab.page.locator("h1 a").click()  # starts a new question
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
    tabs.append(fresh(tab, open_tab, site.urls[1] + path))  # at the other process
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


def test_a_page_that_is_cut_and_moved_and_reloaded_shows_all_text_once(pair: Site, open_tab: OpenTab) -> None:
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


def test_a_page_that_floods_reconnects_later(shared_site: Site, open_tab: OpenTab) -> None:
    answer = dictated(shared_site, "Too much?")
    with Proxy(shared_site.ports[0]) as proxy:
        tab = open_tab(proxy.url, with_clock=True, may_log=LOST)
        note_sockets(tab)
        tab.ask("Too much?")
        answer.say("No, ")
        tab.shows("No, ")
        stop_clock(tab)
        flood = "() => { for (let i = 0; i < 90; i++) dispatchEvent(new PopStateEvent('popstate', history)) }"
        tab.page.evaluate(flood)  # each follows the answer again
        answer.say("it is ")
        # The server takes its own time, which is none of the page's clock.
        tab.page.wait_for_function("() => sockets.closed.length > 0")
        time_until(tab, lambda: len(noted(tab, "opened")) > 1)
        assert 2_500 <= noted(tab, "opened")[1] - noted(tab, "closed")[0] <= 8_500
        answer.say("fine.")
        tab.shows("No, it is fine.")
        answer.end()
        tab.is_ready()
