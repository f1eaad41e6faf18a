"""One answer while this process runs it. A thread, the event loop and the saver share the object.

There is no lock, since each field has one writer:

- The thread appends to `incoming`, and may be the first to call `finish_with`.
- The loop moves `incoming` into `text`, and sets `ended` once nothing more will be added.
- The saver sets `saved`.

`text` is replaced, never changed in place, so every reader sees a consistent value.
"""

import math
import time
from collections import deque
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from answers import protocol
from answers.engine.outcome import Outcome
from answers.models import Answer
from answers.protocol import Event
from completions import Completion, Prompt

# Each model has its own tokens; in English, one is about four characters (OpenAI's rule of thumb).
CHARS_PER_TOKEN = 4

# A batch contains all text since the last save, so that it makes up for any lost batches. Above this many
# code points it contains only the new text: otherwise, a megabyte that an API sends at once would be sent
# again and again. Followers that miss some of it then read it from the database.
CATCH_UP_CHARS = 16_384


class RunningAnswer:
    def __init__(self, row: Answer, prompt: Prompt) -> None:
        self.id, self.user_id, self.prompt, self.model_label = row.pk, row.user_id, prompt, row.model_label
        self.model = row.model  # the name that the API knows
        self.started_at = row.started_at
        # By this process's clock, although another one may have accepted the question.
        self.accepted = time.monotonic() - max(0.0, (timezone.now() - row.asked_at).total_seconds())
        self.completion: Completion | None = None  # once it is in a thread
        self.first_text_seconds: float | None = None
        self.seconds: float | None = None

        self.incoming: deque[str] = deque()
        self.signalled = False  # the relay is going to collect its text
        self.text = ""
        self.saved = 0  # how many code points are known to be in the database
        self.ended = False
        self._outcomes: deque[Outcome] = deque()

    def finish_with(self, outcome: Outcome) -> None:
        """Set the outcome, from any thread: a stop, the reading thread or a shutdown. The first call wins."""
        self._outcomes.append(outcome)  # appending is atomic; "if not set: set" is not

    @property
    def outcome(self) -> Outcome | None:
        return self._outcomes[0] if self._outcomes else None

    @property
    def shown_model(self) -> str:
        return self.model_label or self.model

    def collect(self) -> str:
        """Move what has arrived to `text` and return it. Call it on the loop."""
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

    def batch(self, new: str) -> Event:
        """The event with `new`, after any text that is not saved yet."""
        base = self.saved
        if len(self.text) - base > CATCH_UP_CHARS:
            base = len(self.text) - len(new)
        return protocol.text(self.id, base, self.text[base:])

    def end_fields(self) -> dict[str, Any]:
        """The fields of the row at the end, without its text."""
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
        """A stream that was cut off or stopped never reports its usage, but is billed all the same."""
        was_counted = outcome.prompt_tokens is not None or outcome.completion_tokens is not None
        if was_counted or not self.text:
            return {}
        return {
            "prompt_tokens": math.ceil(self.prompt.chars / CHARS_PER_TOKEN),
            "completion_tokens": math.ceil(len(self.text) / CHARS_PER_TOKEN),
            "tokens_estimated": True,
        }
