"""The blocks of a growing text that are finished.

A line can only go on with, end or begin the innermost of the last blocks. So once a block follows another,
the other is finished. Only complete lines decide: a line that still grows may become something else.
"""

import re
from collections.abc import Iterator

from answers.formatting import code_blocks, markdown
from answers.formatting.blocks import Block, Finished, Frozen
from answers.formatting.code_blocks import Colours, Fence
from answers.formatting.pace import Pace
from answers.formatting.references import References, Use
from answers.formatting.source import Source
from answers.formatting.writer import Writer

# What the parser gets at once. A longer block is cut at the end of a line, however the text arrives.
WINDOW_CHARS = 32 * 1024
READ_CHARS = 8 * 1024  # it gets less at first, as one call cannot give way; a longer line is cut there
SHORT_WINDOW_CHARS = 2 * 1024

MAX_REWRITES = 3  # of one block, because of links that are defined after it; then it waits for the end
LAST_ROW = re.compile(rb"\|[^\n]*\n\Z")  # of a table. No other line after it can change it
# Complete lines of code. What is longer is taken piece by piece.
LINES = re.compile(r"[^\n]{0,4095}\n|[^\n]{4096}")


class Settling:
    """`finished` grows at its end; `text` is what is not in it."""

    def __init__(self, references: References) -> None:
        self.references = references
        self.pace = Pace()
        self.colours = Colours(self.pace)
        self.text = ""  # from the beginning of the last block, or of its part that is not frozen
        self.finished = Finished()
        self._writer = Writer(references, self.colours, self.pace)
        self._frozen = Frozen()
        self._uses: list[Use] = []  # of what will be written again, the last of them first
        self._fence: Fence | None = None
        self._limit = READ_CHARS
        self._seen = 0  # length of the text in which blocks were looked for
        self._new: set[str] = set()  # labels that have just been defined

    def settle(self, *, is_final: bool = False) -> Iterator[None]:
        """Move blocks that cannot change any more to `finished`; all if `is_final`."""
        while True:
            yield from self.pace.give_way()
            if self._fence:
                yield from self._continue_fence(self._fence, is_final)
                if self._fence:
                    return
            window, is_full = self._window(is_final)
            if not window:
                return
            is_read = len(window) == self._seen
            if is_full and is_read and self._limit < WINDOW_CHARS and "\n" in window:
                self._limit = WINDOW_CHARS
                continue
            ends = is_read or (is_final and not is_full)
            if ends and not is_final and not is_full:
                return
            self._undo()
            yield from self._write(Source(window, is_open=not ends))
            length, rest = len(self.text), len(self.text) - len(window)
            yield from self._finish_blocks(window, ends=ends)
            self._undo()
            self._seen = len(self.text) - rest
            if self._writer.stop is not None:
                # Where the parser is stopped again and again, it should not read far ahead each time.
                self._limit = SHORT_WINDOW_CHARS
            elif len(self.text) < length:
                self._limit = min(2 * self._limit, READ_CHARS)
            yield from self._rewrite()

    def _window(self, is_final: bool) -> tuple[str, bool]:
        """What the parser gets: complete lines, or all at the end. And whether there is more than that."""
        if len(self.text) <= self._limit:
            return self.text if is_final else self.text[: self.text.rfind("\n") + 1], False
        end = self.text.rfind("\n", 0, self._limit) + 1 or self.text.rfind(" ", 0, self._limit) + 1
        return self.text[: end or self._limit], True

    def _write(self, source: Source) -> Iterator[None]:
        yield from self._writer.write(source, self._frozen if self._frozen.source else None)
        self._uses = sorted(self.references.uses, key=lambda use: -use.offset)

    def _undo(self) -> None:
        self.references.undo(self._uses)
        self._uses = []

    # -- Blocks

    def _finish_blocks(self, window: str, *, ends: bool) -> Iterator[None]:
        """Finish all blocks but the last; all if the window `ends`."""
        blocks, source = self._writer.blocks, self._writer.source
        starts = _beginnings(blocks, source)
        cut = len(source.data) if ends else starts[-1] if starts else 0
        stop = self._writer.stop
        if stop is not None and (ends or source.data[stop:].strip()):
            cut, ends = stop, True
        yield from self._finish_all(
            window, blocks if ends else blocks[:-1], [*starts, cut][: len(blocks) + ends]
        )
        if cut:
            self._define(source, cut)
        begin = source.characters(cut)
        self.text = self.text[begin:]
        if not ends and blocks:
            last = blocks[-1]
            opening = Fence.OPENING.match(window, begin) if last.kind == "CodeBlock" else None
            if opening:
                self._fence = Fence(opening, last.data)
                self.text = self.text[opening.end() - begin :]
            elif last.kind in ("List", "Table") and last.parts:
                if (start := source.line_start(last.start)) > cut:  # there are definitions right before it
                    self._define(source, start)
                self._freeze(last, source, begin)

    def _finish_all(self, window: str, blocks: list[Block], places: list[int]) -> Iterator[None]:
        """`places` are the offsets at which the blocks begin, and at which the last of them ends."""
        source = self._writer.source
        begin = source.characters(places[0]) if places else 0
        for block, place in zip(blocks, places[1:], strict=True):
            if self.pace.is_due():
                yield
                self.pace.restart()
            end = source.characters(place)
            self._finish(block.html, window[begin:end], self._take_uses(place))
            begin = end

    def _finish(self, html: list[str], source: str, uses: list[Use]) -> None:
        frozen = self._frozen
        if frozen.source:
            source = frozen.whole(source)
            uses = frozen.uses + uses
            self._frozen = Frozen()
        self.finished.add(html, source, uses)
        self.colours.forget()

    def _take_uses(self, end: int) -> list[Use]:
        """Uses before an offset. They stay."""
        count = 0
        while count < len(self._uses) and self._uses[-1 - count].offset < end:
            count += 1
        taken = self._uses[len(self._uses) - count :]
        del self._uses[len(self._uses) - count :]
        return taken

    def _freeze(self, block: Block, source: Source, cut: int) -> None:
        """Keep the items or rows of the last block. The last of them only if it is a complete row."""
        parts, place = block.parts[:-1], source.line_start(block.parts[-1][0])
        is_row = block.kind == "Table" and LAST_ROW.match(source.data, place)
        if is_row and not any(formula.is_open for formula in source.formulas.values()):
            parts, place = block.parts, len(source.data)
        if not parts:
            return
        last = source.characters(place) - cut
        frozen = self._frozen
        if not frozen.source and block.kind == "Table":
            frozen.head_html = block.data
            frozen.head = self.text[: source.characters(source.line_start(block.parts[0][0])) - cut]
        frozen.uses += self._take_uses(place)
        frozen.source += self.text[len(frozen.head) : last]
        frozen.html += "".join(html for _, html in parts)
        frozen.rows += len(parts)
        frozen.is_loose = block.is_loose
        if block.kind == "List":
            frozen.start = block.data
        self.text = frozen.head + self.text[last:]

    def _continue_fence(self, fence: Fence, is_final: bool) -> Iterator[None]:
        taken = 0
        while not fence.is_closed and (line := LINES.match(self.text, taken)):
            if self.pace.is_due():
                yield
                self.pace.restart()
            fence.feed(line[0])
            taken = line.end()
        if is_final and not fence.is_closed:
            fence.feed(self.text[taken:])
            taken = len(self.text)
        self.text = self.text[taken:]
        if fence.is_closed or is_final:
            yield from self.colours.of(fence.code, fence.language)
            html = code_blocks.start(fence.language) + self.colours.html + code_blocks.AFTER_CODE
            self._finish([html], "".join(fence.source), [])
            self._fence, self._seen = None, 0
            self._undo()

    # -- References that are defined after their use

    def _define(self, source: Source, cut: int) -> None:
        if "]:" in source.text:
            text = source.data[: source.offset(cut)].decode()
            self._new |= self.references.define(markdown.definitions(text))

    def _rewrite(self) -> Iterator[None]:
        """Write blocks again that lacked a label which is now defined."""
        new, self._new = self._new, set()
        if not new:
            return
        for block in self.finished.lacking(new):
            if block.rewrites < MAX_REWRITES:
                block.rewrites += 1
                self.references.undo(block.uses, keep_numbers=True)
                yield from self._writer.write(Source(block.source))
                html = [html for one in self._writer.blocks for html in one.html]
                self.finished.html[block.place : block.place + block.count] = html[: block.count]
                block.uses = self.references.uses
        if self._frozen.rewrites < MAX_REWRITES and _lacks(self._frozen.uses, new):
            self.references.undo(self._frozen.uses)
            self.text, self._seen = self._frozen.whole(self.text), 0
            self._frozen = Frozen(rewrites=self._frozen.rewrites + 1)


def _beginnings(blocks: list[Block], source: Source) -> list[int]:
    """The offset of each block, or of link definitions right before it, which are read as its paragraph."""
    found = []
    end = 0
    for block in blocks:
        start = source.line_start(block.start)
        before = source.data[end:start]
        if b"]:" in before:
            start = end + before.rfind(b"\n\n") + 2 if b"\n\n" in before else end
        found.append(start)
        end = block.end
    return found


def _lacks(uses: list[Use], labels: set[str]) -> bool:
    return any(use.kind == "lacks" and use.label in labels for use in uses)
