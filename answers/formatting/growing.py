"""A text that grows, as blocks of HTML. Blocks are a function of the text alone, however it was cut.

Each block is the HTML of exactly one element. Finished blocks never change again, except for links that are
defined after their use.
"""

import re
from collections.abc import Generator, Iterator

from answers.formatting.references import References
from answers.formatting.source import normalized
from answers.formatting.tail import Tail

# What may reach across blocks: definitions of links, footnotes, and delimiters of formulas. And a tab behind
# a fence, which does not close it for the parser.
FAR = re.compile(r"\]:|\[\^|\$|\\[(\[]|[`~] *\t")
FENCE = re.compile("```|~~~")  # of blanks at the end of an open one, the parser keeps only some


class Growing:
    """Feed it text, then render. `blocks` shows the first `length` code points of what was fed."""

    def __init__(self, prefix: str) -> None:
        """`prefix` begins every id in the HTML, so that two answers of one page do not clash."""
        self.prefix = prefix
        self.blocks: list[str] = []
        self.length = 0
        self._fed: list[str] = []
        self._new: list[str] = []  # not rendered yet
        self._carriage_return = ""  # half a line end, perhaps
        self._tail = Tail(References(prefix))

    def feed(self, text: str) -> None:
        self._fed.append(text)
        self._new.append(text)

    def render(self) -> Iterator[None]:
        """Bring `blocks` up to date with what was fed. Gives way about every millisecond."""
        tail = self._tail
        new = "".join(self._new)
        self._new = []
        text = self._carriage_return + new
        self._carriage_return = "\r" if text.endswith("\r") else ""
        tail.text += normalized(text.removesuffix("\r"))
        tail.pace.restart()
        yield from tail.settle()
        yield from tail.display()
        self.blocks = tail.blocks()
        self.length += len(new)

    def finish(self) -> Iterator[None]:
        """Render the whole as `formatted` does. Nothing may be fed afterwards."""
        source = "".join(self._fed)
        has_open_blanks = source.endswith((" ", "\t")) and FENCE.search(source)
        if self._tail.is_local and not has_open_blanks and not FAR.search(source):
            yield from self._finish_rest()
            blocks = self._tail.blocks()
        else:
            blocks = yield from self._render_again(normalized(source))
        same = [one if one == new else new for one, new in zip(self.blocks, blocks, strict=False)]
        self.blocks = same + blocks[len(same) :]
        self.length = len(source)
        self._fed = [source]

    def _finish_rest(self) -> Iterator[None]:
        """Finish what is not finished: all blocks are functions of their own text."""
        self._tail.text += normalized(self._carriage_return + "".join(self._new))
        self._new, self._carriage_return = [], ""
        self._tail.pace.restart()
        yield from self._tail.settle(is_final=True)

    def _render_again(self, text: str) -> Generator[None, None, list[str]]:
        references = References(self.prefix)
        tail = yield from _whole(text, references)
        if references.prepare_again():
            tail = yield from _whole(text, references)
        return tail.blocks()


def formatted(text: str, prefix: str) -> list[str]:
    """The blocks of a whole text."""
    growing = Growing(prefix)
    growing.feed(text)
    for _ in growing.finish():
        pass
    return growing.blocks


def _whole(text: str, references: References) -> Generator[None, None, Tail]:
    tail = Tail(references)
    tail.text = text
    yield from tail.settle(is_final=True)
    return tail
