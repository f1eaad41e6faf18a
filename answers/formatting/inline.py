"""What stands in one paragraph, heading or cell, as HTML."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from answers.formatting import links, maths
from answers.formatting.characters import escaped
from answers.formatting.markdown import Event, normalized_label
from answers.formatting.maths import Formula
from answers.formatting.open_text import HERE
from answers.formatting.pace import Pace
from answers.formatting.references import References
from answers.formatting.source import FORMULA, LESS, MASK, PIPE, Source

TAGS = {"Emphasis": "em", "Strong": "strong", "Strikethrough": "s"}
PIECE_CHARS = 500  # of text, written at once
LINE_BREAK = re.compile(f"{LESS}br\\s*/?>", re.I)
FORMULA_START = '<div class="formula" tabindex="0" role="group" aria-labelledby="word-formula">'


class Segment(NamedTuple):
    """A part of a paragraph. A formula that stands by itself divides a paragraph: `<p>` cannot hold it."""

    html: str
    is_formula: bool


class InlineWriter:
    """Writes one leaf: a list of events without blocks."""

    def __init__(self, source: Source, references: References, pace: Pace) -> None:
        self.source, self.references, self.pace = source, references, pace

    def write(self, leaf: Sequence[Event], *, depth: int, splits: bool) -> Iterator[None]:
        """Fill `segments`. At most `depth` elements are nested. If `splits`, formulas may be segments."""
        self.segments: list[Segment] = []
        self._depth, self._splits = depth, splits
        self._parts: list[str] = []
        self._text: list[str] = []
        self._ends: list[str] = []
        self._link_text: list[str] | None = None
        self._address: str | None = None
        self._breaks = False
        for event in leaf:
            if self.pace.is_due():
                yield
                self.pace.restart()
            if event.kind != "text":
                yield from self._flush()
                getattr(self, f"_{event.kind}")(event)
            elif FORMULA in event.value and event.end - event.start == len(event.value.encode()):
                yield from self._text_with_formulas(event)
            elif len(event.value) == 1 and event.value <= PIPE and event.end - event.start > 1:
                self._text.append("\ufffd")  # an entity such as `&#2;`
            else:
                self._text.append(event.value)
                if event.end == self.source.goes_on and self._link_text is None:
                    yield from self._flush()
                    self._parts.append(HERE)
        yield from self._flush()
        self._end_segment()

    def _text_with_formulas(self, event: Event) -> Iterator[None]:
        text, end, offset = event.value, 0, event.start
        for mask in MASK.finditer(text):
            self._text.append(text[end : mask.start()])
            offset += len(self._text[-1].encode())
            formula = self.source.formulas.get(offset)
            end, offset = mask.end(), offset + mask.end() - mask.start()
            yield from self._flush()
            yield from self.pace.give_way()
            if formula is None:
                self._text.append("\ufffd")
            else:
                self._formula(formula)
        self._text.append(text[end:])

    def _formula(self, formula: Formula) -> None:
        is_display = self._splits and formula.is_display and not self._ends
        if formula.is_open:
            html = f'<code class="tex">{escaped(formula.tex.strip())}</code>'
        else:
            html = maths.mathml(formula.tex, is_display)
        if self._link_text is not None:
            self._link_text.append(formula.tex)
        if is_display:
            self._end_segment()
            self.segments.append(Segment(f"{FORMULA_START}{html}</div>", True))
        else:
            self._put(html)

    def _end_segment(self) -> None:
        self._breaks = False
        html = "".join(self._parts).strip(" ")
        self._parts = []
        if html:
            self.segments.append(Segment(html, False))

    def _put(self, html: str) -> None:
        if self._breaks:
            self._breaks = False
            if self._parts:
                self._parts.append("<br>")
        self._parts.append(html)

    def _flush(self) -> Iterator[None]:
        """Write the text since the last event of another kind: the parser divides text anywhere."""
        if not self._text:
            return
        text = "".join(self._text)
        self._text = []
        if self._link_text is not None:
            self._link_text.append(text)
        if PIPE in text:
            text = text.replace(PIPE, "|")
        for number, line in enumerate(LINE_BREAK.split(text) if LESS in text else (text,)):
            self._breaks = self._breaks or number > 0
            line = line.replace(LESS, "<")
            if len(line) > PIECE_CHARS:
                yield from self._long(line)
            elif line:
                self._plain(line)

    def _long(self, text: str) -> Iterator[None]:
        """Piece by piece, divided where no address can be."""
        start, reach = 0, PIECE_CHARS * (5 if "://" in text else 2)
        while start < len(text):
            end = text.find(" ", start + PIECE_CHARS, start + reach)
            end = end if end >= 0 else start + reach
            self._plain(text[start:end])
            start = end
            yield from self.pace.give_way()

    def _plain(self, text: str) -> None:
        if "://" not in text or self._link_text is not None:
            self._put(escaped(text))
            return
        end = 0
        for start, stop in links.find_addresses(text):
            address = links.safe_address(text[start:stop])
            self._put(escaped(text, end, start) + links.link_start(address))
            self._parts.append(escaped(text, start, stop) + links.link_end(address, text[start:stop]))
            end = stop
        self._put(escaped(text, end))

    def _code(self, event: Event) -> None:
        text = self.source.unmasked(event.value, event.start, event.end)
        if self._link_text is not None:
            self._link_text.append(text)
        self._put(f"<code>{escaped(text)}</code>")

    def _html(self, event: Event) -> None:
        self._text.append(event.value)

    def _soft(self, event: Event) -> None:
        self._breaks = True

    _hard = _soft

    def _rule(self, event: Event) -> None:
        pass

    def _task(self, event: Event) -> None:
        pass  # written by the item

    def _footnote(self, event: Event) -> None:
        if self._link_text is None and self.references.is_footnote(event.value):
            self._put(self.references.mark(event.value, event.start))
        else:
            self._text.append(f"[^{event.value}]")

    def _open(self, event: Event) -> None:
        if event.value in ("Link", "Image"):
            self._open_link(event)
        elif len(self._ends) >= self._depth:
            self._ends.append("")
        elif event.value == "Strikethrough" and not self.source.data.startswith(b"~~", event.start):
            self._text.append("~")  # `~5` means about five, and `1~2` a range
            self._ends.append("~")
        else:
            tag = TAGS[event.value]
            self._put(f"<{tag}>")
            self._ends.append(f"</{tag}>")

    def _open_link(self, event: Event) -> None:
        if self._link_text is not None or len(self._ends) >= self._depth:
            self._ends.append("")
            return
        link = event.data
        address, title = link["dest_url"], link["title"]
        if link["id"] and not link["link_type"].endswith("Unknown"):
            known = self.references.definitions.get(normalized_label(link["id"]))
            address, title = known or (address, title)
        address = self.source.unmasked(address, event.start, event.end)
        title = self.source.unmasked(title, event.start, event.end)
        self._address = links.safe_address(address)
        start = links.link_start(self._address, title)
        if event.value == "Image":
            start = start.replace("<a", '<a class="image"', 1)
        self._put(start)
        self._link_text = []
        self._ends.append("</a>")

    def _close(self, event: Event) -> None:
        end = self._ends.pop()
        if end == "~":
            self._text.append("~")
        elif end == "</a>":
            text = "".join(self._link_text or ())
            self._link_text = None
            if not text.strip() and self._address:
                self._parts.append(escaped(self._address))
                text = self._address
            self._parts.append(links.link_end(self._address, text))
        elif end:
            self._parts.append(end)
