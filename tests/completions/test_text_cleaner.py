"""Text that can be stored and sent, within its limit."""

from hypothesis import given
from hypothesis import strategies as st

from completions.draft import TextCleaner

LETTERS = st.sampled_from(["a", "ä", "€", "😀", "\0", "\ud83d", "\ude00", "\n", "\ufffd"])


def through(cleaner: TextCleaner, *pieces: str) -> str:
    return "".join(map(cleaner.feed, pieces)) + cleaner.flush()


def reference_reading(text: str) -> str:
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return "".join("\ufffd" if char == "\0" or "\ud800" <= char <= "\udfff" else char for char in joined)


def test_plain_text_passes_as_it_is() -> None:
    assert through(TextCleaner(), "Grüße, ", "😀\n") == "Grüße, 😀\n"


def test_a_surrogate_pair_split_in_two_is_joined() -> None:
    cleaner = TextCleaner()
    assert cleaner.feed("so \ud83d") == "so "
    assert cleaner.feed("\ude00!") == "😀!"


def test_what_cannot_be_stored_is_replaced() -> None:
    assert through(TextCleaner(), "a\0b", "\ude00c\ud83dd", "e\ud83d") == "a\ufffdb\ufffdc\ufffdde\ufffd"


@given(st.lists(st.lists(LETTERS, max_size=4).map("".join), max_size=8))
def test_any_pieces_give_the_text_of_the_whole(pieces: list[str]) -> None:
    text = through(TextCleaner(), *pieces)
    assert text == reference_reading("".join(pieces))
    text.encode()


@given(st.lists(st.lists(LETTERS, max_size=4).map("".join), max_size=8), st.integers(1, 20))
def test_the_limit_is_in_bytes_and_never_cuts_a_character(pieces: list[str], limit: int) -> None:
    cleaner = TextCleaner(limit)
    text = through(cleaner, *pieces)
    whole = reference_reading("".join(pieces))
    assert whole.startswith(text)
    assert len(text.encode()) <= limit
    assert cleaner.full == (len(whole.encode()) > limit)
    assert cleaner.full or text == whole
