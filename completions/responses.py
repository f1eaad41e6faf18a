"""Reads the events of the Responses API, and a whole response in one JSON object.

A response has items: reasoning, web searches, messages. A message has parts. Events refer to items and parts
by index. The terminal event repeats all items, and some servers send the text only there. So a part is read
from it if no delta contained it.
"""

from collections.abc import Callable, Iterator
from typing import Any

from completions.delta import Delta, name_of, text_of
from completions.growing_text import GrowingText
from completions.pieces import PARAGRAPH
from completions.sources import read_source, read_sources
from completions.usage import read_usage

INCOMPLETE_REASONS = {
    "max_output_tokens": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
}
TEXT_DELTA = "response.output_text.delta"
KEPT_CHARS = 2_000_000  # of the text, to compare; a terminal event with more does not fit into a line
MAX_MISSES = 100  # parts of the terminal event that are looked for in vain

Place = tuple[int | str, int]  # of a part: the item's index, or its id, and the part's own index


class ResponsesReader:
    """Reads the events of one response, in order."""

    def __init__(self) -> None:
        self._texts: dict[Place, GrowingText] = {}
        self._chars = 0  # of all texts
        self._place: Place | None = None  # of the last text
        self._summary: Place | None = None
        self._has_reasoning = False

    def read_text(self, payload: dict[str, Any]) -> str | None:
        """Return the text of a delta for the same part as the last one: a faster `read` for most tokens."""
        place = self._place
        if place is None or payload.get("type") != TEXT_DELTA or payload.get("output_index") != place[0]:
            return None
        text = payload.get("delta")
        if not isinstance(text, str) or payload.get("content_index") != place[1]:
            return None
        self._keep(place, text)
        return text

    def read(self, payload: dict[str, Any], type_: str) -> Delta:
        if read := self._readers.get(type_):
            delta = read(self, payload)
        elif payload.get("object") == "response":
            return self._read_whole(payload)
        else:
            delta = _about(_dict(payload.get("response")))
        delta.needs_end = True
        return delta

    def _read_text(self, payload: dict[str, Any]) -> Delta:
        text = text_of(payload.get("delta"))
        return Delta(text=self._add_text(_place(payload, "content_index"), text) if text else "")

    def _add_text(self, place: Place, text: str) -> str:
        begins = self._place is not None and place[0] != self._place[0]
        self._place = place
        self._texts.setdefault(place, GrowingText())
        self._keep(place, text)
        return PARAGRAPH + text if begins else text

    def _keep(self, place: Place, text: str) -> None:
        self._chars += len(text)
        if self._chars <= KEPT_CHARS:
            self._texts[place].append(text)

    def _read_reasoning(self, payload: dict[str, Any]) -> Delta:
        text = text_of(payload.get("delta"))
        number = "content_index" if payload.get("summary_index") is None else "summary_index"
        return Delta(reasoning=self._add_reasoning(_place(payload, number), text) if text else "")

    def _add_reasoning(self, place: Place, text: str) -> str:
        begins = self._has_reasoning and place != self._summary
        self._has_reasoning, self._summary = True, place
        return PARAGRAPH + text if begins else text

    def _read_item(self, payload: dict[str, Any]) -> Delta:
        thinks = _dict(payload.get("item")).get("type") == "reasoning"
        return Delta(activity="thinking" if thinks else None)

    def _read_annotation(self, payload: dict[str, Any]) -> Delta:
        source = read_source(payload.get("annotation"))
        return Delta(sources=[source] if source else [])

    def _read_search(self, payload: dict[str, Any]) -> Delta:
        return Delta(activity="searching", alive=True)

    def _read_search_end(self, payload: dict[str, Any]) -> Delta:
        return Delta(alive=True)

    def _read_completed(self, payload: dict[str, Any]) -> Delta:
        """Some servers send this event at any end (vLLM). Then the response itself says which."""
        response = _dict(payload.get("response"))
        if response.get("status") == "incomplete":
            return self._read_incomplete(payload)
        if response.get("status") in ("failed", "cancelled"):
            return self._read_failed(payload)
        return self._finish(response, "stop")

    def _read_incomplete(self, payload: dict[str, Any]) -> Delta:
        response = _dict(payload.get("response"))
        reason = name_of(_dict(response.get("incomplete_details")).get("reason"))
        delta = self._finish(response, INCOMPLETE_REASONS.get(reason or "", "error"))
        if delta.finish_reason == "error":
            delta.error = {"code": "server_error", "message": f"incomplete: {reason}"}
        return delta

    def _read_failed(self, payload: dict[str, Any]) -> Delta:
        response = _dict(payload.get("response"))
        delta = _about(response)
        delta.error = response.get("error") or payload.get("error") or {"message": "response.failed"}
        return delta

    def _read_whole(self, response: dict[str, Any]) -> Delta:
        """A response in one piece, although we asked for a stream."""
        readers = {"completed": self._read_completed, "incomplete": self._read_incomplete}
        return readers.get(str(response.get("status")), self._read_failed)({"response": response})

    def _finish(self, response: dict[str, Any], finish_reason: str) -> Delta:
        """Read what no delta contained."""
        delta = _about(response)
        delta.finish_reason, delta.done = finish_reason, True
        for place, text in [] if self._has_reasoning else list(_summaries(response)):
            delta.reasoning += self._add_reasoning(place, text)
        # A server may count differently in its deltas, or have fewer parts there. Then the text itself shows
        # that it has been read. Each text counts once.
        known, start, misses = "".join(map(str, self._texts.values())), 0, 0
        parts = list(_parts(response))
        for place, part in parts:
            text = text_of(part.get("text")) or text_of(part.get("refusal"))
            words = text.strip()
            found = known.find(words, start) if words and misses < MAX_MISSES else -1
            if found >= 0:
                start = found + len(words)
                continue
            misses += 1
            if words and place not in self._texts:
                delta.text += self._add_text(place, text)
        delta.sources = [source for _, part in parts for source in read_sources(part.get("annotations"))]
        return delta

    _readers: dict[str, Callable[["ResponsesReader", dict[str, Any]], Delta]] = {
        TEXT_DELTA: _read_text,
        "response.refusal.delta": _read_text,
        "response.reasoning_summary_text.delta": _read_reasoning,
        "response.reasoning_text.delta": _read_reasoning,
        "response.output_item.added": _read_item,
        "response.output_text.annotation.added": _read_annotation,
        "response.web_search_call.in_progress": _read_search,
        "response.web_search_call.searching": _read_search,
        "response.web_search_call.completed": _read_search_end,
        "response.completed": _read_completed,
        "response.incomplete": _read_incomplete,
        "response.failed": _read_failed,
    }


