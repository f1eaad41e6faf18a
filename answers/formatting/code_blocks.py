"""A block of code: the elements around it, and a fence that is still open."""

import re
from collections.abc import Iterator

from answers.formatting import code
from answers.formatting.characters import escaped
from answers.formatting.pace import Pace

BEFORE_LANGUAGE = '<div class="code"><div class="code-bar"><span class="language">'
BEFORE_CODE = (
    '</span><button type="button" class="wrap" aria-pressed="false" aria-labelledby="word-wrap"></button>'
    '<button type="button" class="copy" aria-labelledby="word-copy"></button></div>'
    '<pre tabindex="0" role="group" aria-labelledby="word-code"><code>'
)
AFTER_CODE = "</code></pre></div>"
MAX_LANGUAGE_CHARS = 40
PIECE_CHARS = 2_000  # of code, written at once

LANGUAGE = re.compile(r"[^\s,{:]+")


def language_of(info: str) -> str:
    """The language in the line that opens a fence, such as `python title="a.py"`, or ""."""
    match = LANGUAGE.match(info.strip().lstrip("{."))
    return match[0].rstrip("}")[:MAX_LANGUAGE_CHARS] if match else ""


def start(language: str) -> str:
    return f"{BEFORE_LANGUAGE}{escaped(language)}{BEFORE_CODE}"


class Colours:
    """The HTML of code, kept for as long as the block around it grows."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._known: dict[tuple[str, str], str] = {}

    def of(self, text: str, language: str) -> Iterator[None]:
        """Fill `html`."""
        if not language or len(text) > code.MAX_CHARS:
            parts = []
            for start in range(0, len(text), PIECE_CHARS):
                parts.append(escaped(text, start, min(start + PIECE_CHARS, len(text))))
                yield from self._pace.give_way()
            self.html = "".join(parts)
            return
        key = (text, language)
        if key not in self._known:
            for html in code.highlight(text, language):
                if html is None:
                    yield
                    self._pace.restart()
                else:
                    self._known[key] = html
        self.html = self._known[key]

    def forget(self) -> None:
        self._known.clear()


class Fence:
    """An open fence of the text itself, not in a list or quote. It only grows, without the parser."""

    OPENING = re.compile(r"( {0,3})(`{3,}|~{3,})[^\n]*\n?")

    def __init__(self, opening: re.Match[str], language: str) -> None:
        self.language = language
        self._indent = len(opening[1])
        self._closing = re.compile(rf" {{0,3}}{opening[2][0]}{{{len(opening[2])},}}[ \t]*\n?")
        self.source = [opening[0]]
        self._code: list[str] = []
        self._html = start(language)
        self.is_closed = False
        self._is_line_start = True

    @property
    def code(self) -> str:
        return "".join(self._code).removesuffix("\n")

    def feed(self, line: str) -> None:
        """Take a line, which may close the fence, or a piece of a long one."""
        self.source.append(line)
        self.is_closed = self._is_line_start and self._closing.fullmatch(line) is not None
        if not self.is_closed:
            line = self._without_indent(line)
            self._code.append(line)
            self._html += escaped(line)
        self._is_line_start = line.endswith("\n")

    def grown(self, line: str) -> str:
        """The HTML with a last line that still grows. It is not shown if it may become the closing line."""
        may_close = self._is_line_start and not line.strip(" `~\t")
        shown = "" if may_close else escaped(self._without_indent(line))
        return (self._html + shown).removesuffix("\n") + AFTER_CODE

    def _without_indent(self, line: str) -> str:
        if not self._is_line_start:
            return line
        return line[min(self._indent, len(line) - len(line.lstrip(" "))) :]
