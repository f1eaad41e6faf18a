"""Reasoning inside the text, between tags that may be cut anywhere, and text that only mentions them."""

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from completions.thinking import (
    CONVINCING_ANSWERS,
    LINE_CHARS,
    REMEMBERED_MODELS,
    SPACE_CHARS,
    ThinkSplitter,
    UnmarkedModels,
)

Split = tuple[str, str, bool]  # text, reasoning, and whether there was only a closing tag


def split(*pieces: str, unmarked: bool = False) -> Split:
    splitter = ThinkSplitter(unmarked=unmarked)
    text, reasoning = "", ""
    for piece in [*map(splitter.feed, pieces), splitter.flush()]:
        if piece.restarts:
            text = reasoning = ""
        text, reasoning = text + piece.text, reasoning + piece.reasoning
    return text, reasoning, splitter.found_unmarked


THINKING: list[tuple[str, str, str]] = [
    ("<think>\nHm hm\n</think>\n\nYes.", "Yes.", "Hm hm\n"),
    (" \n<think>Hm</think>Yes.", "Yes.", "Hm"),
    ("<think>Hm", "", "Hm"),
    ("<think></think>Yes.", "Yes.", ""),
    ("<think>\n\n</think>\n\nYes.", "Yes.", ""),
    (
        "<think>a < b </thin </think> Yes </think> or\n</think>\nno",
        "Yes </think> or\n</think>\nno",
        "a < b </thin ",
    ),
]
MENTIONS = [
    "",
    "Yes.",
    "  indented",
    "<thinking about> it",
    "<th",
    "Yes. <think>Hm</think>",
    "The tag </think> ends it.",
    "So: </think>\nand on",
    "</think> ends it.",
    "Write\n```\n</think>\n```\nthere.",
    "Write\n ~~~~ xml\n```\n~~~\n</think>\n~~~~\nthere.",
    "Write\n```\nnever closed\n</think>\nthere.",
    "First <think>, then\n</think>\nand so on.",
    "Indented:\n    </think>\nand so on.",
    "</thinker>\n</think",
]
UNMARKED: list[tuple[str, str, str]] = [
    ("Hm hm\n</think>\n\nYes.", "Yes.", "Hm hm\n"),
    ("Hm\n```\ncode\n```\n</think>\nYes.", "Yes.", "Hm\n```\ncode\n```\n"),
    ("Hm ``` not a fence\n```a`\n</think>\nYes.", "Yes.", "Hm ``` not a fence\n```a`\n"),
    ("Hm\r\n</think>\r\n\r\nYes.", "Yes.", "Hm\r\n"),
    ("Hm\n</think>  \nYes.\n</think>\nNo.", "Yes.\n</think>\nNo.", "Hm\n"),
    ("Hm\n</think>", "", "Hm\n"),
]


def every_split(text: str, **options: bool) -> Split:
    whole = split(text, **options)
    for cut in range(len(text)):
        assert split(text[:cut], text[cut:], **options) == whole
    assert split(*text, **options) == whole
    return whole


@pytest.mark.parametrize(("sent", "text", "reasoning"), THINKING)
def test_what_stands_between_tags_at_the_start_is_reasoning(sent: str, text: str, reasoning: str) -> None:
    assert every_split(sent) == (text, reasoning, False)
    assert every_split(sent, unmarked=True) == (text, reasoning, False)


@pytest.mark.parametrize("sent", MENTIONS)
def test_an_answer_that_mentions_the_tags_stays_intact(sent: str) -> None:
    assert every_split(sent) == (sent, "", False)


@pytest.mark.parametrize(("sent", "text", "reasoning"), UNMARKED)
def test_what_stands_before_a_closing_tag_alone_on_its_line_is_reasoning(
    sent: str, text: str, reasoning: str
) -> None:
    assert every_split(sent) == (text, reasoning, True)
    assert every_split(sent, unmarked=True) == (text, reasoning, True)


