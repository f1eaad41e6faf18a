"""Server-sent events against the standard: explicit cases, and a reference implementation on random bytes."""

import re
from itertools import pairwise
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from completions.replies import LimitExceeded, LineBuffer, ServerSentEvent, read_events


class Raw:
    """What `requests` reads from: each read returns the whole lines of the next chunks."""

    def __init__(self, chunks: list[bytes], limit: int = 0) -> None:
        self.buffer = LineBuffer(limit)
        self.chunks = iter(chunks)

    def read(self, size: int) -> bytes:
        for chunk in self.chunks:
            if lines := self.buffer.feed(chunk):
                return lines
        return b""


def lines_of(chunks: list[bytes]) -> Any:
    response = requests.Response()
    response.raw = Raw(chunks)
    return response.iter_lines(chunk_size=65536)


def events_of(*chunks: bytes) -> list[ServerSentEvent]:
    return list(read_events(lines_of(list(chunks))))


def data_of(*chunks: bytes) -> list[str]:
    return [event.data for event in events_of(*chunks)]


def reference_reading(stream: bytes) -> list[ServerSentEvent]:
    """The algorithm of the standard, on the whole stream at once."""
    text = stream.decode("utf-8", "replace").removeprefix("\N{BOM}")
    found, data, event_type, last_id, retry = [], "", "", "", None
    for line in re.split("\r\n|\r|\n", text)[:-1]:
        if line == "":
            if data != "":
                found.append(
                    ServerSentEvent(event_type or "message", data.removesuffix("\n"), last_id, retry)
                )
            data, event_type = "", ""
            continue
        field, value = line, ""
        if ":" in line:
            field, value = line.split(":", 1)
            if value.startswith(" "):
                value = value[1:]
        if field == "event":
            event_type = value
        elif field == "data":
            data += value + "\n"
        elif field == "id" and "\0" not in value:
            last_id = value
        elif field == "retry" and re.fullmatch("[0-9]{1,9}", value):
            retry = int(value)
    return found


FIELDS = [
    "data",
    "data:",
    "data: ",
    "event: e",
    "id: 1",
    "id: \0",
    "id",
    "retry: 10",
    "retry: x1",
    "retry: ²",
]
MARKS = [
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "\r\n\r\n",
    ":",
    ": ",
    " ",
    "\0",
    "Data",
    "\N{BOM}",
    "ä",
    "\u2028",
    "\x85",
]
PIECES = st.sampled_from(
    [piece.encode() for piece in [*FIELDS, *MARKS, "\x0b", "😀"]] + [b"\xff", b"\xe2\x82"]
)
STREAMS = st.lists(st.one_of(PIECES, st.binary(max_size=3)), max_size=30).map(b"".join)


