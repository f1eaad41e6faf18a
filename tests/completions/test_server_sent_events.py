"""Server-sent events against the standard: explicit cases, and a reference implementation on random bytes."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from completions.errors import ConnectionFailed, TooLarge
from completions.replies import LimitExceeded, LineBuffer, read_events


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


Read = list[tuple[str, Any]]


def events_of(*chunks: bytes) -> Read:
    """The events in these chunks: the type, and the data as text or as the JSON object that it is."""
    response = requests.Response()
    response.raw = raw = Raw(list(chunks))
    events = read_events(response.iter_lines(chunk_size=65536), lambda: raw.buffer.rest)
    return [
        (
            type_.decode("utf-8", "replace"),
            data.decode("utf-8", "replace") if isinstance(data, bytes) else data,
        )
        for type_, data in events
    ]


def data_of(*chunks: bytes) -> list[Any]:
    return [data for _, data in events_of(*chunks)]


def whole(value: str) -> Any:
    """The JSON object that this is, or [DONE]; None if it is neither."""
    value = value.strip(" \t\n\r\x0b\x0c")  # what `bytes.strip` knows
    if value == "[DONE]":
        return value
    with suppress(ValueError):
        return json.loads(value) if value.startswith("{") else None
    return None


def reference_reading(stream: bytes) -> Read:
    """The algorithm of the standard, on the whole stream at once, and what we take besides."""
    text = stream.decode("utf-8", "replace").removeprefix("\N{BOM}")
    found, data, event_type = [], "", ""
    *lines, rest = re.split("\r\n|\r|\n", text)
    for line in lines:
        if line == "":
            if data != "":
                found.append((event_type, data.removesuffix("\n")))
            data, event_type = "", ""
            continue
        field, value = line, ""
        if ":" in line:
            field, value = line.split(":", 1)
            if value.startswith(" "):
                value = value[1:]
        if field == "event":
            event_type = value
        elif line.startswith("error:"):
            found.append(("error", line.removeprefix("error:")))
        elif field == "data" and data == "" and (taken := whole(value)) is not None:
            found.append((event_type, taken))
            event_type = ""
        elif field == "data":
            data += value + "\n"
    last = rest.removeprefix("data:") if rest.startswith("data:") else ""
    if rest.startswith("error:"):
        event_type, data, last = "error", "", rest.removeprefix("error:")
    if (taken := whole(data + last)) is not None:
        found.append((event_type, taken))
    return found


FIELDS = [
    "data",
    "data:",
    "data: ",
    'data: {"a": "ä"}',
    "data:[DONE]",
    "data: {",
    '"a": 1}',
    "event: e",
    "event",
    "error:",
    "error: {}",
    "id: 1",
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


def test_a_line_feed_after_a_line_that_began_in_the_same_chunk_as_the_last_cr_is_kept() -> None:
    assert data_of(b"data: a\rdata: b", b"\n\n", b"data: c\n\n") == ["a\nb", "c"]


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


def test_the_type_belongs_to_one_event() -> None:
    stream = b"id: 1\nevent: x\ndata: a\n\nretry: 10\ndata: b\n\nevent: y\n\ndata: c\n\n"
    assert events_of(stream) == [("x", "a"), ("", "b"), ("", "c")]


# What real servers send, which the standard would drop or wait for


OBJECT = {"a": [1, "}\u2028"]}
LINE = b"data: " + json.dumps(OBJECT, ensure_ascii=False).encode()


def test_lines_that_are_whole_objects_need_no_empty_line_between_them() -> None:
    assert data_of(LINE + b"\n" + LINE + b"\r\ndata: [DONE]\n") == [OBJECT, OBJECT, "[DONE]"]


def test_an_event_that_is_a_whole_object_is_given_out_with_its_line_end() -> None:
    lines = iter([b"event: x", LINE])
    assert next(read_events(lines)) == (b"x", OBJECT)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\n\n"])
@pytest.mark.parametrize(("line", "read"), [(LINE, OBJECT), (b"data: [DONE]", "[DONE]"), (b"error: {}", {})])
def test_a_whole_last_line_counts_whatever_ends_it(line: bytes, end: bytes, read: Any) -> None:
    if line.startswith(b"error") and end:
        read = " {}"
    for cut in range(len(line + end)):
        stream = LINE + b"\n\n" + line + end
        assert data_of(stream[: cut + len(LINE)], stream[cut + len(LINE) :]) == [OBJECT, read]


def test_an_object_of_several_lines_at_the_end_counts_too() -> None:
    assert data_of(b'data: {\ndata: "a": 1}') == [{"a": 1}]
    assert data_of(b'data: {\ndata: "a": 1}\n') == [{"a": 1}]
    assert data_of(b'data: {\ndata: "a": 1') == []


def test_a_whole_last_line_counts_even_if_the_connection_breaks() -> None:
    def broken(error: Exception) -> Iterator[bytes]:
        yield from (LINE, b"")
        raise error

    events = read_events(broken(ConnectionFailed()), lambda: b"data: [DONE]")
    assert [next(events), next(events)] == [(b"", OBJECT), (b"", b"[DONE]")]
    with pytest.raises(ConnectionFailed):
        next(events)
    with pytest.raises(TooLarge):
        list(read_events(broken(TooLarge()), lambda: LINE))


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
    assert next(read_events([*lines, b""], limit=15)) == (b"", b"1234\n1234\n1234")
    with pytest.raises(LimitExceeded):
        list(read_events([*lines, b""], limit=14))
    assert len(list(read_events([*lines, b""] * 5, limit=15))) == 5
    assert len(list(read_events([b"data: {}"] * 50, limit=3))) == 50


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
