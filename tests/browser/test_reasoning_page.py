"""The reasoning above an answer: always whole, and folded as its reader likes it."""

import re

from playwright.sync_api import expect

from tests.support.browser import FINISHED, OpenTab, Server, Tab, dictated, follow
from tests.support.network import Proxy
from tests.support.page_faults import LOST, fresh
from tests.support.sites import Site


def is_open(tab: Tab, open: bool) -> None:
    expect(tab.reasoning_text).to_be_visible(visible=open)


# -- Whole


def test_reasoning_and_text_survive_reloads_cuts_and_another_process(pair: Site, open_tab: OpenTab) -> None:
    answer = dictated(pair, "Think?")
    with Proxy(pair.ports[0]) as proxy:
        tab = open_tab(proxy.url, may_log=LOST)
        tab.ask("Think?")
        thought = answer.think("First 𝔘, ")
        tab.shows_reasoning(thought)
        tab.page.reload()
        tab.shows_reasoning(thought)
        thought += answer.think("then <b>👍🏽</b>\n\n")
        tab.shows_reasoning(thought)
        is_open(tab, True)
        other = fresh(tab, open_tab, tab.page.url.replace(proxy.url, pair.urls[1]))
        proxy.cut()
        thought += answer.think("cut, ")
        for one in (tab, other):
            one.shows_reasoning(thought)
            one.shows("")
        proxy.target_port = pair.ports[1]
        proxy.cut()
        thought += answer.think("moved.")
        said = answer.say("So 𝔘 ")
        for one in (tab, other):
            one.shows_reasoning(thought)
            one.shows(said)
        other.page.reload()
        said += answer.say("it is.")
        answer.end()
        for one in (tab, other):
            one.is_ready()
            for _ in range(2):
                one.shows_reasoning(thought)
                one.shows(said)
                is_open(one, False)
                one.page.reload()
    [request] = [one for one in pair.api.requests if one.question == "Think?"]
    assert request.body["messages"][-1]["content"] == "Think?"


