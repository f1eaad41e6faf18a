"""Separates reasoning from text if a model writes both as text, with the reasoning inside `<think>` tags.

Some servers send the opening tag. Others leave it in the prompt, so that only the closing tag arrives. By
then much text may have come, and all of it was reasoning. But an answer may also just mention the tag. So a
closing tag without an opening one counts only if it is alone on its line, outside a block of code.
"""

import re
from collections.abc import Callable

from completions.growing_text import GrowingText
from completions.pieces import NOTHING, Piece

OPENING, CLOSING = "<think>", "</think>"
SPACE_CHARS = 1000  # white space held back at the start
LINE_CHARS = 40  # enough of a line to see whether it is a tag or a fence
PASSED_PIECES = 100  # kept to be looked at together
REMEMBERED_MODELS = 100
CONVINCING_ANSWERS = 3

_FENCE = re.compile(r"\s*(`{3,}(?=[^`]*$)|~{3,})")


class UnmarkedModels:
    """The models whose last answers began with reasoning but had no opening tag. Threads may share it.

    One such answer is no proof: anybody can ask a model to write the tag, and the next person's answer would
    begin as reasoning.
    """

    def __init__(self) -> None:
        self._answers: dict[str, int] = {}  # of each model, in a row

    def __contains__(self, model: str) -> bool:
        return self._answers.get(model, 0) >= CONVINCING_ANSWERS

    def learn(self, model: str, unmarked: bool) -> None:
        if not unmarked:
            self._answers.pop(model, None)
            return
        if len(self._answers) >= REMEMBERED_MODELS and model not in self._answers:
            self._answers.clear()
        self._answers[model] = self._answers.get(model, 0) + 1


class ThinkSplitter:
    """Splits one answer's text, which comes in pieces that may be cut anywhere.

    `unmarked`: treat the text as reasoning until a closing tag comes.
    """

    def __init__(self, *, unmarked: bool = False) -> None:
        self.found_unmarked = False  # there was reasoning, and only a closing tag
        self._starts_unmarked = unmarked
        self._is_marked = False
        self._state: Callable[[str], Piece] = self._read_start
        self._held = ""
        self._is_quick = False  # text without a "<" needs no check
        self._closing = _LoneTag()
        self._shown = GrowingText()  # as text, but it may turn out to be reasoning

    def mark(self) -> None:
        """The server sends reasoning in a field of its own, so a lone closing tag is only text."""
        self._is_marked = True

    def feed(self, text: str) -> Piece:
        if "<" not in text and self._is_quick:  # nearly always, so this path is fast
            self._shown.append(text)
            self._closing.add(text)
            return Piece(text)
        if self._held:
            text, self._held = self._held + text, ""
        return self._state(text)

    def flush(self) -> Piece:
        """Return what is still held back. Call this when the reply has ended."""
        held, self._held = self._held, ""
        if self._state == self._read_inside:
            return Piece("", held)
        if self._state == self._read_start:
            return Piece(held if held.strip() else "")
        text, tag = self._closing.flush()
        if self._state == self._read_unmarked:
            self.found_unmarked = bool(tag)
            return Piece("", text)
        return self._restart(text, tag, "") if tag else Piece(text)

    def _read_start(self, text: str) -> Piece:
        start = text.lstrip()
        if OPENING.startswith(start) and len(text) <= SPACE_CHARS:  # also if there is only white space
            self._held = text
            return NOTHING
        if start.startswith(OPENING):
            self._state = self._read_opening
            return self._read_opening(start.removeprefix(OPENING))
        is_unmarked = self._starts_unmarked and not self._is_marked
        self._state = self._read_unmarked if is_unmarked else self._read_text
        self._is_quick = not is_unmarked
        return self._state(text)

    def _read_opening(self, text: str) -> Piece:
        return self._after_space(text, self._read_inside)

    def _read_inside(self, text: str) -> Piece:
        reasoning, tag, rest = text.partition(CLOSING)
        if tag:
            self._state = self._read_closing
            return Piece(self._read_closing(rest).text, reasoning)
        kept = _overlap(text)
        self._held = text[len(text) - kept :]
        return Piece("", text[: len(text) - kept])

    def _read_closing(self, text: str) -> Piece:
        return self._after_space(text, Piece)

    def _after_space(self, text: str, state: Callable[[str], Piece]) -> Piece:
        """Drop the white space after a tag."""
        text = text.lstrip()
        if not text:
            return NOTHING
        self._state = state
        return state(text)

    def _read_unmarked(self, text: str) -> Piece:
        reasoning, tag, rest = self._closing.feed(text)
        if not tag:
            return Piece("", reasoning)
        self.found_unmarked = True
        self._state = self._read_closing
        return Piece(self._read_closing(rest).text, reasoning)

    def _read_text(self, text: str) -> Piece:
        text, tag, rest = self._closing.feed(text)
        self._is_quick = not self._closing.held
        if tag:
            self._is_quick = False
            return self._restart(text, tag, rest)
        self._shown.append(text)
        return Piece(text)

    def _restart(self, text: str, tag: str, rest: str) -> Piece:
        """A closing tag came without an opening one."""
        shown = str(self._shown)
        self._shown.clear()
        if self._is_marked or OPENING in shown + text:
            self._state = Piece
            return Piece(text + tag + rest)
        self._state = self._read_closing
        answer = self._read_closing(rest).text
        self.found_unmarked = bool((shown + text).strip())
        return Piece(answer, shown + text if self.found_unmarked else "", restarts=bool(shown))