def _about(response: dict[str, Any]) -> Delta:
    return Delta(
        usage=read_usage(response.get("usage")),
        model=name_of(response.get("model")),
        response_id=name_of(response.get("id")),
    )


def _parts(response: dict[str, Any]) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The parts of all messages."""
    for index, item in _dicts(response.get("output")):
        if item.get("type") == "message":
            for number, part in _dicts(item.get("content")):
                yield (index, number), part


def _summaries(response: dict[str, Any]) -> Iterator[tuple[Place, str]]:
    """The reasoning of all items: its summaries or, if the server shows it, its text."""
    for index, item in _dicts(response.get("output")):
        if item.get("type") == "reasoning":
            for number, part in list(_dicts(item.get("summary"))) or list(_dicts(item.get("content"))):
                if text := text_of(part.get("text")):
                    yield (index, number), text


def _dicts(values: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    for index, value in enumerate(values if isinstance(values, list) else ()):
        if isinstance(value, dict):
            yield index, value


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _place(payload: dict[str, Any], number: str) -> Place:
    """Where a delta belongs. If an index is null or absent, the item's id replaces it, or 0 for a part."""
    item, part = payload.get("output_index"), payload.get(number)
    if not isinstance(item, int):
        item = str(payload.get("item_id"))
    return item, part if isinstance(part, int) else 0
