"""Reads a reply: bytes to lines, lines to server-sent events, events to deltas. No network.

`LineBuffer` and `read_events` follow the WHATWG HTML standard (9.2.6). They stand on either side of
`requests`' `iter_lines`: `LineBuffer` gives it only chunks that end with a line, so that `iter_lines` never
holds a line back, never copies its buffer again for each new byte, and never sees half a CRLF. `read_events`
reads the lines that come out.

`read_reply` copes with what servers send instead of the event stream that we ask for: one JSON object (they
ignore `stream`), an error as JSON with status 200, events with a wrong content type, or a proxy's HTML page.
It looks at the body, not at the content type.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any

from completions.delta import Delta
from completions.errors import BadResponse, CompletionError, TooLarge
from completions.parsing import parse, parse_object
from completions.payloads import PayloadReader

BOM = b"\xef\xbb\xbf"
DONE = b"[DONE]"
NO_REST: Callable[[], bytes] = bytes

# An event: its type, empty if not named, and its data, parsed if it was a JSON object in one line.
Event = tuple[bytes, dict[str, Any] | bytes]


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
        self._after_cr = chunk[-1] == 0x0D  # not the last line end: text may follow that one
        lines = bytes(self._rest) + chunk[:end] if self._rest else chunk[:end]
        if self._limit and len(lines) > self._limit:
            self._check(max(map(len, lines.splitlines())))
        self._rest = bytearray(chunk[end:])
        self._check(len(self._rest))
        return lines

    def _check(self, size: int) -> None:
        if self._limit and size > self._limit:
            raise LimitExceeded(f"a line is longer than {self._limit} bytes")


def read_events(
    lines: Iterable[bytes], rest: Callable[[], bytes] = NO_REST, *, limit: int = 0
) -> Iterator[Event]:
    """Read events from lines without their line ends. `id` and `retry` do not matter to us.

    This differs from the standard in one point: a line of data that is a complete JSON object, or `[DONE]`,
    is an event at once. Nothing could be joined to it. So it needs no empty line after it (some servers send
    none) and, at the end, no line end. Any other event without an empty line at its end is dropped.

    `rest` returns the bytes after the last line end. `limit` is the maximum size of one event's data in bytes
    (0: none). Raises LimitExceeded.
    """
    event_type = b""
    data: list[bytes] = []
    size = 0
    try:
        for line in _without_bom(lines):
            if line.startswith(b"data:"):
                value = line[6:] if line[5:6] == b" " else line[5:]
                size += len(value) + 1
                if limit and size > limit:
                    raise LimitExceeded(f"an event is longer than {limit} bytes")
                if not data and (whole := _whole(value)) is not None:
                    yield event_type, whole
                    event_type, size = b"", 0
                else:
                    data.append(value)
            elif not line:
                if data:
                    yield event_type, b"\n".join(data)
                    data, size = [], 0
                event_type = b""
            elif line.startswith(b"event:"):
                event_type = line[6:].removeprefix(b" ")
            elif line.startswith(b"error:"):  # old llama.cpp; the standard ignores such a field
                yield b"error", line[6:]
            elif line == b"data":
                data.append(b"")
            elif line == b"event":
                event_type = b""
    except TooLarge:
        raise
    except CompletionError:  # the connection broke, perhaps after the last byte
        yield from _last_event(rest(), event_type, data)
        raise
    yield from _last_event(rest(), event_type, data)


def _whole(value: bytes) -> dict[str, Any] | bytes | None:
    """A complete JSON object, or `[DONE]`. None for anything else."""
    if value.startswith(b"{"):
        return parse_object(value)
    value = value.strip()
    if value.startswith(b"{"):
        return parse_object(value)
    return value if value == DONE else None


def _last_event(line: bytes, event_type: bytes, data: list[bytes]) -> Iterator[Event]:
    if line.startswith(b"error:"):
        event_type, data = b"error", []
    elif not line.startswith(b"data:"):
        line = b"data:"
    value = b"\n".join([*data, line.partition(b":")[2]])
    if (whole := _whole(value)) is not None:
        yield event_type, whole


def _without_bom(lines: Iterable[bytes]) -> Iterator[bytes]:
    lines = iter(lines)
    return chain((line.removeprefix(BOM) for line in islice(lines, 1)), lines)


def read_reply(lines: Iterable[bytes], rest: Callable[[], bytes], *, limit: int) -> Iterator[Delta | str]:
    """Read a reply in any format. A string is a delta that contains only text, as most deltas do.

    `rest` returns the bytes after the last line end. `limit` is the maximum number of bytes held
    (0: none).
    """
    lines = iter(lines)
    first = next((line for line in lines if line.removeprefix(BOM).strip()), b"")
    start = (first or rest()).removeprefix(BOM).lstrip()[:1]
    if start == b"<":
        raise BadResponse(detail="an HTML page instead of an answer")
    lines = chain([first] if first else [], lines)
    if start in (b"{", b"["):
        yield _read_json(_join(lines, rest, limit))
        return
    try:
        yield from _read_stream(read_events(lines, rest, limit=limit))
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
    payload = _parse(body.removeprefix(BOM))
    delta = PayloadReader().read(payload)
    if delta.error or delta.finish_reason or delta.text or delta.reasoning:
        delta.done = True
    else:
        delta.error = payload  # errors have many shapes: {"detail": ...}, {"message": ...}
    return delta


def _read_stream(events: Iterable[Event]) -> Iterator[Delta | str]:
    reader = PayloadReader()
    for event_type, data in events:
        if not isinstance(data, bytes) and (text := reader.read_text(data)):
            yield text
            continue
        if event_type == b"error":
            yield _read_error(data)
            continue
        if isinstance(data, bytes):
            data = data.strip()
            if not data or data.startswith(b":"):  # keep-alives: "data:", "data: : ping"
                continue
            if data == DONE:
                yield Delta(done=True)
                return
            data = _parse(data)
        delta = reader.read(data, event_type)
        yield delta
        if delta.done:
            return


def _read_error(data: dict[str, Any] | bytes) -> Delta:
    """An event of type "error" (LM Studio, Responses). Its data may be plain text."""
    if isinstance(data, bytes):
        text = _text(data.strip())
        try:
            return Delta(error=parse(data) or text)
        except (ValueError, RecursionError):
            return Delta(error=text)
    return Delta(error=data or "error")


def _parse(data: bytes) -> Any:
    try:
        return parse(data)
    except (ValueError, RecursionError) as error:
        raise BadResponse(detail=f"not JSON ({error}): {_text(data[:500])}") from error


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