class _LoneTag:
    """Finds a closing tag that is alone on its line, outside a fenced block of code.

    A line that may become the tag is held back. Lines without a `<` cost almost nothing.
    """

    def __init__(self) -> None:
        self._passed: list[str] = []  # not searched for fences yet
        self._line = ""  # the start of the unfinished line, without what is held back
        self.held = ""
        self._fence = ""  # what opened the block of code that we are in

    def add(self, text: str) -> None:
        """Text without a `<`, while nothing is held back."""
        self._passed.append(text)
        if len(self._passed) >= PASSED_PIECES:
            self._catch_up()

    def feed(self, text: str) -> tuple[str, str, str]:
        """Return the text before the tag, the line with the tag if it is found, and the text after it."""
        if not self.held and "<" not in text:
            self.add(text)
            return text, "", ""
        self._catch_up()
        text, self.held = self.held + text, ""
        start = 0
        while (end := text.find("\n", start) + 1) > 0:
            if self._is_tag(self._line + text[start:end]):
                return text[:start], text[start:end], text[end:]
            self._end_line(text[start : end - 1])
            start = end
        if self._may_be_tag(self._line + text[start:]):
            self.held = text[start:]
            return text[:start], "", ""
        self._line = (self._line + text[start:])[:LINE_CHARS]
        return text, "", ""

    def flush(self) -> tuple[str, str]:
        """Return the text that was held back, and the tag if that is what it was."""
        held, self.held = self.held, ""
        return ("", held) if self._is_tag(self._line + held) else (held, "")

    def _catch_up(self) -> None:
        *lines, last = "".join(self._passed).split("\n")
        self._passed.clear()
        for line in lines:
            self._end_line(line)
        self._line = (self._line + last)[:LINE_CHARS]

    def _end_line(self, line: str) -> None:
        line, self._line = (self._line + line)[:LINE_CHARS], ""
        if not self._fence:
            fence = _FENCE.match(line)
            self._fence = fence[1] if fence else ""
        elif (end := line.strip()).startswith(self._fence) and not end.strip(self._fence[0]):
            self._fence = ""

    def _is_tag(self, line: str) -> bool:
        return not self._fence and line.rstrip() == CLOSING

    def _may_be_tag(self, line: str) -> bool:
        start = line.rstrip()
        return bool(start) and not self._fence and CLOSING.startswith(start) and len(line) < LINE_CHARS


def _overlap(text: str) -> int:
    """How many characters at the end of the text may be the start of a closing tag."""
    lengths = range(min(len(CLOSING) - 1, len(text)), 0, -1)
    return next((length for length in lengths if text.endswith(CLOSING[:length])), 0)