def test_text_that_was_given_out_before_the_closing_tag_is_taken_back() -> None:
    splitter = ThinkSplitter()
    assert splitter.feed("Hm ").text == "Hm "
    assert splitter.feed("hm\n</thi").text == "hm\n"  # what may be the tag is held back
    assert splitter.feed("nk>\n\nYes") == ("Yes", "Hm hm\n", None, True)
    assert splitter.feed(".\n</think>\n") == (".\n</think>\n", "", None, False)


def test_a_closing_tag_in_one_piece_with_its_reasoning_takes_nothing_back() -> None:
    assert ThinkSplitter().feed("Hm\n</think>\nYes.") == ("Yes.", "Hm\n", None, False)


def test_a_closing_tag_at_the_very_start_is_dropped_and_teaches_nothing() -> None:
    assert every_split("</think>\n\nYes.") == ("Yes.", "", False)


def test_where_the_server_tells_reasoning_from_text_a_closing_tag_is_text() -> None:
    splitter = ThinkSplitter(unmarked=True)
    splitter.mark()
    assert splitter.feed("Yes.\n</think>\nNo.").text + splitter.flush().text == "Yes.\n</think>\nNo."


def test_a_model_without_an_opening_tag_reasons_until_the_closing_one() -> None:
    splitter = ThinkSplitter(unmarked=True)
    assert splitter.feed("Hm").reasoning == "Hm"
    assert splitter.feed("\n</think>\nYes.") == ("Yes.", "\n", None, False)


def test_white_space_at_the_start_is_not_held_back_for_ever() -> None:
    splitter = ThinkSplitter()
    assert "".join(splitter.feed(" ").text for _ in range(SPACE_CHARS + 1)) == " " * (SPACE_CHARS + 1)


def test_a_line_that_begins_like_the_tag_is_not_held_back_for_ever() -> None:
    splitter = ThinkSplitter()
    assert splitter.feed("Yes.\n</think>").text == "Yes.\n"
    assert splitter.feed(" " * LINE_CHARS).text == "</think>" + " " * LINE_CHARS


PIECES = st.sampled_from(
    ["<think>", "</think>", "<", "</thi", "nk>", "\n", "\r\n", "```", "~~~~", " ", "a", "`"]
)


@given(st.lists(PIECES, max_size=14), st.lists(st.integers(0, 60), max_size=6), st.booleans())
@example(["a", "\n", "</think>", "\n", "a"], [], False)
def test_any_text_cut_anywhere_is_split_the_same(pieces: list[str], cuts: list[int], unmarked: bool) -> None:
    text = "".join(pieces)
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    parts = [text[start:end] for start, end in pairwise(edges)]
    whole = split(text, unmarked=unmarked)
    assert split(*parts, unmarked=unmarked) == whole
    assert split(*text, unmarked=unmarked) == whole
    if "</think>" not in text and not text.lstrip().startswith("<think>"):
        assert whole[0] + whole[1] == (text if text.strip() else "")
        assert not whole[1] or unmarked


def test_models_are_remembered_up_to_a_number() -> None:
    models = UnmarkedModels()
    for number in range(REMEMBERED_MODELS):
        for _ in range(CONVINCING_ANSWERS):
            models.learn(str(number), unmarked=True)
    assert all(str(number) in models for number in range(REMEMBERED_MODELS))
    models.learn("one more", unmarked=True)
    assert not any(str(number) in models for number in range(REMEMBERED_MODELS))
    for _ in range(CONVINCING_ANSWERS - 1):
        models.learn("one more", unmarked=True)
    assert "one more" in models
    models.learn("one more", unmarked=False)
    assert "one more" not in models


def test_long_reasoning_without_its_tag_is_not_kept() -> None:
    splitter = ThinkSplitter(unmarked=True)
    splitter.feed("Begin")
    tracemalloc.start()
    for _ in range(1_000):
        splitter.feed("x" * 10_000)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 2_000_000  # of ten
