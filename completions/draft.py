"""An answer as it grows: deltas to text, and the check at the end. No network.

`TextCleaner` makes the text safe to store and send.
"""

import re

from completions.delta import Delta
from completions.errors import SERVER_FAILED, BadResponse, ConnectionFailed, Filtered, gettext_noop
from completions.pieces import Activity, Piece, Usage
from completions.sources import Sources

CUT = gettext_noop("The connection to the model was lost, so the answer may be incomplete. Please ask again.")
EMPTY = gettext_noop("The model gave an empty answer. Please ask again or rephrase your question.")
NO_TEXT_WITHIN_LIMIT = gettext_noop(
    "The model reached its length limit before it wrote any text. Please ask a simpler question."
)
FILTERED = gettext_noop("A content filter cut this answer short.")

_INVALID = re.compile("[\0\ud800-\udfff]")


class TextCleaner:
    """Replaces characters that cannot be stored or sent, and limits the size of the whole text.

    PostgreSQL rejects U+0000, and UTF-8 has no surrogates: both become U+FFFD. JSON writes a character beyond
    U+FFFF as a pair of surrogates, and some servers split the text between them. So a high surrogate at the
    end of a piece waits for the next piece. At the limit `full` is set, and no more text comes out.
    """

    def __init__(self, limit: int = 0) -> None:
        self.full = False
        self._limit = limit  # bytes of UTF-8; 0 means none
        self._bytes = 0
        self._surrogate = ""

    def feed(self, text: str) -> str:
        if self._surrogate or _INVALID.search(text):
            text = self._surrogate + text
            self._surrogate = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
            text = _cleaned(text[:-1] if self._surrogate else text)
        return self._within_limit(text)

    def flush(self) -> str:
        """Return the surrogate that was still waiting for its other half, replaced."""
        surrogate, self._surrogate = self._surrogate, ""
        return self._within_limit(_cleaned(surrogate))

    def _within_limit(self, text: str) -> str:
        self._bytes += len(text) if text.isascii() else len(text.encode())
        if not self._limit or self._bytes <= self._limit:
            return text
        over, self._bytes, self.full = self._bytes - self._limit, self._limit, True
        return text.encode()[:-over].decode("utf-8", "ignore")  # drops a character that does not fit whole


def _cleaned(text: str) -> str:
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined.replace("\0", "\N{REPLACEMENT CHARACTER}")


class Draft:
    """Turns deltas into text and, at the end, checks that the answer is complete."""

    def __init__(self, limit: int) -> None:
        self.chars = 0  # of the text returned so far
        self.done = False
        self.finish_reason: str | None = None
        self.usage: Usage | None = None
        self.model: str | None = None
        self.response_id: str | None = None
        self.sources = Sources()
        self._cleaner = TextCleaner(limit)
        self._reasoning_cleaner = TextCleaner(limit)
        self._reasoning: list[str] = []
        self._activity: str | None = None

    @property
    def full(self) -> bool:
        return self._cleaner.full

    @property
    def complete(self) -> bool:
        """Either mark is enough, because some servers never send one or the other."""
        return self.done or self.finish_reason is not None

    def add(self, delta: Delta) -> Piece:
        """Return what there is to show; it may be empty."""
        reasoning = self._reasoning_cleaner.feed(delta.reasoning) if delta.reasoning else ""
        if reasoning:
            self._reasoning.append(reasoning)
        if delta.finish_reason is not None:
            self.finish_reason = delta.finish_reason
        if delta.usage is not None:  # some servers send it with every chunk; the last one counts
            self.usage = delta.usage
        self.model = self.model or delta.model
        self.response_id = self.response_id or delta.response_id
        for source in delta.sources:
            self.sources.add(source)
        self.done = self.done or delta.done
        text = self._cleaner.feed(delta.text) if delta.text else ""
        self.chars += len(text)
        return Piece(text, reasoning, self._activity_of(delta))

    def _activity_of(self, delta: Delta) -> Activity | None:
        """What the model has begun to do. Thinking or searching ends with the other, or with text."""
        now = delta.activity or ("thinking" if delta.reasoning else None)
        if now is None or now == self._activity:
            if delta.text:
                self._activity = None
            return None
        self._activity = now
        return Activity(now)

    def flush(self) -> str:
        """Return the text that is still to be shown. If only reasoning came, the reasoning is the answer."""
        text = self._cleaner.flush()
        if self.complete and not self.chars and not text:
            text = "".join(self._reasoning)
        self.chars += len(text)
        return text

    def raise_if_failed(self) -> None:
        """Raise what is wrong with the answer. Call this after all of its text has been shown."""
        if self.finish_reason == "content_filter":
            raise Filtered(FILTERED if self.chars else "", detail="finish_reason: content_filter")
        if self.finish_reason == "error":  # OpenRouter
            raise BadResponse(SERVER_FAILED, detail="finish_reason: error")
        if not self.complete and (self.chars or self._reasoning):
            raise ConnectionFailed(CUT, detail="neither finish_reason nor [DONE]", retryable=True)
        if not self.chars:
            message = NO_TEXT_WITHIN_LIMIT if self.finish_reason == "length" else EMPTY
            raise BadResponse(message, detail=f"no text; finish_reason: {self.finish_reason}")
