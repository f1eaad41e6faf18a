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
    data: Any = None  # the number of a list, the language of code, the HTML of a table's head
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
class Frozen:
    """The finished beginning of a list or table that still grows: `html` are its items or rows."""

    html: str = ""
    rows: int = 0
    start: int | None = None  # the number of a list
    is_loose: bool = False
    source: str = ""
    head: str = ""  # source of the head of a table, which the parser needs before each row
    head_html: str = ""
    uses: list[Use] = field(default_factory=list)
    rewrites: int = 0

    def whole(self, text: str) -> str:
        """The source of the whole block. `text` is the source of the rest, behind the head."""
        return self.head + self.source + text[len(self.head) :]


@dataclass(slots=True)
class Lacking:
    """A finished block that uses links without an address. It is written again when they are defined."""

    place: int  # of its first element
    count: int  # of its elements
    source: str
    uses: list[Use]
    rewrites: int = 0


class Finished:
    """Blocks that have ended: `html` has their elements."""

    def __init__(self) -> None:
        self.html: list[str] = []
        self._lacking: dict[str, list[Lacking]] = {}  # by label

    def add(self, html: list[str], source: str, uses: list[Use]) -> None:
        labels = {use.label for use in uses if use.kind == "lacks"}
        if labels:
            block = Lacking(len(self.html), len(html), source, uses)
            for label in labels:
                self._lacking.setdefault(label, []).append(block)
        self.html += html

    def lacking(self, labels: set[str]) -> list[Lacking]:
        """Blocks that lacked one of these labels, which are now defined."""
        found = {block.place: block for label in labels for block in self._lacking.pop(label, ())}
        return list(found.values())
