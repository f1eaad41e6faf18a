"""The sources below an answer, what the page says before the text, and the link beside an error."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.support.api_server import refuse
from tests.support.browser import FINISHED, OpenTab, Server, Tab, dictated
from tests.support.database import execute
from tests.support.page_faults import MakeSite, stop_clock
from tests.support.sites import Site

# Each with the title, the address of the link and the host that the page shows.
SOURCES = {
    ("https://example.org/a?b=c#d", "Plain"): ("Plain", "https://example.org/a?b=c#d", "example.org"),
    ("HTTP://Example.ORG:8000/", ""): ("HTTP://Example.ORG:8000/", "http://example.org:8000/", "example.org"),
    ("https://аpple.com/", "https://apple.com"): (
        "https://apple.com",
        "https://xn--pple-43d.com/",
        "xn--pple-43d.com",
    ),
    ("https://bank.example@evil.example/", "Bank"): ("Bank", None, ""),
    ("https://bank.example\\@evil.example/", "Bank"): ("Bank", None, ""),
    ("https:/\tevil.example/", "Tab"): ("Tab", None, ""),
    ("javascript:document.title='run'", "Run"): ("Run", None, ""),
    ("data:text/html,<script>1</script>", " "): ("data:text/html,<script>1</script>", None, ""),
    ("https://example.org/", "<img src=/x onerror=alert(1)>"): (
        "<img src=/x onerror=alert(1)>",
        "https://example.org/",
        "example.org",
    ),
    ("https://evil.example/", "\u202egro.elpmaxe\u202d"): (
        "\u202egro.elpmaxe\u202d",
        "https://evil.example/",
        "evil.example",
    ),
}
STORED = json.dumps([{"url": url, "title": title} for url, title in SOURCES])

SHOWN = """(items) => items.map((item) => [
    item.querySelector(".title").textContent,
    item.querySelector("a").getAttribute("href"),
    item.querySelector(".host").textContent,
])"""


def shown(tab: Tab) -> list[tuple]:
    expect(tab.sources).to_be_visible()
    assert {link.get_attribute("rel") for link in tab.sources.get_by_role("link").all()} == {
        "noopener noreferrer nofollow"
    }
    assert tab.page.locator("article :is(script, img)").count() == 0
    return [tuple(one) for one in tab.sources.get_by_role("listitem").evaluate_all(SHOWN)]


def test_sources_are_links_only_to_web_pages_and_show_the_real_host(
    shared_site: Site, open_tab: OpenTab
) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()))
    server.is_asked(tab)
    expect(tab.sources).to_be_hidden()
    server.say("answer.text", position=0, text="Yes.")
    server.say("answer.finished", length=4, **FINISHED, sources=json.loads(STORED))
    tab.is_ready()
    assert shown(tab) == list(SOURCES.values())


def test_sources_are_shown_live_after_a_reload_in_the_history_and_on_a_shared_page(
    shared_site: Site, open_tab: OpenTab
) -> None:
    answer = dictated(shared_site, "Says who?")
    tab = open_tab(shared_site.url)
    tab.ask("Says who?")
    answer.think("My secret thought.")
    answer.say("They do.")
    answer.cite("https://example.org/they", "They")
    answer.end()
    tab.is_ready()
    assert shown(tab) == [("They", "https://example.org/they", "example.org")]
    id = tab.answer_at(0)
    execute(shared_site, "UPDATE answers_answer SET sources = ? WHERE id = ?", STORED, id.replace("-", ""))
    tab.page.reload()
    assert shown(tab) == list(SOURCES.values())
    tab.page.get_by_role("link", name="Share").click()
    tab.page.get_by_role("button", name="Create link").click()
    link = tab.page.get_by_label("Link").input_value()
    shared = open_tab(link, java_script_enabled=False)
    assert shown(shared) == list(SOURCES.values())
    assert "secret" not in shared.page.content()
    tab.page.get_by_role("link", name="History").click()
    tab.page.get_by_role("link", name=f"{len(SOURCES)} sources").click()
    expect(tab.page).to_have_url(f"{shared_site.url}/a/{id}/#s-{id}")
    expect(tab.sources).to_be_in_viewport()


def test_the_page_says_what_happens_before_the_text(shared_site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(shared_site.url, server=(server := Server()), with_clock=True)
    server.is_asked(tab)
    stop_clock(tab)

    def says(words: str | re.Pattern[str]) -> None:
        expect(tab.progress.locator("[data-when]:visible")).to_have_text(words, use_inner_text=True)

    says("Answering")
    server.say("answer.activity", activity="thinking", retry_after=None)
    says("Thinking…")
    expect(tab.announcement).to_have_text("Thinking…")
    server.say("answer.activity", activity="searching", retry_after=None)
    says("Searching the web…")
    server.say("answer.activity", activity="retrying", retry_after=2.5)
    says("The model did not answer. Trying again in 3 s")
    expect(tab.announcement).to_have_text("The model did not answer. Trying again in 3 s")
    tab.pass_time(1_600)
    says(re.compile(r"The model did not answer. Trying again in [12] s"))
    tab.pass_time(2_000)
    says("Answering")
    server.say("answer.activity", activity="searching", retry_after=None)
    says("Searching the web…")
    server.say("answer.text", position=0, text="Found.")
    says("Answering")
    server.say("answer.activity", activity="searching", retry_after=None)
    server.say("answer.finished", length=6, **FINISHED)
    tab.is_ready()
    expect(tab.progress.locator("[data-when]:visible")).to_have_count(0)
    expect(tab.announcement).to_have_text("Answer complete")


def test_a_busy_model_is_asked_again_after_the_countdown(shared_site: Site, open_tab: OpenTab) -> None:
    answer = dictated(shared_site, "Busy?")
    shared_site.api.script(refuse(503, "busy", {"retry-after": "2"}))
    tab = open_tab(shared_site.url, with_clock=True)
    stop_clock(tab)  # or a busy machine might see the countdown too late
    tab.ask("Busy?")
    expect(tab.progress).to_contain_text("The model did not answer. Trying again in", use_inner_text=True)
    answer.say("Free.")
    tab.shows("Free.")
    expect(tab.progress).to_contain_text("Answering", use_inner_text=True)
    answer.end()
    tab.is_ready()


@pytest.mark.parametrize("status_url", ["https://status.example.org/", ""])
def test_errors_that_only_the_operator_can_mend_link_to_the_status_page(
    make_site: MakeSite, open_tab: OpenTab, status_url: str
) -> None:
    site = make_site(ASKME_DEMO="1", ASKME_STATUS_URL=status_url).start()
    tab = open_tab(site.url, server=(server := Server()))
    server.is_asked(tab)
    for number, (code, is_linked) in enumerate({"quota": True, "too_large": False, "busy": True}.items(), 1):
        failed = {"status": "failed", "error": {"code": code, "message": "It failed."}}
        server.say("answer.finished", length=0, **(FINISHED | failed))
        tab.is_ready()
        expect(tab.status_link).to_have_count(1 if is_linked and status_url else 0)
        tab.again.click()
        server.heard(tab.page, number + 1)
        server.say("answer.started", model="gpt")
    server.say("error", answer=None, code="unavailable", message="No database.", retry_after=60)
    expect(tab.alert).to_contain_text("No database.")
    expect(tab.alert.get_by_role("link", name="Site status")).to_have_count(1 if status_url else 0)
