"""Answers of a hostile model, streamed to a real page: nothing of them runs, loads or breaks the page."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.api_server import answer
from tests.support.browser import OpenTab, Tab
from tests.support.hostile_answers import HOSTILE
from tests.support.sites import Site

ATTRIBUTES = {
    "a": "class href target rel title id aria-labelledby",
    "button": "type class aria-pressed aria-labelledby",
    "div": "class id tabindex role aria-labelledby",
    "input": "type disabled checked",
    "math": "display",
    "mo": "stretchy form lspace rspace minsize maxsize movablelimits symmetric",
    "mtable": "displaystyle scriptlevel",
    "mrow": "displaystyle scriptlevel",
    "mspace": "width",
    "mfrac": "displaystyle scriptlevel linethickness",
    "mi": "mathvariant",
    "mover": "accent",
    "munder": "accentunder",
    "ol": "start",
    "pre": "tabindex role aria-labelledby",
} | dict.fromkeys(
    """bdi blockquote br code em h3 h4 h5 h6 hr label li mn mpadded mphantom mroot msqrt msub msubsup msup
    mtd mtext mtr munderover p s span strong sup table tbody td th thead tr ul""".split(),  # noqa: SIM905
    "",
)
EVERYWHERE = {"class", "dir"}

WHAT_IS_THERE = """(article) => {
    const text = article.querySelector(".text");
    const all = [...text.querySelectorAll("*")];
    const depth = (one) => (one === text ? 0 : 1 + depth(one.parentElement));
    const host = ({ nextElementSibling: next }) => (next?.matches(".host") ? next.textContent : "");
    return {
        elements: all.map((one) => [one.localName, ...one.getAttributeNames()]),
        links: all.filter((one) => one.localName === "a").map((one) =>
            [one.textContent, one.getAttribute("href") ?? "", host(one)]),
        nested: text.querySelectorAll("a a, button button, p p").length,
        depth: Math.max(...all.map(depth)),
        cells: text.querySelectorAll("td, th").length,
        words: text.textContent,
        html: text.innerHTML,
    };
}"""
STRUCTURE = """() => {
    const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
    return {
        main: document.querySelectorAll("main").length,
        articles: document.querySelectorAll("article").length,
        body: [...document.body.children].map((one) => one.localName),
        base: document.baseURI,
        repeated: ids.filter((id, at) => ids.indexOf(id) !== at),
    };
}"""
PIECE_CHARS, LONG = 7, 2_000  # a long answer comes in pieces of a tenth


@pytest.fixture
def watched(shared_site: Site, open_tab: OpenTab) -> Iterator[Tab]:
    """A page. At the end it has asked nobody but the site for anything, and no script has said anything."""
    tab = open_tab(shared_site.url)
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    tab.page.on("dialog", lambda dialog: (asked.append("a dialog"), dialog.dismiss()))
    yield tab
    ours = (shared_site.url, shared_site.url.replace("http", "ws"), "data:,", "blob:")
    assert [url for url in asked if not url.startswith(ours)] == []
    assert tab.page.evaluate("location.href").startswith(shared_site.url)


def read(tab: Tab, site: Site, name: str, text: str) -> dict[str, Any]:
    """Ask for an answer, wait for its end, and return what is in its text."""
    site.api.when(
        name, answer([text[at : at + 7] for at in range(0, len(text), 7)] if len(text) < 2_000 else [text])
    )
    tab.ask(name)
    expect(tab.question).to_have_text(name)
    expect(tab.last).to_have_attribute("data-status", "complete", timeout=60_000)
    found: dict[str, Any] = tab.last.evaluate(WHAT_IS_THERE)
    for one in found["elements"]:
        assert one[0] in ATTRIBUTES, (name, one)
        assert set(one[1:]) <= {*ATTRIBUTES[one[0]].split(), *EVERYWHERE}, (name, one)
    assert found["nested"] == 0
    return found


def reloaded(page: Page) -> str:
    page.reload()
    html: str = page.locator("article .text").last.inner_html()
    return html


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_of_a_hostile_answer_runs_loads_or_breaks_the_page(name, watched, shared_site):
    empty = watched.page.evaluate(STRUCTURE)
    found = read(watched, shared_site, f"{name}?", HOSTILE[name])
    page = watched.page.evaluate(STRUCTURE)
    assert (page["main"], page["body"], page["base"]) == (1, empty["body"], watched.page.url)
    assert page["repeated"] == []
    assert page["articles"] == 1
    for text, address, host in found["links"]:
        assert address == "" or address.startswith(("https://", "#a")), (text, address)
        assert host or not address.startswith("http") or text.startswith(address[:20]), (text, address)
    assert found["depth"] <= 60
    assert found["cells"] <= 4_000
    assert reloaded(watched.page) == found["html"]


def test_two_answers_of_one_page_share_no_id(watched, shared_site):
    read(watched, shared_site, "One?", HOSTILE["names"])
    read(watched, shared_site, "Two?", HOSTILE["names"])
    assert watched.answers.count() == 2
    assert watched.page.evaluate(STRUCTURE)["repeated"] == []
    assert watched.page.locator(".footnote").count() == 4


def test_tags_are_text_and_hosts_are_seen(watched, shared_site):
    words = read(watched, shared_site, "Tags?", HOSTILE["page"])["words"]
    assert "</div></main></body></html>" in words
    assert "<style>*{display:none}</style>" in words
    links = read(watched, shared_site, "Hosts?", HOSTILE["hosts"])["links"]
    assert [host for _, _, host in links] == [
        "evil.example",
        "evil.example",
        "evil.example",
        "xn--80ak6aa92e.example",
        "evil.example",
    ]
    dead = read(watched, shared_site, "Dead?", HOSTILE["addresses"])["links"]
    assert {address for _, address, _ in dead} == {""}


def test_money_stays_money(watched, shared_site):
    assert read(watched, shared_site, "Money?", HOSTILE["money"])["words"] == HOSTILE["money"]
