"""What one payload contains of the answer, and small readers for payloads of every format."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from completions.pieces import Source, Usage

REASONING_PARTS = ("thinking", "reasoning")  # the types of parts in `content`: Mistral's, and others'

Doing = Literal["thinking", "searching"]


@dataclass(slots=True)
class Delta:
    text: str = ""
    reasoning: str = ""
    finish_reason: str | None = None
    usage: Usage | None = None
    model: str | None = None
    response_id: str | None = None
    error: Any = None  # the API's error object, or its text
    sources: Sequence[Source] = ()
    activity: Doing | None = None
    alive: bool = False  # the model is working, although it sent neither text nor reasoning
    needs_end: bool = False  # the stream must end with a terminal event; without one, the reply was cut
    done: bool = False  # nothing follows: this is `[DONE]`, a terminal event, or a whole JSON object

    @property
    def has_output(self) -> bool:
        """Whether this resets the silence deadline."""
        return bool(self.text or self.reasoning or self.alive)


def text_of(content: Any) -> str:
    """Content is a string, null, or (Mistral and others) a list of parts, some of which hold reasoning."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = (
            part for part in content if isinstance(part, dict) and part.get("type") not in REASONING_PARTS
        )
        return "".join(text_of(part.get("text")) for part in parts)
    return ""


def name_of(value: Any) -> str | None:
    return value if value and isinstance(value, str) else None
