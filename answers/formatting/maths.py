r"""Formulas: where they stand in a text, and their MathML.

`\( \)` and `$ $` stand within a line, `\[ \]` and `$$ $$` may have lines of their own. None of them crosses a
blank line, so a paragraph can be read by itself. What is code is left alone.
"""

import re
from bisect import bisect_right
from functools import lru_cache
from typing import NamedTuple

from math_core import LatexError, LatexToMathML

from answers.formatting.characters import escaped
from answers.formatting.mathml import checked
from answers.formatting.tex import prepared

CACHED_FORMULAS = 256  # a growing block is rendered again and again; at most 2,000 characters of TeX each
MAX_EXPANSIONS = 100  # `\pmod`, `\ket` and their like are macros of the converter


class Formula(NamedTuple):
    """`source[start:end]`, with its delimiters. An open one ends with the text and is still growing."""

    start: int
    end: int
    tex: str
    is_display: bool
    is_open: bool = False


TICKS = re.compile("`+")
BLANK_LINE = re.compile(r"\n[ \t>]*(?:\n|\Z)")
QUOTED = re.compile(r"\n[ \t]*>[ \t]?")
# Letters of East Asia may touch a formula, since no blank stands between words there.
WORD = "A-Za-z0-9À-ɏ"
OPENING = re.compile(
    r"^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(?P<fence>`{3,}(?=[^`\n]*$)|~{3,})"
    r"|(?P<ticks>`+)"
    r"|https?://[^\s)>]*"
    r"|\\(?P<bracket>[(\[])"
    r"|\\[^\n]"
    rf"|(?<![\\$])(?P<display>\$\$)(?!\$)|(?<![\\${WORD}])(?P<inline>\$)(?![\s$])",
    re.M,
)
# The next dollar decides. It cannot end a formula after a blank, or before a letter, a digit or `{`.
INLINE = re.compile(rf"(?P<tex>(?:[^$\\\n]|\\[^\n])+)(?P<end>(?<!\s)\$(?![{WORD}${{]))?")
MONEY = re.compile(r"\d[^\\^_{}=+<>]*\s[^\\^_{}=+<>]*")


def find_formulas(source: str, *, is_growing: bool = False) -> list[Formula]:
    """The formulas in Markdown, in order. In a growing text the last one may still be open."""
    if "$" not in source and "\\(" not in source and "\\[" not in source:
        return []
    return _Search(source, is_growing=is_growing).run()


@lru_cache(CACHED_FORMULAS)
def mathml(tex: str, is_display: bool) -> str:
    """A `<math>` element. Or the source as code, if it is too large, not understood, or not only maths."""
    accepted = prepared(tex)
    if accepted is not None:
        try:
            html = checked(converter().convert_with_local_state(accepted, displaystyle=is_display))
        except LatexError:
            html = None
        if html is not None:
            return html
    return f'<code class="tex">{escaped(tex.strip())}</code>'


@lru_cache(1)
def converter() -> LatexToMathML:
    return LatexToMathML(fancy_error=False, max_expansions=MAX_EXPANSIONS)


class _Search:
    def __init__(self, source: str, *, is_growing: bool) -> None:
        self.source, self.is_growing = source, is_growing
        self.found: list[Formula] = []
        self.paragraph_end = -1
        self.ticks: dict[int, list[int]] = {}  # where runs of backticks stand in this paragraph, by length
        self.without: set[str] = set()  # what does not end in this paragraph; so the search stays linear

    def run(self) -> list[Formula]:
        position = 0
        while match := OPENING.search(self.source, position):
            position = self._after(match)
        return self.found

    def _after(self, match: re.Match[str]) -> int:
        """Take what begins here, and say where it ends."""
        place, opened = match.end(), match.lastgroup
        if place > self.paragraph_end:
            blank = BLANK_LINE.search(self.source, place)
            self.paragraph_end, self.without = blank.start() if blank else len(self.source), set()
            self.ticks = {}
        if opened == "fence":
            return self._after_fence(match["fence"], place)
        if opened == "ticks":
            return self._after_code(match["ticks"], place)
        if opened == "bracket":
            closing = "\\)" if match["bracket"] == "(" else "\\]"
            return self._take(match.start(), place, closing, is_display=closing == "\\]")
        if opened == "display":
            return self._take(match.start(), place, "$$", is_display=True)
        return self._take_inline(match.start(), place) if opened == "inline" else place

    def _after_fence(self, fence: str, place: int) -> int:
        closing = re.compile(rf"^[ \t>]*{re.escape(fence)}{re.escape(fence[0])}*[ \t]*$", re.M)
        found = closing.search(self.source, place)
        return found.end() if found else len(self.source)

    def _after_code(self, ticks: str, place: int) -> int:
        """Behind the next run of as many backticks, if there is one."""
        if not self.ticks:
            for run in TICKS.finditer(self.source, place - len(ticks), self.paragraph_end):
                self.ticks.setdefault(len(run[0]), []).append(run.end())
        ends = self.ticks.get(len(ticks), [])  # behind a backslash a run has one less
        following = bisect_right(ends, place)
        return ends[following] if following < len(ends) else place

    def _take(self, start: int, place: int, closing: str, *, is_display: bool) -> int:
        end = -1 if closing in self.without else self._find(closing, place)
        if end >= 0:
            self._add(start, end + 2, self.source[place:end], is_display=is_display)
            return end + 2
        self.without.add(closing)
        if self.is_growing and self.paragraph_end == len(self.source):
            self._add(start, self.paragraph_end, self.source[place:], is_display=is_display, is_open=True)
            return self.paragraph_end
        return place

    def _find(self, closing: str, place: int) -> int:
        """Where it stands in this paragraph, not behind a backslash. -1 if nowhere."""
        while (place := self.source.find(closing, place, self.paragraph_end)) >= 0:
            before = place
            while self.source[before - 1] == "\\":
                before -= 1
            if (place - before) % 2 == 0:
                return place
            place += 1
        return -1

    def _take_inline(self, start: int, place: int) -> int:
        match = INLINE.match(self.source, place)
        if match is None:
            return place
        tex = match["tex"]
        if match["end"]:
            if MONEY.fullmatch(tex):
                return place
            self._add(start, match.end(), tex, is_display=False)
            return match.end()
        if self.is_growing and match.end() == len(self.source) and not tex[0].isdigit():
            self._add(start, match.end(), tex, is_display=False, is_open=True)
            return match.end()
        return place

    def _add(self, start: int, end: int, tex: str, *, is_display: bool, is_open: bool = False) -> None:
        line = self.source[self.source.rfind("\n", 0, start) + 1 : start]
        if line.lstrip().startswith(">"):
            tex = QUOTED.sub("\n", tex)
        self.found.append(Formula(start, end, tex, is_display, is_open))
