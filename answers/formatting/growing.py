"""A text that grows, as blocks of HTML. Blocks are a function of the text alone, however it was cut.

Each block is the HTML of exactly one element. Finished blocks never change again.
"""

from collections.abc import Iterator
from html import escape


class Growing:
    """Feed it text, then render. `blocks` shows the first `length` code points of what was fed."""

    def __init__(self, prefix: str) -> None:
        """`prefix` begins every id in the HTML, so that two answers of one page do not clash."""
        self.prefix = prefix
        self.blocks: list[str] = []
        self.length = 0
        self._text = ""

    def feed(self, text: str) -> None:
        self._text += text

    def render(self) -> Iterator[None]:
        """Bring `blocks` up to date with what was fed. Gives way about every millisecond."""
        yield from self._render()

    def finish(self) -> Iterator[None]:
        """Render the whole as `formatted` does. Nothing may be fed afterwards."""
        yield from self._render()

    def _render(self) -> Iterator[None]:
        paragraphs = self._text.split("\n\n")
        self.blocks = [f'<p dir="auto">{escape(part)}</p>' for part in paragraphs if part]
        self.length = len(self._text)
        yield


def formatted(text: str, prefix: str) -> list[str]:
    """The blocks of a whole text."""
    growing = Growing(prefix)
    growing.feed(text)
    for _ in growing.finish():
        pass
    return growing.blocks