def test_reasoning_has_gaps_and_a_length_of_its_own(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    id = server.is_asked(tab)
    server.say("answer.reasoning", position=0, text="𝔘a")
    server.say("answer.reasoning", position=1, text="ab")
    tab.shows_reasoning("𝔘ab")
    for position in (5, 6):  # one gap is requested once
        server.say("answer.reasoning", position=position, text="e")
    assert server.heard(tab.page, 2) == follow(id, 0, reasoning_position=3)
    server.say("answer.reasoning", position=3, text="cde")
    server.say("answer.text", position=0, text="Right.")
    tab.shows_reasoning("𝔘abcde")
    server.say("answer.finished", length=6, reasoning_length=5, **FINISHED)
    assert server.heard(tab.page, 3) == follow(id, 0)
    tab.shows_reasoning("𝔘abcde")  # until the right one arrives
    server.say("answer.reasoning", position=0, text="right")
    server.say("answer.text", position=0, text="Right.")
    server.say("answer.finished", length=6, reasoning_length=5, **FINISHED)
    tab.is_ready()
    tab.shows_reasoning("right")
    tab.shows("Right.")
    assert len(server.frames) == 3


def test_text_that_was_reasoning_begins_anew(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    id = server.is_asked(tab)
    server.say("answer.text", position=0, text="Let me see.")
    tab.shows("Let me see.")
    server.say("answer.reasoning", position=0, text="Let me see.")
    server.say("answer.text", position=0, text="Let me tell you", edition=1)
    tab.shows("Let me tell you")
    tab.shows_reasoning("Let me see.")
    is_open(tab, False)
    server.sockets[-1].close()
    assert server.heard(tab.page, 2) == follow(id, 15, reasoning_position=11, edition=1)
    server.say("answer.finished", length=15, reasoning_length=11, edition=1, **FINISHED)
    tab.is_ready()
    tab.shows("Let me tell you")
    tab.again.click()
    again = server.heard(tab.page, 3)["answer"]
    server.say("answer.text", position=0, text="lost with its process", edition=1)
    tab.shows("lost with its process")
    server.say("answer.finished", length=21, **(FINISHED | {"status": "interrupted"}))  # another edition
    assert server.heard(tab.page, 4) == follow(again, 0)


# -- Folded


def test_reasoning_is_open_until_the_answer_begins(shared_site: Site, open_tab: OpenTab) -> None:
    answer = dictated(shared_site, "Deep?")
    tab = open_tab(shared_site.url, viewport={"width": 700, "height": 420})
    tab.ask("Deep?")
    expect(tab.reasoning).to_be_hidden()
    answer.think("Line\n" * 60 + "End")
    tab.shows_reasoning("Line\n" * 60 + "End")
    is_open(tab, True)
    expect(tab.summary).to_have_text("Reasoning", use_inner_text=True)
    expect(tab.progress).to_have_text(re.compile(r"Thinking…\s+\S+\s+\d+ s"), use_inner_text=True)
    expect(tab.announcement).to_have_text("Thinking…")
    end = "(box) => box.scrollTop + box.clientHeight >= box.scrollHeight - 1"
    # It follows its own end, in the next frame.
    tab.page.wait_for_function(end, arg=tab.reasoning_text.element_handle())
    tab.reasoning_text.evaluate("(box) => box.scrollTo(0, 50)")
    answer.think(", really")
    tab.shows_reasoning("Line\n" * 60 + "End, really")
    assert tab.reasoning_text.evaluate("(box) => box.scrollTop") == 50  # unless its reader is elsewhere
    tab.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    before = tab.page.evaluate("scrollY")
    assert before > 0
    answer.say("Yes")
    tab.shows("Yes")
    is_open(tab, False)
    assert tab.page.evaluate("scrollY") >= before
    expect(tab.announcement).to_have_text("Answering")
    expect(tab.summary).to_have_text(re.compile(r"Thought for \d+ s"), use_inner_text=True)
    answer.end()
    tab.is_ready()
    tab.page.reload()
    is_open(tab, False)
    expect(tab.summary).to_have_text("Reasoning", use_inner_text=True)


def thinks(site: Site, tab: Tab, question: str) -> bool:
    """Ask, and return whether the reasoning was open before the text began."""
    answer = dictated(site, question)
    tab.ask(question)
    expect(tab.question).to_have_text(question)
    answer.think("Hm.")
    expect(tab.summary).to_be_visible()
    was_open = tab.reasoning.evaluate("(details) => details.open")
    answer.say("Yes.")
    answer.end()
    tab.shows("Yes.")
    tab.is_ready()
    return bool(was_open)


def test_the_readers_choice_is_remembered(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url)
    assert thinks(shared_site, tab, "Chosen 1?")
    is_open(tab, False)
    tab.summary.press("Enter")
    is_open(tab, True)
    tab.page.reload()
    is_open(tab, True)
    assert thinks(shared_site, tab, "Chosen 2?")
    is_open(tab, True)
    tab.summary.click()
    tab.page.reload()
    is_open(tab, False)
    assert not thinks(shared_site, tab, "Chosen 3?")
    is_open(tab, False)


def test_the_choice_lasts_as_long_as_the_page_if_nothing_can_be_stored(
    shared_site: Site, open_tab: OpenTab
) -> None:
    tab = open_tab(shared_site.url)
    refuse = "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no') } })"
    tab.page.add_init_script(refuse)
    tab.page.reload()
    assert thinks(shared_site, tab, "Unstored 1?")
    tab.summary.click()
    assert thinks(shared_site, tab, "Unstored 2?")
    is_open(tab, True)
    tab.page.reload()
    is_open(tab, False)


def test_reasoning_can_be_read_without_javascript(shared_site: Site, open_tab: OpenTab) -> None:
    answer = dictated(shared_site, "Plain thought?")
    tab = open_tab(shared_site.url, java_script_enabled=False)
    tab.box.fill("Plain thought?")
    tab.button.click()
    answer.think("Hm, <b>")
    tab.shows_reasoning("Hm, <b>")
    is_open(tab, True)
    expect(tab.progress).to_contain_text("Thinking…", use_inner_text=True)
    expect(tab.summary).to_have_text("Reasoning", use_inner_text=True)
    answer.say("Yes.")
    answer.end()
    tab.shows("Yes.")
    tab.is_ready()  # until then, the page may load itself again
    is_open(tab, False)
    expect(tab.summary).to_have_text("Reasoning", use_inner_text=True)
    tab.summary.click()
    is_open(tab, True)
