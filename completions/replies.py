"""Reads a reply: bytes to lines, lines to server-sent events, events to deltas. No network.

`LineBuffer` and `read_events` follow the WHATWG HTML standard (9.2.6). They stand on either side of
`requests`' `iter_lines`: `LineBuffer` gives it only chunks that end with a line, so that `iter_lines` never
holds a line back, never copies its buffer again for each new byte, and never sees half a CRLF. `read_events`
reads the lines that come out.

`read_reply` copes with what servers send instead of the event stream that we ask for: one JSON object (they
ignore `stream`), an error as JSON with status 200, events with a wrong content type, or a proxy's HTML page.
It looks at the body, not at the content type.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any, NamedTuple

from completions.delta import Delta
from completions.deltas import PayloadReader
from completions.errors import BadResponse, TooLarge

BOM = b"\xef\xbb\xbf"
RETRY_DIGITS = 9  # 11 days in milliseconds; int() is quadratic in the number of digits


class LimitExceeded(ValueError):
    """A line, or the data of one event, is over its limit."""


class LineBuffer:
    """Turns chunks of bytes, split anywhere, into chunks that end with a line. Linear in the bytes."""

    def __init__(self, limit: int = 0) -> None:
        self._limit = limit  # bytes per line; 0 means none
        self._rest = bytearray()
        self._after_cr = False

    @property
    def rest(self) -> bytes:
        """The line that has not ended yet."""
        return bytes(self._rest)

    def feed(self, chunk: bytes) -> bytes:
        """Return the lines that this chunk completes. Raises LimitExceeded.

        A CR ends its line at once. If the next chunk begins with the matching LF, that LF is dropped. Waiting
        for it would delay the event. Passing it on would add an empty line, which ends an event early.
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
            raise LimitExceeded(f"a line is longer than {self._limit} bytes")


class ServerSentEvent(NamedTuple):
    type: str
    data: str
    id: str  # of this event or, as the standard requires, the last id before it
    retry: int | None  # milliseconds, the last value so far


def read_events(lines: Iterable[bytes], *, limit: int = 0) -> Iterator[ServerSentEvent]:
    """Read events from lines without their line ends. An event that no empty line ends is dropped.

    `limit` is the maximum size of one event's data in bytes (0: none). Raises LimitExceeded.
    """
    event_type, last_id, retry = "", "", None
    data: list[str] = []
    size = 0
    for line in _without_bom(lines):
        if not line:
            if data:
                yield ServerSentEvent(event_type or "message", "\n".join(data), last_id, retry)
                data, size = [], 0
            event_type = ""
            continue
        name, _, value = line.partition(b":")  # a comment has an empty name
        value = value.removeprefix(b" ")
        if name == b"data":
            size += len(value) + 1
            if limit and size > limit:
                raise LimitExceeded(f"an event is longer than {limit} bytes")
            data.append(value.decode("utf-8", "replace"))
        elif name == b"event":
            event_type = value.decode("utf-8", "replace")
        elif name == b"id" and b"\0" not in value:
            last_id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit() and len(value) <= RETRY_DIGITS:
            retry = int(value)


def _without_bom(lines: Iterable[bytes]) -> Iterator[bytes]:
    lines = iter(lines)
    return chain((line.removeprefix(BOM) for line in islice(lines, 1)), lines)


def read_reply(lines: Iterable[bytes], rest: Callable[[], bytes], *, limit: int) -> Iterator[Delta]:
    """Read a reply of any shape.

    `rest` returns the bytes after the last line end. `limit` is the maximum number of bytes held
    (0: none).
    """
    lines = iter(lines)
    first = next((line for line in lines if line), b"")
    start = (first or rest()).removeprefix(BOM).lstrip()[:1]
    if start == b"<":
        raise BadResponse(detail="an HTML page instead of an answer")
    if start in (b"{", b"["):
        yield _read_json(_join(chain([first] if first else [], lines), rest, limit))
        return
    try:
        yield from _read_stream(chain([first], lines), limit)
    except LimitExceeded as error:
        raise TooLarge(detail=str(error)) from error


def _join(lines: Iterable[bytes], rest: Callable[[], bytes], limit: int) -> bytes:
    body = bytearray()
    for line in lines:
        body += line + b"\n"
        if limit and len(body) > limit:
            raise TooLarge(detail=f"a JSON reply of more than {limit} bytes")
    return bytes(body) + rest()


def _read_json(body: bytes) -> Delta:
    payload = _parse(body.removeprefix(BOM).decode("utf-8", "replace"))
    delta = PayloadReader().read(payload)
    if not (delta.error or delta.finish_reason or delta.text or delta.reasoning):
        delta.error = payload  # errors have many shapes: {"detail": ...}, {"message": ...}
    else:
        delta.done = True
    return delta


def _read_stream(lines: Iterable[bytes], limit: int) -> Iterator[Delta]:
    reader = PayloadReader()
    for event in read_events(_with_error_events(lines), limit=limit):
        data = event.data.strip()
        if data == "[DONE]":
            yield Delta(done=True)
            return
        if not data or data.startswith(":"):  # keep-alives: "data:", "data: : ping"
            continue
        if event.type == "error":  # LM Studio
            yield _read_error(data)
        else:
            delta = reader.read(_parse(data), event.type)
            yield delta
            if delta.done:
                return


def _with_error_events(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Old llama.cpp sends errors in a field of its own, `error: {...}`, which the standard ignores."""
    for line in lines:
        if line.startswith(b"error:"):
            yield from (b"event: error", b"data:" + line.removeprefix(b"error:"), b"")
        else:
            yield line


def _read_error(data: str) -> Delta:
    try:
        payload = json.loads(data)
    except (ValueError, RecursionError):
        return Delta(error=data)
    return Delta(error=payload or data)


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadResponse(detail=f"not JSON ({error}): {text[:500]}") from error
