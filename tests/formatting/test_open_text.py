"""What is added without the parser, or without reading a paragraph from its beginning, looks no different."""

import random

import pytest

from answers.formatting import Growing
from answers.formatting.beginning import Beginning
from answers.formatting.open_text import OpenText
from tests.formatting.costs import TEXTS
from tests.formatting.reading import PREFIX, run
from tests.formatting.snippets import CONSTRUCTS

WORDS = ["and so", " on, ", "a ", "word-by-word", "1", " 2.", "é", "\n", "? ", "'quoted' ", '"x" ', "  ", "!"]
WORDS += ["**bold** ", "*it*, ", "`code` ", "[a link](https://a.example/x) ", "https://b.example ", "(so) "]
MARKS = [
    "*",
    "**",
    "_",
    "`",
    "~~",
    "[",
    "]",
    "(",
    ")",
    "$",
    "\\",
    "<",
    ">",
    "&",
    "|",
    "#",
    "- ",
    ":",
    ";",
    "=",
]
MARKS += ["\n\n", "\n- ", "\n---\n", "\\(", "\\)", "[^1]", "[a]: ", "://", "\u200d", "\u00ad", "\u0628\u200f"]


def texts():
    chance = random.Random(7)
    for _ in range(400):
        pieces = chance.choices([*WORDS, *chance.sample(MARKS, 3)], k=60)
        yield "".join(pieces)
    for _ in range(150):
        yield "".join(
            chance.choice([chance.choice(CONSTRUCTS), "Some more words to go on with "]) for _ in range(8)
        )
    yield TEXTS["answer"]


def states(text, seed):
    """The blocks after each of some cuts."""
    chance = random.Random(seed)
    growing = Growing(PREFIX)
    found, start = [], 0
    while start < len(text):
        size = chance.choice([1, 2, 4, 20])
        growing.feed(text[start : start + size])
        run(growing.render())
        found.append(growing.blocks)
        start += size
    return found


@pytest.mark.parametrize("seed", range(3))
def test_each_state_is_what_the_parser_would_have_made(seed, monkeypatch):
    fast = [states(text, seed) for text in texts()]
    monkeypatch.setattr(OpenText, "grown", lambda *arguments: None)
    monkeypatch.setattr(OpenText, "is_one_paragraph", lambda *arguments: False)
    monkeypatch.setattr(Beginning, "more", lambda *arguments: "")
    for text, found in zip(texts(), fast, strict=True):
        assert found == states(text, seed)
