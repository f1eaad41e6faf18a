"""What an answer consists of: its pieces as they arrive, and what is known about it at its end."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple


class Activity(NamedTuple):
    """A sign of life before the text."""

    name: Literal["thinking", "searching", "retrying"]
    retry_after: float | None = None  # seconds until the next attempt, if `retrying`


class Piece(NamedTuple):
    """What arrived last. At least one field is set."""

    text: str = ""
    reasoning: str = ""
    activity: Activity | None = None
    # Everything that came as text before was reasoning, and `reasoning` has it again: the text begins anew.
    # Some servers send reasoning without an opening tag, and only the closing `</think>` tells what it was.
    restarts: bool = False


NOTHING = Piece()


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
