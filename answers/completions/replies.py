"""A reply's lines in, deltas out, whatever shape the server chose. No network.

We ask for a stream of events, but some servers send one JSON object (they ignore `stream`), an error as JSON
with status 200, events under a wrong content type, or a proxy's HTML page. The body tells, not its type.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from answers.completions.deltas import DONE, Delta, read_delta
from answers.completions.errors import BadResponse, TooLarge
from answers.completions.sse import BOM, TooLong, events


def read_reply(lines: Iterable[bytes], rest: Callable[[], bytes], *, limit: int) -> Iterator[Delta]:
    """`rest` gives what came after the last line's end; `limit` bounds the bytes that are held (0: none)."""
    lines = iter(lines)
    first = next((line for line in lines if line), b"")
    start = (first or rest()).removeprefix(BOM).lstrip()[:1]
    if start == b"<":
        raise BadResponse(detail="a page of HTML instead of an answer")
    if start in (b"{", b"["):
        yield _whole(_joined(chain([first] if first else [], lines), rest, limit))
        return
    try:
        yield from _streamed(chain([first], lines), limit)
    except TooLong as error:
        raise TooLarge(detail=str(error)) from error


def _joined(lines: Iterable[bytes], rest: Callable[[], bytes], limit: int) -> bytes:
    body = bytearray()
    for line in lines:
        body += line + b"\n"
        if limit and len(body) > limit:
            raise TooLarge(detail=f"a reply in one piece of more than {limit} bytes")
    return bytes(body) + rest()


def _whole(body: bytes) -> Delta:
    payload = _parsed(body.removeprefix(BOM).decode("utf-8", "replace"))
    delta = read_delta(payload)
    if not (delta.error or delta.finish_reason or delta.text or delta.reasoning):
        return delta._replace(error=payload)  # errors have no one shape: {"detail": ...}, {"message": ...}
    return delta._replace(done=True)


def _streamed(lines: Iterable[bytes], limit: int) -> Iterator[Delta]:
    for event in events(_with_error_events(lines), limit=limit):
        data = event.data.strip()
        if data == "[DONE]":
            yield DONE
            return
        if not data or data.startswith(":"):  # keep-alives: "data:", "data: : ping"
            continue
        if event.type == "error":  # LM Studio
            yield _error_event(data)
        else:
            yield read_delta(_parsed(data))


def _with_error_events(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Old llama.cpp sends errors in a field of their own, `error: {...}`, which the standard ignores."""
    for line in lines:
        if line.startswith(b"error:"):
            yield from (b"event: error", b"data:" + line.removeprefix(b"error:"), b"")
        else:
            yield line


def _error_event(data: str) -> Delta:
    try:
        payload = json.loads(data)
    except (ValueError, RecursionError):
        return Delta(error=data)
    return Delta(error=payload or data)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadResponse(detail=f"no JSON ({error}): {text[:500]}") from error
