"""The end of a growing text: its finished blocks, and the last one as it is shown while it grows."""

from collections.abc import Iterator

from answers.formatting import holding
from answers.formatting.beginning import Beginning
from answers.formatting.open_text import OpenText
from answers.formatting.references import References
from answers.formatting.settling import Settling
from answers.formatting.source import Source


class Tail(Settling):
    """`html` shows what is not in `finished`."""

    def __init__(self, references: References) -> None:
        super().__init__(references)
        self.html: list[str] = []
        self._shown: str | None = None
        self._open_text = OpenText()
        self._beginning = Beginning()

    def settle(self, *, is_final: bool = False) -> Iterator[None]:
        if is_final:
            self.html = []
        elif self._open_text.is_one_paragraph(self.text, self._seen):
            return
        yield from super().settle(is_final=is_final)

    def display(self) -> Iterator[None]:
        """Bring `html` up to date with the text."""
        if self._fence:
            self.html = [self._fence.grown(self.text)]
            return
        grown = self._open_text.grown(self.text)
        if grown is not None:
            self.html = [*self.html[:-1], grown]
            self._shown = self.text
            return
        shown = self.text[: holding.shown_length(self.text)]
        if shown == self._shown:
            return
        self._undo()
        yield from self._write_shown(shown)
        blocks = self._writer.blocks
        self._open_text.remember(blocks, shown)
        html = [html for block in blocks for html in block.html]
        # The same objects where nothing changed, so that this is seen at once.
        same = [old if old == new else new for old, new in zip(self.html, html, strict=False)]
        self.html = same + html[len(same) :]
        self._shown = shown
        if [block.kind for block in blocks] == ["Paragraph"] and (more := self._beginning.more(shown)):
            yield from self._writer.write(Source(more))
            self._beginning.add(more, self._writer.blocks)

    def _write_shown(self, shown: str) -> Iterator[None]:
        beginning = self._beginning
        if not beginning.begins(shown):
            beginning.forget()
        invented = holding.invented_row(shown)
        while True:
            source = Source(shown[len(beginning.text) :], is_open=True, invented=invented)
            source.goes_on = len(source.data.rstrip(b" "))
            yield from self._write(source)
            if not beginning.text or beginning.join(self._writer.blocks):
                return
            self._undo()
            beginning.forget()

    def blocks(self) -> list[str]:
        return self.finished.html + self.html

    def _undo(self) -> None:
        super()._undo()
        self._shown = None
        self._open_text.forget()
