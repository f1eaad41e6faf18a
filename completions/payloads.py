"""Reads payloads: what one JSON object from the API contains of the answer. No network.

`PayloadReader` knows what OpenAI-compatible servers really send, in all three APIs. It recognizes the API by
the payload: chunks have `choices`, events of the Responses API have a `type` (see `responses`). Only choice 0
counts, reasoning is kept apart from the answer, and unknown fields are ignored.
"""

from collections.abc import Iterator
from typing import Any

from completions.delta import REASONING_PARTS, Delta, name_of, text_of
from completions.responses import ResponsesReader
from completions.sources import read_sources
from completions.usage import read_usage

# Fields that a chunk's part may have besides its text.
PART_FIELDS = ("reasoning_content", "reasoning", "reasoning_details", "annotations")


class PayloadReader:
    """Reads the payloads of one reply, in order."""

    def __init__(self) -> None:
        self._responses = ResponsesReader()
        self._has_begun = False  # the first payload contains the model and the id

    def read_text(self, payload: dict[str, Any]) -> str | None:
        """Return the text of a chunk that has nothing else: a faster `read`, enough for most tokens."""
        choices = payload.get("choices")
        if choices is None:
            return self._responses.read_text(payload)
        if not self._has_begun or not isinstance(choices, list) or len(choices) != 1:
            return None
        choice = choices[0]
        if not isinstance(choice, dict) or choice.get("index") or choice.get("finish_reason"):
            return None
        part = choice.get("delta")
        if not isinstance(part, dict):
            return None
        if len(part) > 1 and any(map(part.get, PART_FIELDS)):
            return None
        if (
            payload.get("usage")
            or payload.get("error")
            or payload.get("citations")
            or payload.get("search_results")
        ):
            return None
        text = part.get("content")
        return text if isinstance(text, str) else None

    def read(self, payload: Any, event_type: bytes = b"") -> Delta:
        """`event_type` comes from the `event:` line; the payload's own `type` takes precedence."""
        if not isinstance(payload, dict):
            return Delta(error=payload)
        if not payload.get("choices"):
            type_ = name_of(payload.get("type")) or event_type.decode("utf-8", "replace")
            if type_.startswith("response.") or payload.get("object") == "response":
                return self._responses.read(payload, type_)
            if type_ == "error":
                return Delta(error=payload)
        self._has_begun = True
        return read_chunk(payload)


def read_chunk(payload: dict[str, Any]) -> Delta:
    """Read a chunk or a whole completion, chat or legacy. They differ only in `delta` and `message`."""
    error = payload.get("error") or None
    if error is None and payload.get("object") == "error":  # vLLM
        error = payload
    choice = _choice(payload.get("choices"))
    part = _part(choice)
    content = part.get("content")
    return Delta(
        text=text_of(content) or text_of(part.get("refusal")) or text_of(choice.get("text")),
        reasoning=_reasoning(part, content),
        finish_reason=name_of(choice.get("finish_reason")),
        usage=read_usage(payload.get("usage")),
        model=name_of(payload.get("model")),
        response_id=name_of(payload.get("id")),
        error=error,
        sources=(
            *read_sources(part.get("annotations")),
            *read_sources(payload.get("search_results")),  # Perplexity, in each chunk
            *read_sources(payload.get("citations")),
        ),
    )


def _choice(choices: Any) -> dict[str, Any]:
    """Choice 0, at any place in the list. Some servers send others, although we ask for one."""
    if not isinstance(choices, list):  # absent, null or [] in chunks with usage or filter results
        return {}
    found = (one for one in choices if isinstance(one, dict) and not one.get("index"))
    return next(found, {})


def _part(choice: dict[str, Any]) -> dict[str, Any]:
    """The object with the text. A `message` beside `delta` (Perplexity) or `text` repeats all text so far."""
    if isinstance(delta := choice.get("delta"), dict):
        return delta
    if isinstance(choice.get("text"), str):
        return {name: value for name, value in choice.items() if name in ("reasoning", "reasoning_content")}
    message = choice.get("message")
    return message if isinstance(message, dict) else {}


def _reasoning(part: dict[str, Any], content: Any) -> str:
    """The reasoning, in any format. Servers that know several formats send the same text in each."""
    return (
        text_of(part.get("reasoning_content"))  # DeepSeek, llama.cpp
        or text_of(part.get("reasoning"))  # OpenRouter, vLLM
        or "".join(_details(part.get("reasoning_details")))  # OpenRouter, MiniMax
        or "".join(_thinking(content))  # Mistral
    )


def _details(details: Any) -> Iterator[str]:
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict):
            yield text_of(detail.get("text")) or text_of(detail.get("summary"))


def _thinking(content: Any) -> Iterator[str]:
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and part.get("type") in REASONING_PARTS:
            yield text_of(part.get("thinking")) or text_of(part.get("text"))
