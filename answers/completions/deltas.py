"""What OpenAI-compatible servers really send: one JSON value in, what it means out. No network, no state.

The first choice counts. Reasoning is kept apart from the answer. Unknown fields are ignored.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, as the API counted them."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None


class Delta(NamedTuple):
    text: str = ""
    reasoning: str = ""
    finish_reason: str | None = None
    usage: Usage | None = None
    model: str | None = None
    error: Any = None  # the API's error object, or its text
    done: bool = False  # nothing more will come: `[DONE]`, or a whole completion in one piece


DONE = Delta(done=True)


def read_delta(payload: Any) -> Delta:
    """Read a chunk of a stream, or a whole completion: they differ in `delta` and `message` only."""
    if not isinstance(payload, dict):
        return Delta(error=payload)
    error = payload.get("error") or None
    if error is None and payload.get("object") == "error":  # vLLM
        error = payload
    choices = payload.get("choices")  # absent, null or [] beside usage or filter results
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        choice = {}
    # Perplexity sends both in each chunk, and its message is all text so far: a delta goes first.
    part = choice.get("delta")
    if not isinstance(part, dict):
        part = choice.get("message")
    if not isinstance(part, dict):
        part = {}
    usage = payload.get("usage")
    model = payload.get("model")
    finish_reason = choice.get("finish_reason")
    return Delta(
        text=_text(part.get("content")) or _text(part.get("refusal")) or _text(choice.get("text")),
        reasoning=_text(part.get("reasoning_content")) or _text(part.get("reasoning")),
        finish_reason=finish_reason if finish_reason and isinstance(finish_reason, str) else None,
        usage=_usage(usage) if isinstance(usage, dict) else None,
        model=model if model and isinstance(model, str) else None,
        error=error,
    )


def _text(content: Any) -> str:
    """Content is a string, null, or (Mistral and others) a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(_text(part.get("text")) for part in content if isinstance(part, dict))
    return ""


def _usage(usage: dict[str, Any]) -> Usage:
    def count(name: str) -> int | None:
        value = usage.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    return Usage(count("prompt_tokens"), count("completion_tokens"), count("total_tokens"))
