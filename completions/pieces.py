"""The pieces of an answer as they arrive, and what is known about it at the end."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple


class Activity(NamedTuple):
    """What happens before the text."""

    name: Literal["thinking", "searching", "retrying"]
    retry_after: float | None = None  # seconds until the next attempt, if `retrying`


class Piece(NamedTuple):
    """What arrived last. At least one field is set."""

    text: str = ""
    reasoning: str = ""
    activity: Activity | None = None
    # The text starts over: all earlier text was reasoning, and `reasoning` contains it again. Some servers
    # send reasoning without an opening tag, so only the closing `</think>` shows what it was.
    restarts: bool = False


NOTHING = Piece()
PARAGRAPH = "\n\n"  # between two messages of an answer, and between two parts of the reasoning


class Source(NamedTuple):
    """A page that the answer cites. The URL begins with http:// or https://."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, as the API counted them, and what they cost."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None  # reasoning included
    total_tokens: int | None = None
    cached_tokens: int | None = None  # of the prompt tokens
    reasoning_tokens: int | None = None  # of the completion tokens
    cost: Decimal | None = None  # in the provider's currency, as OpenRouter bills it
