"""Reads a reply without a network: bytes in any pieces go through everything but the connection."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import requests

from completions import CompletionError, Prompt, Source
from completions.call import Call
from completions.dialects import Dialects
from completions.errors import ConnectionFailed
from completions.replies import LineBuffer
from completions.request import Endpoint
from completions.wire import Pace


class Reading(NamedTuple):
    """What a reply became. Text and reasoning are joined, as a reader sees them at the end."""

    text: str = ""
    reasoning: str = ""
    activities: tuple[str, ...] = ()
    outcome: str = "complete"  # or the code of the error
    finish_reason: str | None = None
    sources: tuple[Source, ...] = ()


class OfflineReply:
    """Stands in for a `Reply` whose body comes in these chunks. It `breaks` at their end, or closes."""

    def __init__(self, chunks: Iterable[bytes], *, status: int, breaks: bool, has_own_end: bool) -> None:
        self.status = status
        self.headers: dict[str, str] = {}
        self.has_own_end = has_own_end
        self._chunks = iter(chunks)
        self._buffer = LineBuffer()
        self._breaks = breaks

    def read(self, size: int) -> bytes:
        for chunk in self._chunks:
            if lines := self._buffer.feed(chunk):
                return lines
        return b""

    def lines(self) -> Iterator[bytes]:
        response = requests.Response()
        response.raw = self
        yield from response.iter_lines(chunk_size=65_536)
        if self._breaks:
            raise ConnectionFailed(retryable=True)

    def rest(self) -> bytes:
        return self._buffer.rest

    def text(self, **_: Any) -> str:
        return b"".join(self._chunks).decode()

    def drain(self, seconds: float) -> None: ...

    def close(self) -> None: ...


class OfflineTransport:
    def __init__(self, reply: OfflineReply) -> None:
        self._reply = reply

    def post(self, *_: Any) -> OfflineReply:
        return self._reply


def call_offline(
    *chunks: bytes,
    status: int = 200,
    breaks: bool = False,
    has_own_end: bool = True,
    dialects: Dialects | None = None,
    **fields: Any,
) -> Call:
    """A call whose reply arrives in these chunks. `fields` are the endpoint's."""
    reply = OfflineReply(chunks, status=status, breaks=breaks, has_own_end=has_own_end)
    call = Call(
        Prompt("Why?"),
        endpoint=Endpoint(base_url="http://127.0.0.1/v1", **({"model": "small"} | fields)),
        transport=OfflineTransport(reply),  # type: ignore[arg-type]
        dialects=dialects or Dialects(),
        pace=Pace(),
    )
    return call


def read_offline(*chunks: bytes, **options: Any) -> Reading:
    """Read a reply that arrives in these chunks. For the options see `call_offline`."""
    call = call_offline(*chunks, **options)
    text, reasoning, activities, outcome = "", "", [], "complete"
    try:
        for piece in call._attempt():  # no retries: the chunks come once
            if piece.restarts:
                text = reasoning = ""
            text, reasoning = text + piece.text, reasoning + piece.reasoning
            activities += [piece.activity.name] if piece.activity else []
    except CompletionError as error:
        outcome = error.code
    draft = call.draft
    return Reading(text, reasoning, tuple(activities), outcome, draft.finish_reason, tuple(draft.sources))


def splits(stream: bytes) -> Iterator[list[bytes]]:
    """The stream in one piece, in two pieces at every byte, and byte by byte."""
    yield from ([stream[:cut], stream[cut:]] for cut in range(len(stream)))
    yield [stream[index : index + 1] for index in range(len(stream))]


def read_in_every_split(stream: bytes, **options: Any) -> Reading:
    """Read the stream in every split. All readings must be the same, but for where reasoning begins anew."""
    whole = read_offline(stream, **options)
    for chunks in splits(stream):
        assert read_offline(*chunks, **options) == whole, chunks
    return whole
