"""However a text arrives, its blocks are the same; and finished blocks stay."""

import random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from answers.formatting import Growing, changes, formatted
from tests.formatting.reading import PREFIX, grown, run
from tests.formatting.snippets import CONSTRUCTS, UNFINISHED

# All footnotes and links get their text, as in a good answer.
ENDING = "\n\nEnd.\n\n[^1]: a\n\n[^long-name]: b\n\n[r]: https://q.example\n\nEnd.\n"
CLOSED = [construct for construct in CONSTRUCTS if construct not in UNFINISHED]


@st.composite
def pieces(draw, constructs):
    """A text of some constructs, cut anywhere."""
    text = "".join(draw(st.lists(st.sampled_from(constructs), min_size=1, max_size=5)))
    seed = draw(st.integers(0, 2**32))
    cuts = random.Random(seed)
    ends = sorted(cuts.sample(range(len(text) + 1), min(len(text), draw(st.sampled_from([0, 3, 20, 500])))))
    return [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pieces(CONSTRUCTS))
def test_any_cuts_end_in_the_same_blocks(parts):
    growing = grown(parts)
    assert growing.length == len("".join(parts))
    run(growing.finish())
    assert growing.blocks == formatted("".join(parts), PREFIX)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pieces(CLOSED))
def test_the_end_of_an_answer_changes_nothing(parts):
    growing = grown([*parts, ENDING])
    before = growing.blocks
    run(growing.finish())
    # Some combinations leave a fence open, whose code then contains the definitions: two constructs in
    # one line, or a fence that ends with its list item.
    assume(not any("[^1]: a" in block for block in growing.blocks))
    assert before == growing.blocks


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text("a*_`~[]()<>#-+1.|\\$&!:\n\r \t\"'é\U0001f600\0", max_size=12), max_size=12))
def test_any_characters_end_in_the_same_blocks(parts):
    growing = grown(parts)
    run(growing.finish())
    assert growing.blocks == formatted("".join(parts), PREFIX)


def test_finished_blocks_stay_the_same_objects():
    growing = grown(["One.\n\n", "- a\n- b\n\n", "Two.\n\nThree"])
    before = growing.blocks
    growing.feed(" grows **on")
    run(growing.render())
    assert len(before) == len(growing.blocks) == 4
    assert all(old is new for old, new in zip(before[:3], growing.blocks[:3], strict=True))
    assert changes(before, growing.blocks) == [(3, 19, " grows <strong>on</strong></p>")]


def test_a_link_that_is_defined_later_changes_only_its_block():
    growing = grown(["First.\n\nSee [the page][p].\n\nThird.\n\n"])
    before = growing.blocks
    growing.feed("[p]: https://a.example/\n\nFourth.\n")
    run(growing.render())
    assert [number for number, _, _ in changes(before, growing.blocks)] == [1, 3]
    assert 'href="https://a.example/"' in growing.blocks[1]


def test_the_first_definition_of_a_link_wins():
    text = "[p] and\n\n[p]: https://first.example\n\ntext\n\n[p]: https://second.example\n\n[p]\n"
    growing = grown(text)
    run(growing.render())
    for blocks in (growing.blocks, formatted(text, PREFIX)):
        assert "https://first.example" in blocks[0]
        assert "https://first.example" in blocks[-1]
        assert "second" not in "".join(blocks)


@pytest.mark.parametrize("block", ["- one\n- two\n- [p]\n", "| a |\n|---|\n| b |\n| [p] |\n"])
def test_a_link_that_is_defined_right_before_a_growing_block_keeps_its_address(block):
    growing = grown(
        f"Before: [p]\n\n[p]: https://first.example\n{block}\n[p]: https://second.example\n\nEnd.\n"
    )
    before = growing.blocks
    run(growing.finish())
    assert before == growing.blocks
    assert "https://first.example" in before[0]
    assert "https://first.example" in before[1]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_all_line_ends_are_the_same(end):
    text = "# A\n\nb\nc\n\n```\nx\ny\n```\n\n- d\n- e\n"
    growing = grown(text.replace("\n", end))
    run(growing.finish())
    assert growing.blocks == formatted(text, PREFIX)
    assert growing.length == len(text.replace("\n", end))


def test_what_is_longer_than_the_parser_gets_at_once_is_cut_at_the_end_of_a_line():
    line = "One line of a paragraph without an end.\n"
    text = line * 2_500
    growing = Growing(PREFIX)
    for start in range(0, len(text), 9_973):
        growing.feed(text[start : start + 9_973])
        run(growing.render())
    before = growing.blocks
    run(growing.finish())
    assert before == growing.blocks == formatted(text, PREFIX)
    assert len(before) == 4
    assert all(block.endswith("end.</p>") for block in before)


def test_a_long_list_and_a_long_block_of_code_stay_whole():
    text = "- an item of a list\n" * 4_000 + "\n```\n" + "code\n" * 20_000 + "```\n"
    growing = Growing(PREFIX)
    for start in range(0, len(text), 9_973):
        growing.feed(text[start : start + 9_973])
        run(growing.render())
    assert growing.blocks == formatted(text, PREFIX)
    assert len(growing.blocks) == 2
    assert growing.blocks[0].count("<li") == 4_000
