"""A text made ready for the parser, byte for byte as long as it was.

Formulas and what would be raw HTML are masked by control characters, which no text contains: they are
replaced when text is fed. So HTML of the model cannot swallow Markdown, and Markdown cannot break formulas.
"""

import re
from collections.abc import Generator

from answers.formatting.markdown import without_code
from answers.formatting.maths import Formula, find_formulas
from answers.formatting.pace import Pace

PART_CHARS = 16 * 1024  # what is normalized in one go
NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")

LESS, FORMULA, FILLER, PIPE = "\x01", "\x02", "\x03", "\x04"  # and open_text.py has one more
# `<` begins an address (`<https://…>`, `<a@b.example>`, `](<…>)`), or it is text.
LESS_THAN = re.compile(
    r"(?<!\\)(?<!\]\()(?<!\]: )<(?![A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]*>|[^\s<>@]{1,64}@[^\s<>@]+>)"
)
MASK = re.compile(f"{FORMULA}{FILLER}*")
CODE_BLOCK = re.compile(r"```|~~~|^ *\t|    ", re.M)  # there may be one
# In a table `|` in code divides cells. No author means that.
ROW = re.compile(r"^[ \t>]*\|.*`.*", re.M)
CODE = re.compile(r"(?<!`)(`+)(?!`)[^`\n]*\1(?!`)")
OPEN_CODE = re.compile(rf"{CODE.pattern}|(?<!`)`+[^`]*\Z")


def normalized(text: str, pace: Pace) -> Generator[None, None, str]:
    """`text` with \\n for each line end and without control characters. Gives way in a long one."""
    parts, start = [], 0
    while start < len(text):
        end = start + PART_CHARS
        if text.startswith("\r\n", end - 1):
            end += 1
        part = text[start:end]
        if "\r" in part:
            part = part.replace("\r\n", "\n").replace("\r", "\n")
        parts.append(NO_TEXT.sub("\ufffd", part))
        start = end
        yield from pace.give_way()
    return "".join(parts)


class Source:
    """`text` is what was written, `masked` what is parsed, `data` that in UTF-8. Offsets are in it."""

    def __init__(self, text: str, *, is_open: bool = False, invented: str = "") -> None:
        """`is_open` if more text may follow: then what is open at the `end` may be closed later.

        `invented` is text that nobody wrote, behind the end. It completes the structure for display.
        """
        self.text, self.is_open = text, is_open
        self.formulas: dict[int, Formula] = {}
        masked = self._mask_formulas(text, is_open) if "$" in text or "\\" in text else text
        if "<" in masked:
            masked = LESS_THAN.sub(LESS, masked)
        if "|" in masked and "`" in masked:
            masked = ROW.sub(self._mask_pipes, masked)
        self.masked = masked + invented
        self.data = self.masked.encode()
        self._is_simple = text.isascii()  # then offsets are numbers of characters
        self._bytes = self.data if self._is_simple else text.encode()
        self._known = (0, 0)
        self.end = len(self.data) - len(invented)  # which is ASCII
        self.goes_on = -1  # where plain text may go on, see open_text.py

    def characters(self, offset: int) -> int:
        """The number of characters before an offset."""
        if self._is_simple:
            return offset
        # Most questions are about places close to each other.
        at, count = self._known
        if offset >= at:
            count += len(self._bytes[at:offset].decode())
        else:
            count -= len(self._bytes[offset:at].decode())
        self._known = (offset, count)
        return count

    def offset(self, characters: int) -> int:
        """The offset of a number of characters."""
        return characters if self._is_simple else len(self.text[:characters].encode())

    def line_start(self, offset: int) -> int:
        """Where the line begins in which an offset lies."""
        return self.data.rfind(b"\n", 0, offset) + 1

    def original(self, start: int, end: int) -> str:
        """What was written between two offsets."""
        return self._bytes[start:end].decode()

    def unmasked(self, text: str, start: int, end: int) -> str:
        """`text`, which the parser found between two offsets, as it was written."""
        if FORMULA in text:
            formulas = [one for at, one in self.formulas.items() if start <= at < end]
            found = iter(formulas[-text.count(FORMULA) :])
            text = MASK.sub(lambda mask: self._written(next(found, None)), text)
        return text.replace(LESS, "<").replace(PIPE, "|")

    def _written(self, formula: Formula | None) -> str:
        return self.text[formula.start : formula.end] if formula else "\ufffd"

    def _mask_formulas(self, text: str, is_open: bool) -> str:
        searched = without_code(text) if CODE_BLOCK.search(text) else text
        # The line may go on although it is complete: a formula may have lines of its own.
        found = find_formulas(searched.removesuffix("\n") if is_open else searched, is_growing=is_open)
        parts, end, offset = [], 0, 0
        for one in found:
            before = text[end : one.start]
            offset += len(before.encode())
            self.formulas[offset] = one
            length = len(text[one.start : one.end].encode())
            parts += [before, FORMULA, FILLER * (length - 1)]
            end, offset = one.end, offset + length
        parts.append(text[end:])
        return "".join(parts)

    def _mask_pipes(self, row: re.Match[str]) -> str:
        code = OPEN_CODE if self.is_open and row.end() == len(row.string) else CODE
        return code.sub(lambda found: found[0].replace("|", PIPE), row[0])
