"""Characters as HTML."""

import pytest

from answers.formatting.characters import attribute, escaped


def box(code: str) -> str:
    return f'<span class="control">U+{code}</span>'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ('plain text, it\'s "quoted"\n\tyes', 'plain text, it\'s "quoted"\n\tyes'),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("a\0b\x07c\x1b[31md\x7f\x85", "a\ufffdb\ufffdc\ufffd[31md\ufffd\ufffd"),
        ("\ud800 \udfff \ufffe \ufdd0", "\ufffd \ufffd \ufffd \ufffd"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("😀 𝒙", "&#x1f600; &#x1d499;"),
    ],
)
def test_characters_are_escaped(text, html):
    assert escaped(text) == html


@pytest.mark.parametrize(
    "character", "\u202a\u202e\u2066\u2069\u200b\u2060\ufeff\u200e\u2028\u00ad\u3164\U000e0041"
)
def test_what_cannot_be_seen_is_shown_in_text_and_left_out_of_attributes(character):
    assert escaped(f"a {character}b") == f"a {box(f'{ord(character):04X}')}b"
    assert attribute(f"a {character}b") == "a b"


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",  # Persian needs a non-joiner
        "क्\u200dष",  # and Hindi a joiner
        "❤\ufe0f 1\ufe0f\u20e3",
        "葛\ufe00",
        "hy\u00adphen",
        "שלום\u200f!",  # a mark of direction beside letters of that direction
    ],
)
def test_what_a_writing_system_needs_stays(text):
    assert escaped(text) == text


@pytest.mark.parametrize(
    "emoji",
    [
        "👨\u200d👩\u200d👧",
        "👩🏽\u200d🚀",
        "🏳\ufe0f\u200d🌈",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ],
)
def test_emoji_of_several_characters_stay_whole(emoji):
    assert "control" not in escaped(emoji)
    assert escaped(emoji).count("&#x") >= 2


def test_hidden_text_is_shown_even_after_an_emoji():
    assert escaped("❤\ufe0f\ufe0f\ufe01") == f"❤\ufe0f{box('FE0F')}{box('FE01')}"
    assert escaped("🏴\U000e0061").endswith(box("E0061"))
    assert escaped("a\u200db") == f"a{box('200D')}b"


def test_attributes_end_at_no_quote():
    assert attribute("\"'<>&\0😀") == "&quot;&#39;&lt;&gt;&amp;\ufffd&#x1f600;"


def test_a_part_is_escaped_as_in_the_whole():
    text = "می\u200cخواهم <b> 👨\u200d👩 \u202e"
    for cut in range(len(text)):
        assert escaped(text, 0, cut) + escaped(text, cut) == escaped(text), cut
