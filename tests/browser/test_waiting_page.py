"""The state above an answer: what is happening, and for how long."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.browser import FINISHED, OpenTab, Server, Tab, dictated
from tests.support.page_faults import stop_clock
from tests.support.sites import Site


def says(tab: Tab, words: str) -> None:
    expect(tab.progress).to_have_text(re.compile(rf"^{words}$"), use_inner_text=True)


def test_each_state_counts_its_seconds(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), with_clock=True)
    stop_clock(tab)
    tab.ask("What now?")
    server.heard(tab.page, 1)
    server.say("answer.queued", ahead=1200)
    tab.pass_time(4_100)
    says(tab, r"Waiting, 1,200 ahead of you\s*4 s")
    server.say("answer.started", model="gpt")
    server.say("answer.activity", activity="thinking", retry_after=None)
    tab.pass_time(4_100)
    says(tab, r"Thinking…\s*gpt\s*3 s")  # without the time in the queue, and also if nothing of it is shown
    server.say("answer.activity", activity="searching", retry_after=None)
    tab.pass_time(1_000)
    says(tab, r"Searching the web…\s*gpt\s*9 s")  # since the question
    server.say("answer.reasoning", position=0, text="Let me see.")
    says(tab, r"Thinking…\s*gpt\s*5 s")
    server.say("answer.text", position=0, text="So.")
    says(tab, r"Answering\s*gpt\s*9 s")
    expect(tab.summary).to_have_text("Thought for 5 s", use_inner_text=True)
    finished = FINISHED | {"model": "gpt-2026", "seconds": 8.61}
    server.say("answer.finished", length=3, reasoning_length=11, **finished)
    says(tab, r"gpt-2026\s*8.6 s")


def test_a_reload_goes_on_counting(shared_site: Site, open_tab: OpenTab) -> None:
    said = dictated(shared_site, "Deep thought?")
    tab = open_tab(shared_site.url)
    tab.ask("Deep thought?")
    said.think("Hm.")
    says(tab, r"Thinking…\s*\S+\s*([2-9]|\d\d) s")
    tab.page.reload()
    says(tab, r"Thinking…\s*\S+\s*\d+ s")
    assert not re.search(r"\b[01] s", tab.progress.inner_text())
    said.say("Yes.")
    said.end()
    tab.is_ready()


@pytest.mark.parametrize("forced", ["none", "active"])
def test_every_state_fits_a_small_phone_with_long_words(
    shared_site: Site, open_tab: OpenTab, forced: str
) -> None:
    size = {"width": 320, "height": 640}
    tab = open_tab(
        shared_site.url, server=(server := Server()), viewport=size, locale="de", forced_colors=forced
    )
    tab.ask("What now?")
    server.heard(tab.page, 1)
    server.say("answer.queued", ahead=1234567)
    expect(tab.progress).to_contain_text("1.234.567")
    fits(tab)
    server.say("answer.started", model="a-model-with-a-name-that-is-much-too-long-for-a-phone")
    fits(tab)
    for activity in ("thinking", "searching", "retrying"):
        server.say("answer.activity", activity=activity, retry_after=60)
        expect(tab.last).to_have_attribute("data-activity", activity)
        fits(tab)
    server.say("answer.finished", length=0, **FINISHED)
    expect(tab.last).to_have_attribute("data-status", "complete")
    fits(tab)


# Its parts stand side by side.
OVERLAPS = """(state) => {
    const parts = [...state.querySelectorAll(".progress > *, .state > :not(.progress)")];
    const boxes = parts.map((one) => one.getBoundingClientRect()).filter(({ width }) => width > 0);
    return boxes.some((one, index) => one.right > 320 || (boxes[index + 1]?.left ?? 320) < one.right - 1);
}"""


def fits(tab: Tab) -> None:
    assert not tab.last.locator(".state").evaluate(OVERLAPS), tab.progress.inner_text()
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 320
