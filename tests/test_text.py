"""Text that is fit to be stored and sent, within its size."""

from hypothesis import given
from hypothesis import strategies as st

from answers.completions.text import Gate

LETTERS = st.sampled_from(["a", "ä", "€", "😀", "\0", "\ud83d", "\ude00", "\n", "\ufffd"])


def through(gate: Gate, *pieces: str) -> str:
    return "".join(map(gate.admit, pieces)) + gate.finish()


def plain_reading(text: str) -> str:
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return "".join("\ufffd" if char == "\0" or "\ud800" <= char <= "\udfff" else char for char in joined)


def test_plain_text_passes_as_it_is() -> None:
    assert through(Gate(), "Grüße, ", "😀\n") == "Grüße, 😀\n"


def test_a_character_cut_in_two_halves_is_joined() -> None:
    gate = Gate()
    assert gate.admit("so \ud83d") == "so "
    assert gate.admit("\ude00!") == "😀!"


def test_what_cannot_be_stored_is_replaced() -> None:
    assert through(Gate(), "a\0b", "\ude00c\ud83dd", "e\ud83d") == "a\ufffdb\ufffdc\ufffdde\ufffd"


@given(st.lists(st.lists(LETTERS, max_size=4).map("".join), max_size=8))
def test_any_pieces_give_the_text_of_their_whole(pieces: list[str]) -> None:
    text = through(Gate(), *pieces)
    assert text == plain_reading("".join(pieces))
    text.encode()


@given(st.lists(st.lists(LETTERS, max_size=4).map("".join), max_size=8), st.integers(1, 20))
def test_the_limit_is_in_bytes_and_never_cuts_a_character(pieces: list[str], limit: int) -> None:
    gate = Gate(limit)
    text = through(gate, *pieces)
    whole = plain_reading("".join(pieces))
    assert whole.startswith(text)
    assert len(text.encode()) <= limit
    assert gate.full == (len(whole.encode()) > limit)
    assert gate.full or text == whole
