"""One answer while this process runs it. A thread, the event loop and the saver share the object.

There is no lock, because each field has one writer:

- The thread appends to `incoming`, and may be the first to call `finish_with`.
- The loop moves `incoming` into `content`, and sets `ended` once nothing more will be added.
- The saver sets `saved`.

`content` and `saved` are replaced, never changed in place, so every reader sees parts that belong together.
"""

import logging
import math
import time
from collections import deque
from typing import Any, NamedTuple

from django.utils import timezone

from answers import protocol
from answers.engine.answer_log import log_start
from answers.engine.model_options import find_option
from answers.engine.outcome import Outcome, api_facts, cost_by_price
from answers.models import Answer, Status
from answers.protocol import Event
from completions import Activity, Completion, Piece, Prompt
from completions.errors import TimedOut

log = logging.getLogger(__name__)

# Each model has its own tokens; in English, one is about four characters (OpenAI's rule of thumb).
CHARS_PER_TOKEN = 4

# A batch contains all text since the last save, so that it makes up for any lost batches. Above this many
# code points it contains only the new text: otherwise, a megabyte that an API sends at once would be sent
# again and again. Followers that miss some of it then read it from the database.
CATCH_UP_CHARS = 16_384

THINKING = Activity("thinking")


class Content(NamedTuple):
    """What the model has written so far."""

    edition: int = 0  # how often the text has started over
    text: str = ""
    reasoning: str = ""

    def fields(self) -> dict[str, Any]:
        """As fields of the row."""
        return {"edition": self.edition, "text": self.text, "reasoning": self.reasoning}


class Saved(NamedTuple):
    """How much of the content is known to be in the database, in code points. `text` is of this edition."""

    edition: int = 0
    text: int = 0
    reasoning: int = 0


