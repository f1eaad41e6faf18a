"""One answer while this process runs it: the object that a thread, the event loop and the journal share.

There is no lock; each field has one writer.

- The thread appends to `incoming` and may be the first to `conclude`.
- The loop moves `incoming` into `text` and sets `ended` once nothing more will be added.
- The journal sets `saved` and `start_saved`.

`text` is replaced, never changed, so whoever reads it has a consistent value.
"""

import math
import time
from collections import deque
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from answers import events
from answers.completions import Completion, Prompt
from answers.events import Event
from answers.outcome import Outcome

# What a token is depends on the model; in English it is about four characters (OpenAI's rule of thumb).
CHARS_PER_TOKEN = 4

# A group carries all text since the last save, so that it heals whatever came before it. Above this many
# code points it carries the new text alone: else an API that sends a megabyte at once would be sent over
# and over. Whoever misses some then waits for the next save.
HEALING_CHARS = 16_384


class RunningAnswer:
    def __init__(self, id: UUID, user_id: int, prompt: Prompt, model_label: str = "") -> None:
        self.id, self.user_id, self.prompt, self.model_label = id, user_id, prompt, model_label
        self.completion: Completion | None = None  # from when a thread takes it
        self.model = ""  # as the API is asked for it
        self.accepted = time.monotonic()
        self.started_at: datetime | None = None
        self.ahead: int | None = None  # as last told to its followers
        self.first_text_seconds: float | None = None
        self.seconds: float | None = None

        self.incoming: deque[str] = deque()
        self.woken = False  # the relay has it in hand
        self.text = ""
        self.saved = 0  # so many code points are certainly in the store
        self.start_saved = False
        self.ended = False
        self._outcomes: deque[Outcome] = deque()

    def conclude(self, outcome: Outcome) -> None:
        """Say how it ended, from any thread: a stop, the thread, a shutdown. The first to say so is right."""
        self._outcomes.append(outcome)  # appending is atomic, where "if not set: set" is not

    @property
    def outcome(self) -> Outcome | None:
        return self._outcomes[0] if self._outcomes else None

    @property
    def shown_model(self) -> str:
        return self.model_label or self.model

    def collect(self) -> str:
        """Move what came into `text` and return it. On the loop only."""
        pieces = []
        while self.incoming:
            pieces.append(self.incoming.popleft())
        new = "".join(pieces)
        if new and not self.ended:
            if self.first_text_seconds is None:
                self.first_text_seconds = time.monotonic() - self.accepted
            self.text += new
            return new
        return ""

    def group(self, new: str) -> Event:
        """The token group that brings `new`, with what was not saved yet before it."""
        base = self.saved
        if len(self.text) - base > HEALING_CHARS:
            base = len(self.text) - len(new)
        return events.text(self.id, base, self.text[base:])

    def end_fields(self) -> dict[str, Any]:
        """The row's fields at the end, but for its text."""
        outcome = self._outcomes[0]
        return {
            **asdict(outcome),
            **self._estimated_tokens(outcome),
            "model": outcome.model or self.model,
            "started_at": self.started_at,
            "seconds": self.seconds,
            "first_text_seconds": self.first_text_seconds,
        }

    def _estimated_tokens(self, outcome: Outcome) -> dict[str, Any]:
        """A stream that was cut or stopped never brings its usage, and is billed all the same."""
        was_counted = outcome.prompt_tokens is not None or outcome.completion_tokens is not None
        if was_counted or not self.text:
            return {}
        return {
            "prompt_tokens": math.ceil(self.prompt.chars / CHARS_PER_TOKEN),
            "completion_tokens": math.ceil(len(self.text) / CHARS_PER_TOKEN),
            "tokens_estimated": True,
        }
