"""An answer as it grows: deltas to text, and the check at the end. No network.

`TextCleaner` makes the text safe to store and send.
"""

import re

from completions.delta import Delta, Doing
from completions.errors import SERVER_FAILED, BadResponse, ConnectionFailed, Filtered, TooLarge, gettext_noop
from completions.growing_text import GrowingText
from completions.pieces import Activity, Piece, Usage
from completions.sources import Sources
from completions.thinking import ThinkSplitter

CUT = gettext_noop("The connection to the model was lost, so the answer may be incomplete. Please ask again.")
EMPTY = gettext_noop("The model gave an empty answer. Please ask again or rephrase your question.")
NO_TEXT_WITHIN_LIMIT = gettext_noop(
    "The model reached its length limit before it wrote an answer. "
    "Please ask a simpler question, or tell the site's operator."
)
FILTERED = gettext_noop("A content filter cut this answer short.")

# Those that end an answer even if they come with its last text. Others may come with each piece ("normal").
FINISH_REASONS = {
    "stop",
    "length",
    "content_filter",
    "tool_calls",
    "function_call",
    "error",
    "eos",
    "end_turn",
}
ABNORMAL = ("length", "content_filter", "error")  # with these, the reasoning is not the answer

_INVALID = re.compile("[\0\ud800-\udfff]")


class TextCleaner:
    """Replaces characters that cannot be stored or sent, and limits the size of the whole text.

    PostgreSQL rejects U+0000, and UTF-8 has no surrogates: both become U+FFFD. JSON writes a character beyond
    U+FFFF as a pair of surrogates, and some servers split the text between them. So a high surrogate at the
    end of a piece waits for the next piece. At the limit `full` is set, and no more text comes out.
    """

    def __init__(self, limit: int = 0) -> None:
        self.full = False
        self.bytes = 0  # of the text so far, in UTF-8
        self._limit = limit  # the same; 0 means none
        self._surrogate = ""

    def feed(self, text: str) -> str:
        if text.isascii() and not self._surrogate and "\0" not in text:
            return self._within_limit(text)
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
        self.bytes += len(text) if text.isascii() else len(text.encode())
        if not self._limit or self.bytes <= self._limit:
            return text
        over, self.bytes, self.full = self.bytes - self._limit, self._limit, True
        return text.encode()[:-over].decode("utf-8", "ignore")  # drops a character that does not fit whole


def _cleaned(text: str) -> str:
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined.replace("\0", "\N{REPLACEMENT CHARACTER}")


