"""What a screen reader hears and finds: boundaries, headings, languages and names."""

import re
from typing import Any

from playwright.sync_api import expect

from tests.support.api_server import answer
from tests.support.axe import assert_accessible
from tests.support.browser import FINISHED, OpenTab, Server, Tab, dictated
from tests.support.page_faults import stop_clock
from tests.support.sites import Site

LOOKS: list[dict[str, Any]] = [
    {"color_scheme": "light", "forced_colors": "none"},
    {"color_scheme": "dark", "forced_colors": "none"},
    {"color_scheme": "light", "forced_colors": "active"},
    {"color_scheme": "dark", "forced_colors": "active"},
]
# Collects everything that the live regions of the page say.
LISTEN = """() => {
    window.heard = [];
    const observer = new MutationObserver(() => {
        for (const region of document.querySelectorAll("[role=status], [role=alert], [aria-live]")) {
            const text = region.checkVisibility() ? region.innerText.trim() : "";
            if (text !== (region.said ?? "")) heard.push(text);
            region.said = text;
        }
    });
    observer.observe(document, { childList: true, characterData: true, attributes: true, subtree: true });
}"""
FAILED = {"status": "failed", "error": {"code": "busy", "message": "It is busy."}}


def hears(tab: Tab, *words: str) -> None:
    tab.page.wait_for_function("number => heard.length >= number", arg=len(words))
    assert tab.page.evaluate("heard.splice(0)") == list(words)


def test_only_boundaries_are_announced(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), with_clock=True)
    tab.ask("What now?")
    server.heard(tab.page, 1)  # only now, since a connection that takes long is announced too
    tab.page.evaluate(LISTEN)
    server.say("answer.queued", ahead=2)
    hears(tab, "Waiting, 2 ahead of you")
    server.say("answer.started", model="gpt")
    hears(tab, "Answering")
    stop_clock(tab)
    server.say("answer.reasoning", position=0, text="Let me see.")
    hears(tab, "Thinking…")
    tab.pass_time(3_000)  # the seconds are not announced
    server.say("answer.activity", activity="searching", retry_after=None)
    hears(tab, "Searching the web…")
    server.say("answer.activity", activity="retrying", retry_after=3)
    hears(tab, "The model did not answer. Trying again in 3 s")
    tab.pass_time(2_000)
    expect(tab.progress).to_have_text(re.compile(r"in [12] s"), use_inner_text=True)
    server.say("answer.text", position=0, text="So ")
    hears(tab, "Answering")
    for position, text in ((3, "it "), (6, "is.")):
        server.say("answer.text", position=position, text=text)
    tab.shows("So it is.")
    server.say("answer.finished", length=9, reasoning_length=11, **FINISHED)
    hears(tab, "Answer complete")
    tab.pass_time(5_000)
    assert tab.page.evaluate("heard") == []


def test_each_end_is_announced_as_it_is_shown(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    server.is_asked(tab)
    ends = {"Stopped. The text so far has been kept.": {"status": "stopped"}, "Answer complete": {}}
    ends |= {"It is busy. The text so far has been kept.": FAILED}
    ends |= {"The answer reached the length limit.": {"finish_reason": "length"}}
    for number, (words, end) in enumerate(ends.items(), 1):
        server.say("answer.text", position=0, text="Half")
        server.say("answer.finished", length=4, **(FINISHED | end))
        expect(tab.announcement).to_have_text(words)
        tab.again.click()
        server.heard(tab.page, number + 1)
        server.say("answer.started", model="gpt")
        expect(tab.announcement).to_have_text("Answering")


def test_the_growing_text_is_busy_and_no_live_region(shared_site: Site, open_tab: OpenTab) -> None:
    said = dictated(shared_site, "Busy?")
    tab = open_tab(shared_site.url)
    tab.ask("Busy?")
    said.say("Yes")
    tab.shows("Yes")
    expect(tab.text).to_have_attribute("aria-busy", "true")
    live = "(text) => text.closest('[aria-live], [role=status], [role=alert], [role=log]')"
    assert tab.text.evaluate(live) is None
    state = tab.page.context.storage_state()
    plain = open_tab(tab.page.url, java_script_enabled=False, storage_state=state)
    expect(plain.text).to_have_attribute("aria-busy", "true")
    said.end()
    tab.is_ready()
    expect(tab.text).to_have_attribute("aria-busy", "false")


def test_headings_languages_and_ids_are_right(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url)
    for question in ("Warum?", "Pourquoi ?"):
        said = dictated(shared_site, question)
        tab.ask(question)
        said.think("Hm.")
        said.say("# Weil\n\n## Darum\n\nSo.")
        said.cite("https://example.org/", "Titre")
        said.end()
        tab.is_ready()
        expect(tab.sources).to_be_visible()  # they have a script of their own
    for _ in ("as it is", "reloaded"):
        levels = tab.page.locator(":is(h1, h2, h3, h4, h5, h6):visible").evaluate_all(
            "headings => headings.map((one) => Number(one.tagName[1]))"
        )
        assert levels == [1, *[2, 3, 4, 3] * 2]  # the site, then each question, its answer's and its sources
        ids = tab.page.locator("[id]").evaluate_all("all => all.map((one) => one.id)")
        assert len(ids) == len(set(ids))
        for name in ("question", "text", "reasoning-text", "title", "model"):
            assert tab.last.locator(f".{name}").first.get_attribute("lang") == "", name
        for name in ("question", "reasoning-text", "text > p"):
            assert tab.last.locator(f".{name}").first.get_attribute("dir") == "auto", name
        expect(tab.reasoning_text).to_have_attribute("aria-label", "Reasoning")
        expect(tab.last).to_have_accessible_name("Pourquoi ?")
        tab.page.reload()


def is_accessible(tab: Tab) -> None:
    for look in LOOKS:
        tab.page.emulate_media(**look)
        assert_accessible(tab.page)


def test_axe_finds_nothing_while_somebody_waits(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), reduced_motion="reduce")
    tab.ask("What now?")
    server.heard(tab.page, 1)
    server.say("answer.queued", ahead=2)
    expect(tab.notify).to_be_visible()
    is_accessible(tab)
    server.say("answer.started", model="gpt")
    server.say("answer.reasoning", position=0, text="Let me see.\n" * 60)
    expect(tab.reasoning_text).to_be_visible()
    is_accessible(tab)
    server.say("answer.activity", activity="retrying", retry_after=60)
    expect(tab.progress).to_contain_text("Trying again", use_inner_text=True)
    is_accessible(tab)


def test_axe_finds_nothing_after_each_end(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    server.is_asked(tab)
    for number, end in enumerate([FAILED, {"status": "stopped"}, {"finish_reason": "length"}], 1):
        server.say("answer.text", position=0, text="Half")
        server.say("answer.finished", length=4, **(FINISHED | end))
        tab.is_ready()
        tab.details.click()
        expect(tab.details_box).to_be_visible()
        is_accessible(tab)
        tab.page.keyboard.press("Escape")
        tab.again.click()
        server.heard(tab.page, number + 1)
        server.say("answer.started", model="gpt")


def test_axe_finds_nothing_on_a_shared_page(shared_site: Site, open_tab: OpenTab) -> None:
    shared_site.api.when("For all?", answer(["# Yes\n\nFor all."]))
    tab = open_tab(shared_site.url)
    tab.ask("For all?")
    tab.is_ready()
    tab.page.get_by_role("link", name="Share").click()
    tab.page.get_by_role("button", name="Create link").click()
    is_accessible(open_tab(tab.page.get_by_label("Link").input_value()))
