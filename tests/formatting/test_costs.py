"""Formatting is bounded: by the unfinished block while an answer grows, and in slices for the event loop."""

import gc
from time import thread_time

import pytest

from answers.formatting import Growing, formatted, markdown, pace
from tests.formatting.costs import TEXTS
from tests.formatting.reading import PREFIX, run

LENGTH = 150_000  # more only repeats the windows of 32 KB in which it is read
HOSTILE = {
    "one word": "a",
    "lines": "a\n",
    "paragraphs": "é\n\n",
    "emphasis": "*a **b _c ",
    "brackets": "[a][b](c ![",
    "backticks": "`a ``b ",
    "quotes": "> - > ",
    "items": "- a\n",
    "tables": "|a|b\n|-|-\n|c\n\n",
    "wide tables": "|a" * 100 + "\n" + "|-" * 100 + "\n" + "b\n" * 100,
    "tags": "<b>&amp;&#",
    "formulas": "$a$ \\(b\\) $$ \\[ ",
    "footnotes": "[^1] [^2",
    "definitions": "[a]: /b\n[c]\n\n",
    "fences": "```python\nx = 1\n```\n- ~~~\n",
    "open fence": "``` \n x = 1\n",
    "emoji": "\U0001f600\u202e",
    "addresses": "https://a.example/( ",
    "controls": "\0\r",
}
SLICE_SECONDS = 0.005  # on a machine that needs LOOP_SECONDS for the loop below
TRIES = 10
LOOP, LOOP_SECONDS = 2_000_000, 0.02


@pytest.mark.parametrize("name", TEXTS)
def test_the_parser_gets_only_the_unfinished_block(name, monkeypatch):
    lengths = []
    parse = markdown.parse

    def counted(text, missing):
        lengths.append(len(text))
        return parse(text, missing)

    monkeypatch.setattr(markdown, "parse", counted)
    growing = Growing(PREFIX)
    text = TEXTS[name]
    for start in range(0, len(text), 20):
        growing.feed(text[start : start + 20])
        run(growing.render())
    assert max(lengths) < 800  # a paragraph of this text; a list of 200 items has 15,000
    half = len(lengths) // 2
    assert sum(lengths[half:]) < 1.5 * sum(lengths[:half])


@pytest.fixture
def without_garbage_collection():
    """It runs at any time, and takes longer the more objects other tests have left."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def with_lexers():
    """Pygments imports the lexer of a language when it is first used."""
    formatted("```python\nx\n```\n", PREFIX)


def slowness() -> float:
    begin = thread_time()
    for _ in range(LOOP):
        pass
    return (thread_time() - begin) / LOOP_SECONDS


@pytest.mark.measures
@pytest.mark.usefixtures("without_garbage_collection", "with_lexers")
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_rendered_in_short_slices(name, monkeypatch):
    """Here each slice ends as soon as it may, so that each try makes the same ones. The shortest time of a
    slice is what it takes by itself, without what a busy machine adds now and then."""
    monkeypatch.setattr(pace, "SLICE_SECONDS", -1)
    text = (HOSTILE[name] * LENGTH)[:LENGTH]
    times = slice_seconds(text)
    for _ in range(TRIES):
        longest = max(times)
        if longest < SLICE_SECONDS * max(1, slowness()):
            break
        times = [min(pair) for pair in zip(times, slice_seconds(text), strict=True)]
    else:
        pytest.fail(f"the longest slice took {longest} s")


def slice_seconds(text):
    """The processor time of each slice in which a text is rendered that has come at once."""
    growing = Growing(PREFIX)
    growing.feed(text)
    slices = []
    for rendering in (growing.render(), growing.finish()):
        begin = thread_time()
        for _ in rendering:
            slices.append(thread_time() - begin)
            begin = thread_time()
        slices.append(thread_time() - begin)
    assert growing.length == len(text)
    return slices