@given(stream=STREAMS, cuts=st.lists(st.integers(0, 120), max_size=20))
def test_any_stream_split_anywhere_reads_as_the_standard_says(stream: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    chunks = [stream[start:end] for start, end in pairwise(edges)]
    assert events_of(*chunks) == reference_reading(stream)


@given(stream=STREAMS)
def test_a_stream_in_single_bytes_reads_the_same(stream: bytes) -> None:
    assert events_of(*(stream[i : i + 1] for i in range(len(stream)))) == reference_reading(stream)


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_every_line_end_counts(end: bytes) -> None:
    assert data_of(b"data: a" + end + end + b"data: b" + end + end) == ["a", "b"]


def test_a_crlf_split_in_two_ends_one_line() -> None:
    assert data_of(b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n") == ["a\nb"]


def test_a_cr_at_the_end_of_a_chunk_does_not_wait_for_the_next() -> None:
    whole = LineBuffer()
    assert whole.feed(b"data: a\r\r") == b"data: a\r\r"
    assert whole.feed(b"\n") == b""
    assert whole.feed(b"\n") == b"\n"


def test_a_line_is_returned_with_the_chunk_that_ends_it() -> None:
    whole = LineBuffer()
    assert whole.feed(b"data: a\ndata:") == b"data: a\n"
    assert whole.rest == b"data:"
    assert whole.feed(b" b\n\n") == b"data: b\n\n"
    assert whole.rest == b""


def test_characters_split_anywhere_stay_intact_and_unicode_line_ends_are_text() -> None:
    stream = "data: Grüße 😀 \u2028 \x85 \x0b\n\n".encode()
    for cut in range(len(stream)):
        assert data_of(stream[:cut], stream[cut:]) == ["Grüße 😀 \u2028 \x85 \x0b"]


def test_a_byte_order_mark_is_dropped_at_the_beginning_only() -> None:
    assert data_of(b"\xef", b"\xbb\xbfdata: a\n\n", b"\xef\xbb\xbfdata: b\n\n") == ["a"]


def test_comments_and_unknown_fields_are_ignored() -> None:
    assert data_of(b": keep-alive\n\nfoo: bar\ndata: a\n: OPENROUTER PROCESSING\ndata: b\n\n") == ["a\nb"]


def test_one_space_is_dropped_and_fields_need_no_colon() -> None:
    assert data_of(b"data:  a\n\ndata\n\ndata:b\n\n") == [" a", "", "b"]


def test_an_unfinished_last_event_is_dropped() -> None:
    assert data_of(b"data: a\n\ndata: b\n") == ["a"]
    assert data_of(b"data: a\n\ndata: b") == ["a"]


def test_type_id_and_retry_follow_the_standard() -> None:
    named = b"event: x\nid: 1\nretry: 10\ndata: a\n\n"
    ignored = b"id: \0\nretry: 1.5\ndata: b\n\n"
    emptied = b"id\ndata: c\n\nevent: y\n\ndata: d\n\n"
    assert events_of(named + ignored + emptied) == [
        ServerSentEvent("x", "a", "1", 10),
        ServerSentEvent("message", "b", "1", 10),
        ServerSentEvent("message", "c", "", 10),
        ServerSentEvent("message", "d", "", 10),
    ]


def test_bytes_that_are_not_utf_8_become_replacement_characters() -> None:
    assert data_of(b"data: a\xffb\xe2\x82\n\n") == ["a\ufffdb\ufffd"]


def test_a_line_over_its_limit_is_an_error_however_it_is_split() -> None:
    line = b"data: 0123456789\n"
    assert LineBuffer(16).feed(line) == line
    singles = [line[i : i + 1] for i in range(len(line))]
    for chunks in ([line], [b"\n" + line], [line[:8], line[8:]], [line[:-1]], singles):
        with pytest.raises(LimitExceeded):
            list(map(LineBuffer(15).feed, chunks))


def test_many_short_lines_together_may_be_longer_than_the_limit_of_one() -> None:
    assert LineBuffer(5).feed(b"12345\n12345\r\n12345\n1234") == b"12345\n12345\r\n12345\n"


def test_an_event_of_many_lines_is_limited_too() -> None:
    lines = [b"data: 1234"] * 3
    assert next(read_events([*lines, b""], limit=15)).data == "1234\n1234\n1234"
    with pytest.raises(LimitExceeded):
        list(read_events([*lines, b""], limit=14))
    assert len(list(read_events([*lines, b""] * 5, limit=15))) == 5


class CountingBytes(bytearray):
    """Counts the bytes copied into it and out of it."""

    copied = 0

    def __iadd__(self, other: Any) -> "CountingBytes":
        CountingBytes.copied += len(other)
        super().__iadd__(other)
        return self

    def __bytes__(self) -> bytes:
        CountingBytes.copied += len(self)
        return bytes(memoryview(self))


def test_a_long_line_in_single_bytes_costs_its_length_not_its_square(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("completions.replies.bytearray", CountingBytes, raising=False)
    CountingBytes.copied = 0
    size = 2_000_000
    whole = LineBuffer(size)
    byte = b"x"
    for _ in range(size):
        whole.feed(byte)
    assert len(whole.feed(b"\n")) == size + 1
    assert CountingBytes.copied < 3 * size
