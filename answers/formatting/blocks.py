"""Blocks of a text while they are written and while they grow."""

from dataclasses import dataclass, field
from typing import Any

from answers.formatting.references import Use


@dataclass(slots=True)
class Block:
    """A block of the top level, between two offsets. More than one element if formulas divide a paragraph."""

    kind: str
    start: int
    end: int
    data: Any = None  # the number of a list, the language of code
    html: list[str] = field(default_factory=list)
    is_loose: bool = False
    parts: list[tuple[int, str]] = field(
        default_factory=list
    )  # items of a list, rows of a table: offset, HTML


@dataclass(slots=True)
class Element:
    """An element that is being written."""

    name: str
    end: str  # its closing tag; "" if it is not shown
    place: int  # where it begins in what is written
    data: Any
    children: int = 0
    is_loose: bool = False


@dataclass(slots=True)
class Finished:
    """A block that has ended."""

    html: list[str]
    source: str
    uses: list[Use]
    rewrites: int = 0


@dataclass(slots=True)
class Frozen:
    """The finished beginning of a list or table that still grows: `html` are its items or rows."""

    html: str = ""
    rows: int = 0
    start: int | None = None  # the number of a list
    is_loose: bool = False
    source: str = ""
    head: str = ""  # source of the head of a table, which the parser needs before each row
    uses: list[Use] = field(default_factory=list)
    rewrites: int = 0

    def whole(self, text: str) -> str:
        """The source of the whole block. `text` is the source of the rest, behind the head."""
        return self.head + self.source + text[len(self.head) :]
