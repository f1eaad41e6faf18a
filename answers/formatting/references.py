"""What one block knows of others: link references and footnotes."""

import re
from collections.abc import Generator, Sequence
from typing import NamedTuple

from answers.formatting.markdown import Definition, Event
from answers.formatting.pace import Pace
from answers.formatting.source import Source

# A footnote is a mark at once, before its text is known. Other labels are text.
LABEL = re.compile(r"[\w-]{1,40}")
MARK = re.compile(rf"\[\^({LABEL.pattern})\]")
MAX_MARK_BYTES = 4 * 40 + 3


class Use(NamedTuple):
    """A block uses a label at an offset: `kind` is `lacks` (a link without an address), or of a footnote
    `numbers` (the first to need its number), `marks` (the first mention) or `notes` (its text)."""

    kind: str
    label: str
    offset: int


def with_footnotes(leaf: Sequence[Event], source: Source, pace: Pace) -> Generator[None, None, list[Event]]:
    """The events of a leaf with footnotes whose text may come later: the parser takes them for plain text."""
    found: list[Event] = []
    is_kept: list[bool] = []  # of each element that is open: `[^_a] b_` would begin one within a mark
    end = 0
    for event in leaf:
        if pace.is_due():
            yield
            pace.restart()
        if (
            event.kind == "text"
            and event.value == "["
            and source.data[event.start - 1 : event.start] != b"\\"
        ):
            after = source.data[event.start : event.start + MAX_MARK_BYTES].decode(errors="ignore")
            if match := MARK.match(after):
                end = event.start + len(match[0].encode())
                found.append(event._replace(kind="footnote", value=match[1], end=end))
                continue
        keeps = event.start >= end
        if event.kind == "open":
            is_kept.append(keeps)
        elif event.kind == "close":
            keeps = is_kept.pop()  # its `start` is that of the whole element
        if keeps:
            found.append(event)
    return found


class References:
    """Of one text. The first definition of a label wins."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.definitions: dict[str, Definition] = {}
        self.numbers: dict[str, int] = {}
        self.marks: set[str] = set()
        self.notes: set[str] = set()
        self.lacking: set[str] = set()  # links that were not defined when they were used
        self.undefined: set[str] = set()  # footnotes that have no text, known at the end only
        self.uses: list[Use] = []  # by the block that is being written

    def define(self, found: dict[str, Definition]) -> set[str]:
        """Returns the labels that are new."""
        new = {label for label in found if label not in self.definitions}
        self.definitions |= {label: found[label] for label in new}
        return new

    def missing(self, label: str, offset: int) -> Definition | None:
        known = self.definitions.get(label)
        if known is None and not label.startswith("^"):
            self.lacking.add(label)
            self.uses.append(Use("lacks", label, offset))
        return known

    def is_footnote(self, label: str) -> bool:
        return LABEL.fullmatch(label) is not None and label not in self.undefined

    def mark(self, label: str, offset: int) -> str:
        """The HTML of a mention of a footnote. Only the first has an id."""
        number = self._number(label, offset)
        name = f' id="{self.prefix}r{number}"' if self._is_first("marks", label, offset) else ""
        return f'<sup class="footnote-mark"><a{name} href="#{self.prefix}n{number}">{number}</a></sup>'

    def note(self, label: str, offset: int) -> tuple[str, str]:
        """What begins and ends the text of a footnote."""
        number = self._number(label, offset)
        is_first = self._is_first("notes", label, offset)
        name = f' id="{self.prefix}n{number}"' if is_first else ""
        back = f'<a class="back" href="#{self.prefix}r{number}" aria-labelledby="word-back">↩</a>'
        return (
            f'<div class="footnote"{name} dir="auto"><sup>{number}</sup> ',
            f"{' ' + back if is_first else ''}</div>",
        )

    def undo(self, uses: list[Use], *, keep_numbers: bool = False) -> None:
        """Forget what a block used, because it will be written again."""
        for use in uses:
            if use.kind == "numbers" and not keep_numbers:
                self.numbers.pop(use.label, None)
            elif use.kind in ("marks", "notes"):
                getattr(self, use.kind).discard(use.label)

    def prepare_again(self) -> bool:
        """At the end of a text: whether to write it again, as definitions came too late or never."""
        self.undefined = self.marks - self.notes
        is_late = not self.lacking.isdisjoint(self.definitions)
        self.numbers, self.marks, self.notes = {}, set(), set()
        return is_late or bool(self.undefined)

    def _number(self, label: str, offset: int) -> int:
        if label not in self.numbers:
            self.numbers[label] = len(self.numbers) + 1
            self.uses.append(Use("numbers", label, offset))
        return self.numbers[label]

    def _is_first(self, kind: str, label: str, offset: int) -> bool:
        known: set[str] = getattr(self, kind)
        if label in known:
            return False
        known.add(label)
        self.uses.append(Use(kind, label, offset))
        return True
