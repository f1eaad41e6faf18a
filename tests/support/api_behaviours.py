"""What a stand-in for an OpenAI-compatible API does with one request.

A *behaviour* is a function of one `Exchange`. `answer`, `stall`, `refuse` and the like make common ones; a
test that needs a broken server writes its own.
"""

import queue
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import Any

from tests.support.api_exchange import PATIENCE_SECONDS, Exchange

RETRY_AT_ONCE = {"retry-after-ms": "1"}

Behaviour = Callable[[Exchange], None]


def chunk(text: str | None = None, finish_reason: str | None = None) -> dict[str, Any]:
    """The payload of one chunk of a chat completion."""
    return {"model": "m", "choices": [{"delta": {"content": text}, "finish_reason": finish_reason}]}


def answer(
    texts: Sequence[str],
    *,
    delay: float = 0,
    finish: str = "stop",
    framing: str = "chunked",
    encoding: str = "",
    usage: dict[str, Any] | None = None,
) -> Behaviour:
    """Stream the texts, `delay` seconds before each, and end correctly."""

    def behaviour(exchange: Exchange) -> None:
        exchange.head(framing=framing, encoding=encoding)
        for text in texts:
            if delay and exchange.wait(delay):
                return
            exchange.chunk(text)
        exchange.finish(finish, usage)

    return behaviour


def numbered(number: int, **options: Any) -> Behaviour:
    """Stream `number` tokens, "0 ", "1 ", ..., which show at once if one is missing."""
    return answer([f"{index} " for index in range(number)], **options)


def ticking(delay: float) -> Behaviour:
    """Stream "0 ", "1 ", ..., `delay` seconds apart, until `server.release()`, and end correctly."""

    def behaviour(exchange: Exchange) -> None:
        exchange.head()
        end = time.monotonic() + 4 * PATIENCE_SECONDS
        for index in count():
            exchange.chunk(f"{index} ")
            if exchange.wait(delay):
                return
            if exchange.server.released.is_set() or time.monotonic() > end:
                break
        exchange.finish()

    return behaviour


def stall(texts: Sequence[str] = (), *, head: bool = True, framing: str = "chunked") -> Behaviour:
    """Send the texts, wait for `server.release()`, and end correctly. Without `head`, wait before sending."""

    def behaviour(exchange: Exchange) -> None:
        if not head:
            exchange.stall()
        exchange.head(framing=framing)
        for text in texts:
            exchange.chunk(text)
        if head:
            exchange.stall()
        exchange.finish()

    return behaviour


def refuse(status: int, error: Any = "no", headers: Mapping[str, str] | None = None) -> Behaviour:
    """Send an HTTP error. `error` is the content of OpenAI's `error` object, or only its message."""
    fields = error if isinstance(error, dict) else {"message": error, "type": None, "code": None}
    return lambda exchange: exchange.reply(status, {"error": fields}, headers)


def html_page(status: int) -> Behaviour:
    return lambda exchange: exchange.reply(status, "<html><h1>Bad gateway</h1></html>", RETRY_AT_ONCE)


def events(*payloads: Any, framing: str = "chunked") -> Behaviour:
    """Stream exactly these events and end: no other finish reason, no other [DONE]."""

    def behaviour(exchange: Exchange) -> None:
        exchange.head(framing=framing)
        for payload in payloads:
            exchange.event(payload)
        exchange.end()

    return behaviour


def nonsense(exchange: Exchange) -> None:
    """An API whose metadata is longer than any column and contains what no database databases."""
    exchange.head()
    exchange.chunk("Fine. ", model="m\0\ud800" * 200)
    exchange.chunk(finish_reason="\0\ud800" + "stop" * 50)
    exchange.event({"choices": [], "usage": {"prompt_tokens": 2**70, "completion_tokens": -1}})
    exchange.done()


class Dictation:
    """A behaviour that sends a piece of text, of reasoning or a source whenever the test dictates one."""

    def __init__(self) -> None:
        self.sent = ""
        self._pieces: queue.SimpleQueue[str | dict[str, Any] | None] = queue.SimpleQueue()

    def __call__(self, exchange: Exchange) -> None:
        exchange.head()
        while not exchange.closed.is_set():
            with suppress(queue.Empty):
                piece = self._pieces.get(timeout=0.05)
                if piece is None:
                    return exchange.finish()
                exchange.chunk(piece)

    def say(self, piece: str) -> str:
        self.sent += piece
        self._pieces.put(piece)
        return piece

    def think(self, piece: str) -> str:
        self._pieces.put({"reasoning_content": piece})
        return piece

    def cite(self, url: str, title: str) -> None:
        citation = {"type": "url_citation", "url_citation": {"url": url, "title": title}}
        self._pieces.put({"annotations": [citation]})

    def end(self) -> None:
        self._pieces.put(None)
