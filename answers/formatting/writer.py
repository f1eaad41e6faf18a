"""Markdown as HTML, block by block. Safe because every element and attribute is written here.

What elements look like is said in `answers/static/answers/text.css`; nothing here has words for people.
"""

from collections.abc import Iterator

from answers.formatting import code_blocks, markdown
from answers.formatting.blocks import Block, Element, Frozen
from answers.formatting.characters import escaped
from answers.formatting.code_blocks import Colours
from answers.formatting.inline import InlineWriter
from answers.formatting.markdown import Event
from answers.formatting.open_ends import closed_for_display
from answers.formatting.pace import Pace
from answers.formatting.references import References, with_footnotes
from answers.formatting.source import Source
from answers.formatting.tables import TABLE, Table

MAX_DEPTH = 24  # of elements in each other. Readers and browsers lose track long before
INLINE = {"Emphasis", "Strong", "Strikethrough", "Link", "Image"}
UNDIVIDED = {"Heading", "TableCell"}  # these cannot hold a formula that stands by itself


class Writer:
    """`stop` is the offset at which the parser was stopped, if it was. The text from there is parsed anew."""

    def __init__(self, references: References, colours: Colours, pace: Pace) -> None:
        self.references, self.colours, self.pace = references, colours, pace

    def write(self, source: Source, frozen: Frozen | None = None) -> Iterator[None]:
        """Fill `blocks`. The first of them continues what is `frozen`."""
        self.source, self._frozen = source, frozen
        self.blocks: list[Block] = []
        self.stop: int | None = None
        self._inline = InlineWriter(source, self.references, self.pace)
        self._out: list[str] = []
        self._stack: list[Element] = []
        self._leaf: list[Event] = []
        self._table: Table | None = None
        self._is_in_known_head = False
        self.references.uses = []
        for event in markdown.parse(source.masked, self.references.missing):
            if self.pace.is_due():
                yield
                self.pace.restart()
            if self._is_in_known_head:
                self._skip_head(event)
            elif event.kind == "rule" or (event.kind in ("open", "close") and event.value not in INLINE):
                if self._leaf:
                    yield from self._write_leaf()
                self._structure(event)
                if self.stop is not None:
                    return
            else:
                self._leaf.append(event)

    # -- Structure

    def _structure(self, event: Event) -> None:
        if event.kind == "close":
            self._close(event)
        elif event.kind == "rule":
            self._begin(event, "<hr>", "")
            self._end()
        elif event.value.startswith("Table"):
            self._open_table_part(event)
        else:
            self._open(event)

    def _begin(self, event: Event, start: str, end: str) -> None:
        if self._stack:
            self._stack[-1].children += 1
        else:
            self.blocks.append(Block(event.value or "Rule", event.start, event.end, event.data))
            self._out = []
        self._stack.append(Element(event.value, end, len(self._out), event.data))
        self._out.append(start)

    def _end(self) -> Element:
        element = self._stack.pop()
        self._out.append(element.end)
        if not self._stack:
            self._end_html()
        return element

    def _end_html(self) -> None:
        """What was written is one element of the top level."""
        html = "".join(self._out)
        self._out = []
        if html:
            self.blocks[-1].html.append(html)

    def _open(self, event: Event) -> None:
        name, data = event.value, event.data
        is_deep = len(self._stack) >= MAX_DEPTH - 1 and name in ("List", "BlockQuote", "FootnoteDefinition")
        if is_deep or (name == "Item" and not self._stack[-1].end):
            self._begin(event, " ", "")
        elif name == "Heading":
            level = min(int(data["level"][1]) + 2, 6)
            self._begin(event, f'<h{level} dir="auto">', f"</h{level}>")
        elif name == "List":
            self._begin(event, "", "</ul>" if data is None else "</ol>")
            self._continue_list()
        elif name == "Item":
            self._begin(event, '<li dir="auto">', "</li>")
        elif name == "BlockQuote":
            self._begin(event, '<blockquote dir="auto">', "</blockquote>")
        elif name == "FootnoteDefinition":
            self._begin(event, *self.references.note(data, event.start))
        elif name == "CodeBlock":
            language = self._language(event)
            self._begin(event, code_blocks.start(language), code_blocks.AFTER_CODE)
            self._stack[-1].data = language
            if len(self._stack) == 1:
                self.blocks[-1].data = language
        else:  # a paragraph: its leaf is written at its end
            self._begin(event, "", "")
            if len(self._stack) > 2 and self._stack[-2].name == "Item":
                self._stack[-3].is_loose = True

    def _language(self, event: Event) -> str:
        if event.data == "Indented":
            return ""
        info = event.data["Fenced"]
        return code_blocks.language_of(self.source.unmasked(info, event.start, event.end))

    def _continue_list(self) -> None:
        if self._frozen and len(self._stack) == len(self.blocks) == 1:
            self._out.append(self._frozen.html)
            self._stack[0].data, self._stack[0].is_loose = self._frozen.start, self._frozen.is_loose

    def _close(self, event: Event) -> None:
        element = self._stack[-1]
        if element.name == "List" and element.end:
            loose = ' class="loose"' if element.is_loose else ""
            number = "" if element.data is None else f' start="{element.data}"'
            self._out[element.place] = f'<{element.end[2:-1]} dir="auto"{loose}{number}>'
            if len(self._stack) == 1:
                self.blocks[-1].is_loose, self.blocks[-1].data = element.is_loose, element.data
        self._end()
        if element.name in ("Item", "TableRow") and len(self._stack) == 1:
            self.blocks[-1].parts.append((event.start, "".join(self._out[element.place :])))
        elif element.name == "TableHead" and self._table:
            self._table.end_head()
            if len(self._stack) == 1:
                self.blocks[-1].data = "".join(self._out[element.place :])

    # -- Tables

    def _open_table_part(self, event: Event) -> None:
        name = event.value
        if name == "Table":
            rows = self._frozen.rows if self._frozen and not (self._stack or self.blocks) else 0
            self._table = Table(event.data, rows)
            self._begin(event, *TABLE)
        elif name == "TableCell" and self._table:
            self._begin(event, *self._table.cell(event.start))
        elif self._table and not self._table.begins_row(event.end):
            self._stop_table(event)
        elif name == "TableHead" and self._frozen and len(self._stack) == len(self.blocks) == 1:
            self._is_in_known_head = True
        elif name == "TableHead":
            self._begin(event, "<thead><tr>", "</tr></thead><tbody>")
        else:
            self._begin(event, "<tr>", "</tr>")

    def _skip_head(self, event: Event) -> None:
        """It was written before."""
        if event.value == "TableHead" and self._table and self._frozen:
            self._is_in_known_head = False
            self._table.end_head()
            self._out += [self._frozen.head_html, self._frozen.html]

    def _stop_table(self, event: Event) -> None:
        """The table has too many cells. What follows, or the whole block around the table, is source text."""
        block = self.blocks[-1]
        if event.value == "TableRow" and len(self._stack) == 1:
            self._end()
            self.stop = self.source.line_start(event.start)
            return
        lines = self.source.data[block.start : block.end].split(b"\n", 2)
        is_top = block.kind == "Table"
        self.stop = block.start + sum(len(line) + 1 for line in lines[:2]) if is_top else block.end
        self.stop = min(self.stop, block.end)
        text = self.source.original(block.start, self.stop).strip("\n")
        block.kind, block.parts = "Paragraph", []
        block.html = [f'<p dir="auto">{escaped(text).replace(chr(10), "<br>")}</p>']

    # -- Leaves

    def _write_leaf(self) -> Iterator[None]:
        leaf, self._leaf = self._leaf, []
        element = self._stack[-1]
        if element.name == "CodeBlock":
            yield from self._write_code(leaf, element.data)
            return
        is_task = leaf[0].kind == "task"
        if b"[^" in self.source.data[leaf[0].start : leaf[-1].end]:
            leaf = yield from with_footnotes(leaf, self.source, self.pace)
        splits = not is_task and element.name not in UNDIVIDED
        if self.source.is_open and self._is_last(leaf, element):
            leaf = yield from closed_for_display(leaf, self.source, self.pace)
        yield from self._inline.write(leaf, depth=MAX_DEPTH - len(self._stack), splits=splits)
        is_first = self._is_first(element)
        if is_task:
            self._make_task(leaf[0])
        for segment in self._inline.segments:
            is_bare = segment.is_formula or is_first or element.name in UNDIVIDED
            self._out.append(segment.html if is_bare else f'<p dir="auto">{segment.html}</p>')
            is_first = False
            if len(self._stack) == 1 and element.name not in UNDIVIDED:
                self._end_html()
        if is_task:
            self._out.append("</label>")

    def _is_first(self, element: Element) -> bool:
        """Whether a leaf begins an item or a footnote. Then it is no `<p>`, and lists may become loose."""
        if element.name == "Item":
            element.children += 1
            return element.children == 1
        parent = self._stack[-2] if len(self._stack) > 1 else None
        return parent is not None and parent.name in ("Item", "FootnoteDefinition") and parent.children == 1

    def _make_task(self, event: Event) -> None:
        for element in reversed(self._stack):
            if element.name == "Item" and element.end:
                self._out[element.place] = '<li class="task" dir="auto">'
                break
        self._out.append(f'<label><input type="checkbox" disabled{" checked" if event.value else ""}> ')

    def _is_last(self, leaf: list[Event], element: Element) -> bool:
        """Whether the text may still go on in this leaf."""
        rest = self.source.data[leaf[-1].end : self.source.end]
        if element.name in UNDIVIDED:
            return not rest.strip(b" \t#") and b"\n" not in rest
        return rest.strip(b" \t>") in (b"", b"\n")

    def _write_code(self, leaf: list[Event], language: str) -> Iterator[None]:
        text = "".join(self.source.unmasked(one.value, one.start, one.end) for one in leaf).removesuffix("\n")
        rest = self.source.data[leaf[-1].end : self.source.end]
        if self.source.is_open and not rest.strip(b" \t\n>"):
            self._out.append(escaped(text))
        else:
            yield from self.colours.of(text, language)
            self._out.append(self.colours.html)
