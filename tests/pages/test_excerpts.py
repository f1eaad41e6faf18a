"""Excerpts: plain text without Markdown marks, around the words that were searched."""

import re
import time

import pytest

from answers.pages.excerpts import EXCERPT_CHARS, excerpt, marked, plain
from answers.pages.search import to_mark
from tests.support.measurements import within


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("# Title\n\nText.", "Title Text."),
        ("- one\n* two\n+ three\n1. four\n2) five", "one two three four five"),
        ("- [x] done\n- [ ] not", "done not"),
        ("> quoted\n> - too", "quoted too"),
        ("**bold** *it* __b__ _i_ ~~gone~~ ***all***", "bold it b i gone all"),
        ("snake_case and 2 * 3 * 4 and a_b_c", "snake_case and 2 * 3 * 4 and a_b_c"),
        ("`code` and ``more``", "code and more"),
        ("```python\nprint(1)\n```\nend", "print(1) end"),
        ("[text](https://example.org/a 'x') [b](/c)", "[text](https://example.org/a 'x') b"),
        ('![an image](x.png) [a](b "c") <https://example.org>', "an image a https://example.org"),
        ("| a | b |\n|---|:-:|\n| 1 | 2 |", "a b 1 2"),
        ("note[^1]\n\n[^1]: here", "note here"),
        (r"\(x^2\) and \[y\] and $$z$$ costs \$5", "x^2 and y and z costs $5"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("one\r\ntwo\n\n---\n\nthree", "one two three"),
        ("- ", ""),
        ("", ""),
    ],
)
def test_the_marks_of_markdown_are_left_out(markdown, text):
    assert plain(markdown) == text


@pytest.mark.timed
@pytest.mark.parametrize(
    "piece", ["*", "_", "`", "[", "](", "|", "- ", "> ", "\\", " ", "a|", "<https://", "[^"]
)
def test_no_text_takes_long(piece):
    with within(0.1, time.thread_time):
        excerpt(piece * 40_000, re.compile("never"))


@pytest.mark.timed
def test_no_line_like_that_below_the_head_of_a_table_takes_long():
    with within(1, time.thread_time):
        for _ in range(100):
            plain(" " * 150 + "-" + " " * 320 + "x")


def test_what_cannot_be_seen_is_shown_in_an_excerpt_too():
    html = marked("a\u202eb c\0 \U0001f469\u200d\U0001f4bb", to_mark("c", "sqlite"))
    control = '<span class="control">U+202E</span>'
    assert html == f"a{control}b <mark>c</mark>\ufffd &#x1f469;\u200d&#x1f4bb;"


def test_an_excerpt_is_short_and_begins_near_the_word_that_was_found():
    text = "word " * 1000 + "needle in it. " + "word " * 1000
    assert len(excerpt(text, None)) == EXCERPT_CHARS
    found = excerpt(text, to_mark("needle", "sqlite"))
    assert found.startswith("…word ")
    assert found.index("needle") < 80
    assert excerpt("A needle.", to_mark("needle", "sqlite")) == "A needle."


@pytest.mark.parametrize(
    ("words", "vendor", "text", "html"),
    [
        ("sky", "sqlite", "Sky-blue <sky>", "<mark>Sky</mark>-blue &lt;<mark>sky</mark>&gt;"),
        ("ÜBER", "sqlite", "über", "<mark>über</mark>"),
        ('"blue sky"', "sqlite", "blue  sky, sky blue", "<mark>blue  sky</mark>, sky blue"),
        ("is -sky", "sqlite", "is sky", "<mark>is</mark> sky"),
        ("a.c", "sqlite", "abc a.c", "abc <mark>a.c</mark>"),
        ("<b>", "sqlite", "<b>", "<mark>&lt;b&gt;</mark>"),
        ("sky skyline", "sqlite", "skyline", "<mark>skyline</mark>"),
        ("scatter", "postgresql", "scattering", "<mark>scattering</mark>"),
        ("scattering", "postgresql", "scattered", "<mark>scattered</mark>"),
        ("sky", "postgresql", "skyline whisky", "skyline whisky"),
        ("well-known", "postgresql", "a well-known", "a <mark>well</mark>-<mark>known</mark>"),
        ("?!", "postgresql", "What?!", "What?!"),
        ("-sky", "postgresql", "sky", "sky"),
        ("", "sqlite", "<sky>", "&lt;sky&gt;"),
    ],
)
def test_words_are_marked_and_everything_is_escaped(words, vendor, text, html):
    assert marked(text, to_mark(words, vendor)) == html
