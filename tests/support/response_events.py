"""The events of the Responses API as a stand-in sends them: all that a client must know, in any order.

Each method sends what a real server sends at that moment: items and parts are opened when their first delta
comes and closed when something else does, and the terminal event repeats everything.
"""

import json
from collections.abc import Callable
from typing import Any

Item = dict[str, Any]

INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
USAGE_NAMES = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"}


class ResponseEvents:
    """One response. `send` gets the name and the payload of each event."""

    def __init__(self, send: Callable[[str, Item], None]) -> None:
        self._send = send
        self._sequence = 0
        self._open: tuple[str, str] | None = None  # the type of the open item, and of its part
        self.response: Item = {"id": "resp_1", "object": "response", "model": "stand-in", "output": []}
        self.began = self.ended = False

    @property
    def output(self) -> list[Item]:
        items: list[Item] = self.response["output"]
        return items

    @property
    def place(self) -> Item:
        """The names of the last item."""
        return {"item_id": self.output[-1]["id"], "output_index": len(self.output) - 1}

    def event(self, type_: str, **fields: Any) -> None:
        """Send any event, in its place in the order."""
        self._sequence += 1
        self._send(type_, {"type": type_, "sequence_number": self._sequence, **fields})

    def begin(self) -> None:
        if not self.began:
            self.began = True
            for name in ("response.created", "response.in_progress"):
                self.event(
                    name, response=self.response | {"status": "in_progress", "usage": None, "error": None}
                )

    def text(self, text: str, *, kind: str = "output_text", new_message: bool = False) -> None:
        """A delta of the text or, with kind "refusal", of a refusal."""
        field = "text" if kind == "output_text" else "refusal"
        self._enter("message", kind, new=new_message)
        self.output[-1]["content"][-1][field] += text
        index = len(self.output[-1]["content"]) - 1
        self.event(f"response.{kind}.delta", **self.place, content_index=index, delta=text, logprobs=[])

    def refusal(self, text: str) -> None:
        self.text(text, kind="refusal")

    def reasoning(self, text: str) -> None:
        """The reasoning itself, as open models show it."""
        self._enter("reasoning", "reasoning_text")
        self.output[-1]["content"][-1]["text"] += text
        self.event("response.reasoning_text.delta", **self.place, content_index=0, delta=text)

    def summary(self, text: str, *, index: int = 0) -> None:
        """A summary of the reasoning, as OpenAI shows it."""
        self._enter("reasoning", "")
        parts = self.output[-1]["summary"]
        if index == len(parts):
            parts.append({"type": "summary_text", "text": ""})
            self.event(
                "response.reasoning_summary_part.added", **self.place, summary_index=index, part=parts[-1]
            )
        parts[index]["text"] += text
        self.event("response.reasoning_summary_text.delta", **self.place, summary_index=index, delta=text)

    def think(self) -> None:
        """An item of reasoning of which nothing is shown."""
        self._enter("reasoning", "")

    def search(self) -> None:
        """A web search, from its beginning to its end."""
        self._enter("web_search_call", "")
        for state in ("in_progress", "searching", "completed"):
            self.event(f"response.web_search_call.{state}", **self.place)

    def annotation(self, url: str, title: str | None = None) -> None:
        """A source of the text so far."""
        self._enter("message", "output_text")
        annotation = {"type": "url_citation", "url": url, "title": title, "start_index": 0, "end_index": 1}
        self.output[-1]["content"][-1]["annotations"].append(annotation)
        self.event(
            "response.output_text.annotation.added",
            **self.place,
            content_index=0,
            annotation_index=0,
            annotation=annotation,
        )

    def end(self, finish_reason: str = "stop", usage: dict[str, Any] | None = None, **fields: Any) -> None:
        """The terminal event. `fields` replace those of the response."""
        self.begin()
        self._leave()
        self.ended = True
        status = "incomplete" if finish_reason in INCOMPLETE else "completed"
        status = "failed" if finish_reason == "error" else status
        self.response["status"] = status
        if status == "incomplete":
            self.response["incomplete_details"] = {"reason": INCOMPLETE[finish_reason]}
        if status == "failed":
            self.response["error"] = {"code": "server_error", "message": "failed"}
        if usage is not None:
            self.response["usage"] = {USAGE_NAMES.get(name, name): count for name, count in usage.items()}
        self.response |= fields
        self.event(f"response.{status}", response=self.response)

    def end_with_text(self, *texts: str, **options: Any) -> None:
        """The terminal event with messages that no delta has brought."""
        self.begin()
        self._leave()
        for text in texts:
            part = {"type": "output_text", "text": text, "annotations": []}
            self.output.append({"type": "message", "id": f"item_{len(self.output)}", "content": [part]})
        self.end(**options)

    def error(self, code: str, message: str) -> None:
        """An error outside the response, whose fields are at the top level."""
        self.ended = True
        self.event("error", code=code, message=message, param=None)

    def chunk(self, delta: Any, finish_reason: str | None, fields: Item) -> None:
        """What a chunk of a chat completion says."""
        self.begin()
        self.response |= fields
        delta = {"content": delta} if isinstance(delta, str) else delta or {}
        if text := delta.get("content"):
            self.text(text)
        if text := delta.get("refusal"):
            self.refusal(text)
        if text := delta.get("reasoning_content") or delta.get("reasoning"):
            self.reasoning(text)
        if finish_reason:
            self.end(finish_reason)

    def _enter(self, item: str, part: str, *, new: bool = False) -> None:
        """Open the item and the part, unless they are open."""
        self.begin()
        if self._open is None or self._open[0] != item or new:
            self._leave()
            fresh: Item = {"type": item, "id": f"item_{len(self.output)}", "content": []}
            self.output.append(fresh | ({"summary": []} if item == "reasoning" else {}))
            self.event("response.output_item.added", output_index=len(self.output) - 1, item=self.output[-1])
        if part and (self._open is None or self._open[1] != part):
            content: Item = {"refusal": ""} if part == "refusal" else {"text": "", "annotations": []}
            self.output[-1]["content"].append({"type": part} | content)
            index = len(self.output[-1]["content"]) - 1
            self.event(
                "response.content_part.added",
                **self.place,
                content_index=index,
                part=self.output[-1]["content"][-1],
            )
        self._open = (item, part)

    def _leave(self) -> None:
        """Close what is open, which repeats all of it."""
        if self._open is None:
            return
        for index, part in enumerate(self.output[-1]["content"]):
            if part["type"] == "output_text":
                self.event("response.output_text.done", **self.place, content_index=index, text=part["text"])
            self.event("response.content_part.done", **self.place, content_index=index, part=part)
        self.event("response.output_item.done", output_index=len(self.output) - 1, item=self.output[-1])
        self._open = None


def stream(send_named: bool = True, **removed: Any) -> tuple[ResponseEvents, list[bytes]]:
    """A response whose events gather in the list. `removed` fields are set to these values in every event."""
    gathered: list[bytes] = []

    def send(name: str, payload: dict[str, Any]) -> None:
        payload = payload | {key: value for key, value in removed.items() if key in payload}
        line = f"event: {name}\n" if send_named else ""
        gathered.append(f"{line}data: {json.dumps(payload)}\n\n".encode())

    return ResponseEvents(send), gathered
