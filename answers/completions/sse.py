"""Server-sent events as the WHATWG's HTML standard reads them (9.2.6): bytes in, events out. No network.

Two plain objects on either side of `requests`' `iter_lines`: `WholeLines` feeds it chunks that end where a
line ends, so that it never holds a line back, never copies what it holds for each new byte, and never sees
half a CRLF; `events` reads the lines that it gives.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

BOM = b"\xef\xbb\xbf"
RETRY_DIGITS = 9  # 11 days in milliseconds; and int() is quadratic in the digits


class TooLong(ValueError):
    """A line, or the data of one event, is over its limit."""


class WholeLines:
    """Chunks of bytes, cut anywhere, to chunks that end with a line's end. Linear in the bytes."""

    def __init__(self, limit: int = 0) -> None:
        self._limit = limit  # bytes of one line; 0: none
        self._rest = bytearray()
        self._after_cr = False

    @property
    def rest(self) -> bytes:
        """The line that has not ended yet."""
        return bytes(self._rest)

    def feed(self, chunk: bytes) -> bytes:
        """Return the lines that this chunk finishes; raise TooLong.

        A CR ends its line at once: its LF, if the next chunk begins with one, is dropped there. Waiting for
        it would hold back the event; passing it on would be an empty line, which ends an event early.
        """
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk[0] == 0x0A:
                chunk = chunk[1:]
        end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r")) + 1
        if not end:
            self._rest += chunk
            self._check(len(self._rest))
            return b""
        self._after_cr = chunk[end - 1] == 0x0D
        lines = bytes(self._rest) + chunk[:end] if self._rest else chunk[:end]
        if self._limit and len(lines) > self._limit:
            self._check(max(map(len, lines.splitlines())))
        self._rest = bytearray(chunk[end:])
        self._check(len(self._rest))
        return lines

    def _check(self, size: int) -> None:
        if self._limit and size > self._limit:
            raise TooLong(f"a line is longer than {self._limit} bytes")


class Event(NamedTuple):
    type: str
    data: str
    id: str  # of this event or, as the standard has it, the last one named before it
    retry: int | None  # milliseconds, the last named so far


def events(lines: Iterable[bytes], *, limit: int = 0) -> Iterator[Event]:
    """Read events from lines without their ends; an event that no empty line ends is dropped.

    `limit` bounds the bytes of one event's data (0: none): raises TooLong.
    """
    event_type, last_id, retry = "", "", None
    data: list[str] = []
    size = 0
    for line in _without_bom(lines):
        if not line:
            if data:
                yield Event(event_type or "message", "\n".join(data), last_id, retry)
                data, size = [], 0
            event_type = ""
            continue
        name, _, value = line.partition(b":")  # a comment has the empty name
        value = value.removeprefix(b" ")
        if name == b"data":
            size += len(value) + 1
            if limit and size > limit:
                raise TooLong(f"an event is longer than {limit} bytes")
            data.append(value.decode("utf-8", "replace"))
        elif name == b"event":
            event_type = value.decode("utf-8", "replace")
        elif name == b"id" and b"\0" not in value:
            last_id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit() and len(value) <= RETRY_DIGITS:
            retry = int(value)


def _without_bom(lines: Iterable[bytes]) -> Iterator[bytes]:
    lines = iter(lines)
    return chain((line.removeprefix(BOM) for line in _first(lines)), lines)


def _first(lines: Iterator[bytes]) -> Iterator[bytes]:
    for line in lines:
        yield line
        return
