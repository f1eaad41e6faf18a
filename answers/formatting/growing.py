"""A text that grows, as blocks of HTML. Blocks are a function of the text alone, however it was cut.

Each block is the HTML of exactly one element. Finished blocks never change again, except for links that are
defined after their use.
"""

from collections.abc import Generator, Iterator

from answers.formatting.pace import Pace
from answers.formatting.references import References
from answers.formatting.source import normalized
from answers.formatting.tail import Tail


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
        tail.pace.restart()
        tail.text += yield from normalized(text.removesuffix("\r"), tail.pace)
        yield from tail.settle()
        yield from tail.display()
        self.blocks = tail.blocks()
        self.length += len(new)

    def finish(self) -> Iterator[None]:
        """Render the whole as `formatted` does. Nothing may be fed afterwards."""
        source, pace = "".join(self._fed), Pace()
        text = yield from normalized(source, pace)
        blocks = yield from _whole(text, self.prefix)
        for place, (old, new) in enumerate(zip(self.blocks, blocks, strict=False)):
            if old == new:
                blocks[place] = old  # the same object, so that this is seen at once
            if pace.is_due():
                yield
                pace.restart()
        self.blocks, self.length = blocks, len(source)


def prefix_of(id: object) -> str:
    """What begins the ids in the HTML of one of several texts on a page."""
    return f"a{id}-"


def formatted(text: str, prefix: str) -> list[str]:
    """The blocks of a whole text."""
    growing = Growing(prefix)
    growing.feed(text)
    for _ in growing.finish():
        pass
    return growing.blocks


def _whole(text: str, prefix: str) -> Generator[None, None, list[str]]:
    references = References(prefix)
    blocks = yield from _once(text, references)
    if references.prepare_again():
        blocks = yield from _once(text, references)
    return blocks


def _once(text: str, references: References) -> Generator[None, None, list[str]]:
    tail = Tail(references)
    tail.text = text
    yield from tail.settle(is_final=True)
    return tail.blocks()
