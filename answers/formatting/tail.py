"""The end of a growing text: it finds which blocks are finished, and shows the last one while it grows.

A line can only go on with, end or begin the innermost of the last blocks. So once a block follows another,
the other is finished. Only complete lines decide: a line that still grows may become something else.
"""

import re
from collections.abc import Iterator

from answers.formatting import code_blocks, holding, markdown
from answers.formatting.blocks import Block, Finished, Frozen
from answers.formatting.code_blocks import Colours, Fence
from answers.formatting.pace import Pace
from answers.formatting.references import References, Use
from answers.formatting.source import Source
from answers.formatting.writer import Writer

# What the parser gets at once. A longer block is cut at the end of a line, however the text arrives.
WINDOW_CHARS = 32 * 1024


MAX_REWRITES = 3  # of one block, because of links that are defined after it; then it waits for the end
LINES = re.compile(r"[^\n]*\n|[^\n]+")


class Tail:
    """`finished` grows at its end, and `html` shows what is not in it."""

    def __init__(self, references: References) -> None:
        self.references = references
        self.pace, self.colours = Pace(), Colours()
        self.text = ""  # from the beginning of the last block, or of its part that is not frozen
        self.finished: list[Finished] = []
        self.html: list[str] = []
        self._writer = Writer(references, self.colours, self.pace)
        self._frozen = Frozen()
        self._uses: list[Use] = []  # of what will be written again
        self._fence: Fence | None = None
        self._seen = 0  # length of the text in which blocks were looked for
        self._shown: str | None = None
        self._new: set[str] = set()  # labels that have just been defined

    def settle(self, *, is_final: bool = False) -> Iterator[None]:
        """Move blocks that cannot change any more to `finished`; all if `is_final`."""
        while True:
            if self._fence:
                yield from self._continue_fence(self._fence, is_final)
                if self._fence:
                    return
            window, is_full = self._window(is_final)
            if not window:
                return
            ends = len(window) == self._seen or (is_final and not is_full)
            if ends and not is_final and not is_full:
                return
            self._undo()
            yield from self._write(Source(window, is_open=not ends))
            rest = len(self.text) - len(window)
            self._finish_blocks(window, ends=ends)
            self._undo()
            self._seen = len(self.text) - rest
            yield from self._rewrite()

    def display(self) -> Iterator[None]:
        """Bring `html` up to date with the text."""
        if self._fence:
            self.html = [self._fence.grown(self.text)]
            return
        shown = self.text[: holding.shown_length(self.text)]
        if shown == self._shown:
            return
        self._undo()
        yield from self._write(Source(shown, is_open=True, invented=holding.invented_row(shown)))
        html = [html for block in self._writer.blocks for html in block.html]
        # The same objects where nothing changed, so that this is seen at once.
        same = [old if old == new else new for old, new in zip(self.html, html, strict=False)]
        self.html = same + html[len(same) :]
        self._shown = shown

    def blocks(self) -> list[str]:
        return [html for block in self.finished for html in block.html] + self.html

    def uses(self) -> list[Use]:
        return [use for block in self.finished for use in block.uses]

    def _window(self, is_final: bool) -> tuple[str, bool]:
        """What the parser gets: complete lines, or all at the end. And whether there is more than that."""
        if len(self.text) <= WINDOW_CHARS:
            return self.text if is_final else self.text[: self.text.rfind("\n") + 1], False
        return self.text[: self.text.rfind("\n", 0, WINDOW_CHARS) + 1 or WINDOW_CHARS], True

    def _write(self, source: Source) -> Iterator[None]:
        yield from self._writer.write(source, self._frozen if self._frozen.source else None)
        self._uses = self.references.uses

    def _undo(self) -> None:
        self.references.undo(self._uses)
        self._uses = []
        self._shown = None

    # -- Blocks

    def _finish_blocks(self, window: str, *, ends: bool) -> None:
        """Finish all blocks but the last; all if the window `ends`."""
        blocks, source = self._writer.blocks, self._writer.source
        starts = _beginnings(blocks, source)
        cut = len(window) if ends else starts[-1] if starts else 0
        if self._writer.stop is not None:
            stop = source.characters(self._writer.stop)
            if ends or window[stop:].strip():
                cut, ends = stop, True
        finished = blocks if ends else blocks[:-1]
        for block, begin, end in zip(finished, starts, [*starts[1:], cut], strict=False):
            self._finish(block.html, window[begin:end], self._take_uses(source, end))
        if cut:
            self._define(source, cut)
        self.text = self.text[cut:]
        if not ends and blocks:
            last = blocks[-1]
            opening = Fence.OPENING.match(window, cut) if last.kind == "CodeBlock" else None
            if opening:
                self._fence = Fence(opening, last.data)
                self.text = self.text[opening.end() - cut :]
            elif last.kind in ("List", "Table") and len(last.parts) > 1:
                self._freeze(last, source, cut)

    def _finish(self, html: list[str], source: str, uses: list[Use]) -> None:
        frozen = self._frozen
        if frozen.source:
            source = frozen.whole(source)
            uses = frozen.uses + uses
            self._frozen = Frozen()
        self.finished.append(Finished(html, source, uses))
        self.colours.forget()

    def _take_uses(self, source: Source, end: int) -> list[Use]:
        """Uses before a place in the text. They stay."""
        limit = source.offset(end)
        taken = [use for use in self._uses if use.offset < limit]
        self._uses = [use for use in self._uses if use.offset >= limit]
        return taken

    def _freeze(self, block: Block, source: Source, cut: int) -> None:
        """Keep the items or rows of the last block but the last one."""
        first, last = (source.characters(source.line_start(block.parts[at][0])) - cut for at in (0, -1))
        frozen = self._frozen
        if not frozen.source and block.kind == "Table":
            frozen.head = self.text[:first]
        frozen.uses += self._take_uses(source, last + cut)
        frozen.source += self.text[len(frozen.head) : last]
        frozen.html += "".join(html for _, html in block.parts[:-1])
        frozen.rows += len(block.parts) - 1
        frozen.is_loose = block.is_loose
        if block.kind == "List":
            frozen.start = block.data
        self.text = frozen.head + self.text[last:]

    def _continue_fence(self, fence: Fence, is_final: bool) -> Iterator[None]:
        end = len(self.text) if is_final else self.text.rfind("\n") + 1
        taken = 0
        for line in LINES.finditer(self.text, 0, end):
            if self.pace.is_due():
                yield
                self.pace.restart()
            fence.feed(line[0])
            taken = line.end()
            if fence.is_closed:
                break
        self.text = self.text[taken:]
        if fence.is_closed or is_final:
            yield from self.colours.of(fence.code, fence.language)
            html = code_blocks.start(fence.language) + self.colours.html + code_blocks.AFTER_CODE
            self._finish([html], "".join(fence.source), [])
            self._fence, self._seen, self._shown = None, 0, None

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
        for block in self.finished:
            if block.rewrites < MAX_REWRITES and _lacks(block.uses, new):
                block.rewrites += 1
                self.references.undo(block.uses, keep_numbers=True)
                yield from self._writer.write(Source(block.source))
                block.html = [html for one in self._writer.blocks for html in one.html]
                block.uses = self.references.uses
        if self._frozen.rewrites < MAX_REWRITES and _lacks(self._frozen.uses, new):
            self.references.undo(self._frozen.uses)
            self.text, self._seen = self._frozen.whole(self.text), 0
            self._frozen = Frozen(rewrites=self._frozen.rewrites + 1)


def _beginnings(blocks: list[Block], source: Source) -> list[int]:
    """Where each block begins, with link definitions right before it: the parser reads it as their paragraph."""
    found = []
    end = 0
    for block in blocks:
        start = source.line_start(block.start)
        before = source.data[end:start]
        if b"]:" in before:
            start = end + before.rfind(b"\n\n") + 2 if b"\n\n" in before else end
        found.append(source.characters(start))
        end = block.end
    return found


def _lacks(uses: list[Use], labels: set[str]) -> bool:
    return any(use.kind == "lacks" and use.label in labels for use in uses)