class Draft:
    """Turns deltas into text and, at the end, checks that the answer is complete.

    Limits are in bytes of UTF-8. More text than `limit` makes the draft `full`; more reasoning than
    `reasoning_limit` is dropped. `unmarked`: see ThinkSplitter.
    """

    def __init__(self, limit: int, *, reasoning_limit: int = 0, unmarked: bool = False) -> None:
        self.chars = 0  # of the text returned so far
        self.done = False
        self.finish_reason: str | None = None
        self.usage: Usage | None = None
        self.model: str | None = None
        self.response_id: str | None = None
        self.sources = Sources()
        self.arrived_whole = False  # the body of the reply has its own end, and that end came
        self.max_tokens = 0  # the limit that was sent; 0 if none
        self._limit = limit
        self._cleaner = TextCleaner(limit)
        self._reasoning_cleaner = TextCleaner(limit)
        self._reasoning_limit = TextCleaner(reasoning_limit) if reasoning_limit else None
        self._reasoning = GrowingText()  # all of it, as long as there is no text
        self.has_reasoning = False
        self._needs_end = False
        self._activity: str | None = None
        self._splitter = ThinkSplitter(unmarked=unmarked)
        self._passing = ""  # a finish reason that does not end the answer, because more text came or may come

    @property
    def full(self) -> bool:
        return self._cleaner.full

    @property
    def finished(self) -> bool:
        """Whether the model has finished, as far as that is known before the end of the reply."""
        return self.done or (self.finish_reason is not None and self.finish_reason != self._passing)

    @property
    def complete(self) -> bool:
        """Either a finish reason or `done` is enough, because some servers never send one of them.

        If each chunk has a finish reason, the end of the reply counts instead, unless it may be a cut.
        """
        return self.finished or (self.finish_reason is not None and self.arrived_whole)

    @property
    def reasoning_bytes(self) -> int:
        """How much reasoning was kept."""
        return self._reasoning_limit.bytes if self._reasoning_limit else 0

    @property
    def found_unmarked(self) -> bool:
        return self._splitter.found_unmarked

    def add(self, delta: Delta) -> Piece:
        """Return what there is to show; it may be empty."""
        self._add_facts(delta)
        text, reasoning, restarts = "", delta.reasoning, False
        if reasoning or delta.activity == "thinking":
            self._splitter.mark()
        if delta.text:
            piece = self._splitter.feed(delta.text)
            text, reasoning, restarts = piece.text, reasoning + piece.reasoning, piece.restarts
        return self._show(text, reasoning, restarts=restarts, activity=delta.activity)

    def add_text(self, text: str) -> Piece:
        """Add a delta that is nothing but text."""
        if self.finish_reason is not None:
            return self.add(Delta(text=text))
        piece = self._splitter.feed(text)
        if piece.reasoning or piece.restarts:
            return self._show(piece.text, piece.reasoning, restarts=piece.restarts)
        text = self._cleaner.feed(piece.text)
        if text and not self.chars:
            text = text.lstrip("\r\n")
        if text:
            self.chars += len(text)
            self._activity = None
            if self._reasoning:
                self._reasoning.clear()
        return piece if text is piece.text else Piece(text)

    def _add_facts(self, delta: Delta) -> None:
        if self.finish_reason is not None and (delta.text or delta.reasoning):
            self._passing = self.finish_reason
            self.finish_reason = None
        if delta.finish_reason is not None:
            self.finish_reason = delta.finish_reason
            if delta.text and delta.finish_reason not in FINISH_REASONS:
                self._passing = delta.finish_reason
        if delta.usage is not None:  # some servers send it with every chunk; the last one counts
            self.usage = delta.usage
        if self.finish_reason == "stop" and self._has_used_all_tokens():
            self.finish_reason = "length"  # llama.cpp's Responses API calls this "completed" too
        self.model = self.model or delta.model
        self.response_id = self.response_id or delta.response_id
        self.done = self.done or delta.done
        self._needs_end = self._needs_end or delta.needs_end
        for source in delta.sources:
            self.sources.add(source)

    def _has_used_all_tokens(self) -> bool:
        used = self.usage.completion_tokens if self.usage else None
        return bool(self.max_tokens and used is not None and used >= self.max_tokens)

    def _show(
        self, text: str, reasoning: str, *, restarts: bool = False, activity: Doing | None = None
    ) -> Piece:
        if restarts:
            self.chars = 0
            self._cleaner = TextCleaner(self._limit)
        if text:
            text = self._cleaner.feed(text)
        if not self.chars:
            text = text.lstrip("\r\n")  # many models begin with blank lines, above all after reasoning
        self.chars += len(text)
        begun = None if restarts else self._begun(activity or ("thinking" if reasoning else None))
        if reasoning:
            reasoning = self._keep_reasoning(self._reasoning_cleaner.feed(reasoning))
        if text:
            self._reasoning.clear()
            self._activity = None
        return Piece(text, reasoning, begun, restarts)

    def _begun(self, activity: Doing | None) -> Activity | None:
        """The activity, if it is new. Thinking ends with a search or with text, and a search likewise."""
        if activity is None or activity == self._activity:
            return None
        self._activity = activity
        return Activity(activity)

    def _keep_reasoning(self, reasoning: str) -> str:
        """Return as much of it as may be kept."""
        self.has_reasoning = True
        if reasoning and not self.chars:
            self._reasoning.append(reasoning)
        return self._reasoning_limit.feed(reasoning) if self._reasoning_limit else ""

    def flush(self) -> Piece:
        """Return what has not been shown yet. If only reasoning came, the reasoning is the answer."""
        held = self._splitter.flush()
        piece = self._show(held.text, held.reasoning, restarts=held.restarts)
        text = piece.text + self._cleaner.flush()
        if self.complete and not self.chars and not text and self.finish_reason not in ABNORMAL:
            self._cleaner = self._reasoning_cleaner  # it has had the limit of an answer
            text = str(self._reasoning)
        self.chars += len(text) - len(piece.text)
        return piece._replace(text=text)

    def raise_if_failed(self) -> None:
        """Raise the error that ended the answer, if any. Call this after all of its text has been shown."""
        if self.full:
            raise TooLarge
        if self.finish_reason == "content_filter":
            raise Filtered(FILTERED if self.chars else "", detail="finish_reason: content_filter")
        if self.finish_reason == "error":  # OpenRouter
            raise BadResponse(SERVER_FAILED, detail="finish_reason: error")
        if not self.complete and (self.chars or self.has_reasoning or self._needs_end):
            raise ConnectionFailed(CUT, detail="neither finish_reason nor [DONE]", retryable=True)
        if not self.chars and self.finish_reason == "length":
            raise BadResponse(NO_TEXT_WITHIN_LIMIT, detail=self._tokens_used(), remedy="raise_max_tokens")
        if not self.chars:
            raise BadResponse(EMPTY, detail=f"no text; finish_reason: {self.finish_reason}")

    def _tokens_used(self) -> str:
        detail = "no text; finish_reason: length"
        if self.usage and self.usage.completion_tokens is not None:
            detail += f"; {self.usage.completion_tokens} completion tokens"
        if self.usage and self.usage.reasoning_tokens is not None:
            detail += f", {self.usage.reasoning_tokens} of them for reasoning"
        return detail