class RunningAnswer:
    def __init__(self, row: Answer, prompt: Prompt, planned_turns: int = 0) -> None:
        self.id, self.user_id, self.prompt, self.model_label = row.pk, row.user_id, prompt, row.model_label
        self.option = find_option(row.model)
        self.planned_turns = planned_turns  # how many earlier turns should be sent
        self.asked_at, self.started_at = row.asked_at, row.started_at
        # By this process's clock, although another one may have accepted the question.
        self.accepted = time.monotonic() - max(0.0, (timezone.now() - row.asked_at).total_seconds())
        self.completion: Completion | None = None  # once it is in a thread
        self.first_text_seconds: float | None = None

        self.incoming: deque[Piece] = deque()
        self.signalled = False  # the relay is going to collect its text
        self.content = Content()
        self.activity: Activity | None = None  # the latest since the last text
        self._activity_at = 0.0  # when it arrived
        self.saved = Saved()
        self.ended = False
        self.end_is_saved = False  # set by the saver, which then leaves it alone
        self.end_fields: dict[str, Any] = {}  # of the row, without its content; set when it ends
        self._outcomes: list[Outcome] = []

    def finish_with(self, outcome: Outcome) -> None:
        """Set the outcome, from any thread: a stop, the reading thread or a shutdown. The first call wins."""
        self._outcomes.append(outcome)  # appending is atomic; "if not set: set" is not

    @property
    def outcome(self) -> Outcome | None:
        return self._outcomes[0] if self._outcomes else None

    @property
    def is_unsaved(self) -> bool:
        """Whether the database lacks text of it, or its end."""
        edition, text, reasoning = self.content
        return self.ended or self.saved != (edition, len(text), len(reasoning))

    @property
    def shown_model(self) -> str:
        return self.model_label or self.option.name

    def log_start(self) -> None:
        waited_seconds = time.monotonic() - self.accepted
        turns = self.planned_turns
        log_start(self.id, model=self.option.name, turns=turns, waited_seconds=waited_seconds)

    @property
    def remaining_activity(self) -> Activity | None:
        """The activity for a page that comes now, with the seconds that are left until the next attempt."""
        if self.activity is None or self.activity.retry_after is None:
            return self.activity
        left = self.activity.retry_after - (time.monotonic() - self._activity_at)
        return self.activity._replace(retry_after=max(0.0, left))

    @property
    def sent_turns(self) -> int:
        """How many of the planned turns were sent: fewer if they were too long for the model."""
        return min(self.planned_turns, self.completion.sent_turns) if self.completion else self.planned_turns

    def collect(self) -> list[Event]:
        """Move what has arrived to `content`, and return the events with it. Call it on the loop."""
        pieces = []
        while self.incoming:
            pieces.append(self.incoming.popleft())
        if not pieces or self.ended:
            return []
        # One call for all pieces, because a loop in Python would cost more than everything else here.
        texts, reasoning, _, restarts = zip(*pieces, strict=True)
        edition, text, thoughts = self.content
        if has_restarted := True in restarts:
            edition += restarts.count(True)
            text = ""
            self.first_text_seconds = None  # what came before was reasoning
            texts = texts[len(restarts) - 1 - restarts[::-1].index(True) :]
        new_text, new_reasoning = "".join(texts), "".join(reasoning)
        if new_text and self.first_text_seconds is None:
            self.first_text_seconds = time.monotonic() - self.accepted
        self.content = Content(edition, text + new_text, thoughts + new_reasoning)
        events = []
        if new_reasoning:
            events.append(self._reasoning_batch(len(new_reasoning)))
        if new_text or has_restarted:
            events.append(self._text_batch(len(new_text)))
        before, self.activity = self.activity, _latest_activity(pieces)
        self._activity_at = time.monotonic()
        # Each retry is announced, because each has its own countdown.
        if self.activity and (self.activity != before or self.activity.name == "retrying"):
            # Before the reasoning that belongs to it, but after any text.
            events.insert(len(events) if new_text else 0, protocol.activity(self.id, self.activity))
        return events

    def _text_batch(self, new: int) -> Event:
        """The event with the last `new` code points, after any text that is not saved yet."""
        edition, text, _ = self.content
        base = self.saved.text if self.saved.edition == edition else 0
        if len(text) - base > CATCH_UP_CHARS:
            base = len(text) - new
        event = protocol.text(self.id, base, text[base:], edition)
        if saved := self.saved.reasoning:
            event["saved_reasoning"] = saved  # so that a follower that has less reads it from the database
        return event

    def _reasoning_batch(self, new: int) -> Event:
        reasoning, base = self.content.reasoning, self.saved.reasoning
        if len(reasoning) - base > CATCH_UP_CHARS:
            base = len(reasoning) - new
        return protocol.reasoning(self.id, base, reasoning[base:])

    def end(self) -> None:
        """Nothing is added from here on. Call it on the loop, once there is an outcome."""
        try:
            facts = api_facts(self.completion) if self.completion is not None else {}
        except Exception:  # the answer must end, whatever the API sent
            log.exception("could not read what the API reported about answer %s", self.id)
            facts = {}
        if facts.get("prompt_tokens") is None and facts.get("completion_tokens") is None:
            facts |= self._estimated_tokens()
        if facts.get("cost") is None:
            tokens = (facts.get(f"{name}_tokens") for name in ("prompt", "completion", "cached"))
            facts["cost"] = cost_by_price(self.option.price, *tokens)
        self.end_fields = {
            **self._outcomes[0].fields(),
            **facts,
            "model": facts.get("model") or self.option.name,
            "sent_turns": self.sent_turns,
            "started_at": self.started_at,
            "seconds": time.monotonic() - self.accepted,
            "first_text_seconds": self.first_text_seconds,
        }
        self.ended = True

    @property
    def _gave_up_on_api(self) -> bool:
        """Whether a stop, a shutdown or a deadline ended the wait for an API that had the prompt."""
        if self.completion is None or not self.completion.may_be_generating:
            return False
        outcome = self._outcomes[0]
        return outcome.status in (Status.STOPPED, Status.INTERRUPTED) or outcome.error_code == TimedOut.code

    def _estimated_tokens(self) -> dict[str, Any]:
        """A stream that was cut off or stopped never reports its usage, but is billed all the same.

        Before any text, the prompt is billed if the API had it when this process gave up.
        """
        _, text, reasoning = self.content
        if not text and not reasoning and not self._gave_up_on_api:
            return {}
        return {
            "prompt_tokens": math.ceil(self.prompt.chars / CHARS_PER_TOKEN),
            "completion_tokens": math.ceil((len(text) + len(reasoning)) / CHARS_PER_TOKEN),
            "tokens_estimated": True,
        }


def _latest_activity(pieces: list[Piece]) -> Activity | None:
    """The latest activity, or None if text came after it."""
    for piece in reversed(pieces):
        if piece.activity:
            return piece.activity
        if piece.text:
            return None
        if piece.reasoning:
            return THINKING
    return None
