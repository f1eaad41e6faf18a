"""The events for a page that shows HTML: what they contain, and how long ones are cut."""

import random
import uuid

import pytest

from answers.live import formatted_page
from answers.live.formatted_page import HTML_CHARS, FormattedPage
from answers.live.progress import PIECE_CHARS
from answers.live.rendering import Rendering
from tests.support.html_page import HtmlPage

ID = uuid.uuid4()
FINISHED = {"type": "answer.finished", "length": 0, "edition": 0}


def rendering(text, blocks, edition=0):
    made = Rendering(ID, edition)
    made.text, made.blocks, made.length, made.is_shown = text, blocks, len(text), True
    return made


def shown(events, page=None):
    page = page or HtmlPage(str(ID))
    for event in events:
        page.add(event)
    return page


def test_only_what_has_changed_is_sent():
    page = FormattedPage(ID, 0, 0)
    [first] = page.events(rendering("one\n\ntwo", ["<p>one</p>", "<p>two</p>"]))
    [second] = page.events(rendering("one\n\ntwo *x*", ["<p>one</p>", "<p>two <em>x</em></p>"]))
    assert first["html"] == [(0, 0, "<p>one</p>"), (1, 0, "<p>two</p>")]
    assert (second["position"], second["text"], second["blocks"]) == (8, " *x*", 2)
    assert second["html"] == [(1, 6, " <em>x</em></p>")]
    assert [*page.events(rendering("one\n\ntwo *x*", ["<p>one</p>", "<p>two <em>x</em></p>"]))] == []


def test_text_without_html_is_sent_all_the_same():
    page = FormattedPage(ID, 0, 0)
    [event] = page.events(rendering("\n\n", []))
    assert (event["text"], event["html"], event["blocks"]) == ("\n\n", [], 0)


def test_blocks_that_are_gone_are_reported():
    page = FormattedPage(ID, 0, 0)
    list(page.events(rendering("x", ["<p>x</p>", "<p>y</p>"])))
    [event] = page.events(rendering("x", ["<p>x</p>"]))
    assert (event["text"], event["html"], event["blocks"]) == ("", [], 1)


@pytest.mark.parametrize("position", [0, 3, 5, 9])
def test_a_page_that_follows_again_gets_all_blocks_but_only_the_text_that_it_lacks(position):
    page = FormattedPage(ID, position, 0)
    [event] = page.events(rendering("12345", ["<p>12345</p>"]))
    assert event["text"] == "12345"[position:]
    assert event["position"] + len(event["text"]) == 5  # the HTML is that of the text up to here
    assert event["html"] == [(0, 0, "<p>12345</p>")]
    [event] = page.events(rendering("1234567890", ["<p>1234567890</p>"]))
    assert event["position"] + len(event["text"]) == 10
    assert event["position"] <= max(position, 5)


def test_a_new_edition_begins_anew():
    page = FormattedPage(ID, 7, 1)
    [event] = page.events(rendering("Yes", ["<p>Yes</p>"], edition=2))
    assert (event["position"], event["text"], event["edition"]) == (0, "Yes", 2)
    [event] = page.events(rendering("", [], edition=3))
    assert (event["position"], event["text"], event["html"], event["blocks"]) == (0, "", [], 0)


def test_the_end_has_the_last_changes():
    page = FormattedPage(ID, 0, 0)
    list(page.events(rendering("x", ["<p>x</p>"])))
    [end] = page.end(rendering("x", ["<p>x</p>", "<p>y</p>"]), FINISHED)
    assert end == FINISHED | {"html": [(1, 0, "<p>y</p>")], "blocks": 2, "html_length": 16}


def test_text_that_is_missing_at_the_end_comes_before_it_with_its_html():
    text, end = FormattedPage(ID, 0, 0).end(rendering("x", ["<p>x</p>"]), FINISHED)
    assert (text["text"], text["html"]) == ("x", [(0, 0, "<p>x</p>")])
    assert (end["type"], end["html"], end["html_length"]) == ("answer.finished", [], 8)


@pytest.mark.parametrize("seed", range(20))
def test_long_texts_come_in_events_of_a_limited_size(seed, monkeypatch):
    chance = random.Random(seed)
    text = "".join(chance.choice(["word ", "\n\n", "<&>é🎈"]) for _ in range(60_000))
    markup = ['<a href="https://example.org/">', "</a>", "&amp;", "&#x1f600;", "word ", "é", "x" * 300]
    blocks = ["".join(chance.choices(markup, k=chance.choice([1, 10, 3_000]))) for _ in range(40)]
    page = FormattedPage(ID, 0, 0)
    events = list(page.events(rendering(text, blocks)))
    assert len(events) > 1
    found = shown(events)  # which checks the sizes
    assert (found.text, found.blocks) == (text, blocks)
    assert {event["blocks"] for event in events} == {40}  # nothing is removed meanwhile
    for event in events:
        for _, _, html in event["html"]:
            assert html.rfind("<") <= html.rfind(">")
            assert html.endswith(";") or "&" not in html[-9:] or html.rfind("&") < html.rfind(";")
    again = rendering(text, ["<p>new</p>", *blocks[1:]])
    assert len(list(page.events(again))) == 1


@pytest.mark.parametrize("html", ["x", "<", "&", "<a ", "é;", "<p>&amp;</p>" * 3])
def test_a_block_of_any_characters_is_cut_somewhere(html, monkeypatch):
    monkeypatch.setattr(formatted_page, "HTML_CHARS", 7)
    for count in range(1, 40):
        found = shown(FormattedPage(ID, 0, 0).events(rendering("x", ["<p>", html * count, "end"])))
        assert found.blocks == ["<p>", html * count, "end"]
        assert max(sum(len(part) for *_, part in event["html"]) for event in found.frames) <= 7


def test_the_end_of_a_long_answer_is_cut_too():
    blocks = ["x" * (HTML_CHARS - 1)] * 3
    page = FormattedPage(ID, PIECE_CHARS, 0)
    events = list(page.end(rendering("x" * PIECE_CHARS, blocks), FINISHED))
    assert [event["type"] for event in events] == ["answer.text"] * 2 + ["answer.finished"]
    reader = HtmlPage(str(ID))
    reader.text = "x" * PIECE_CHARS
    assert shown(events, reader).blocks == blocks
