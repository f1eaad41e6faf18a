"""An answer in the making: deltas in, text out; at its end it says whether it is whole. No network."""

from answers.completions import errors
from answers.completions.deltas import Delta, Usage
from answers.completions.errors import gettext_noop
from answers.completions.failures import FAILED
from answers.completions.text import Gate

CUT = gettext_noop("The connection to the model broke, so the answer may be incomplete. Please ask again.")
EMPTY = gettext_noop("The model gave an empty answer. Please ask again, or in other words.")
ALL_USED = gettext_noop(
    "The model used up its length limit before it said anything. Please ask a simpler question."
)
FILTERED = gettext_noop("A content filter cut this answer short.")


class Draft:
    def __init__(self, limit: int) -> None:
        self.chars = 0  # of text that has been given out
        self.done = False
        self.finish_reason: str | None = None
        self.usage: Usage | None = None
        self.model: str | None = None
        self._gate = Gate(limit)
        self._reasoning_gate = Gate(limit)
        self._reasoning: list[str] = []

    @property
    def full(self) -> bool:
        return self._gate.full

    @property
    def whole(self) -> bool:
        """Either mark means that the answer is whole: some servers never send the one or the other."""
        return self.done or self.finish_reason is not None

    def take(self, delta: Delta) -> str:
        if delta.reasoning:
            self._reasoning.append(self._reasoning_gate.admit(delta.reasoning))
        if delta.finish_reason is not None:
            self.finish_reason = delta.finish_reason
        if delta.usage is not None:  # some send it with every chunk, and the last one counts
            self.usage = delta.usage
        self.model = self.model or delta.model
        self.done = self.done or delta.done
        text = self._gate.admit(delta.text) if delta.text else ""
        self.chars += len(text)
        return text

    def last_words(self) -> str:
        """What is still to be shown at the end: if the whole answer came as reasoning, that, not nothing."""
        text = self._gate.finish()
        if self.whole and not self.chars and not text:
            text = "".join(self._reasoning)
        self.chars += len(text)
        return text

    def check(self) -> None:
        """Raise what is wrong with the answer, now that all of its text has been shown."""
        if self.finish_reason == "content_filter":
            raise errors.Filtered(FILTERED if self.chars else "", detail="finish_reason: content_filter")
        if self.finish_reason == "error":  # OpenRouter
            raise errors.BadResponse(FAILED, detail="finish_reason: error")
        if not self.whole and (self.chars or self._reasoning):
            raise errors.ConnectionFailed(CUT, detail="neither finish_reason nor [DONE]", retryable=True)
        if not self.chars:
            message = ALL_USED if self.finish_reason == "length" else EMPTY
            raise errors.BadResponse(message, detail=f"no text; finish_reason: {self.finish_reason}")
