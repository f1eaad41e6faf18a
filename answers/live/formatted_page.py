"""What a page has of a formatted answer, and the events that bring it up to date."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from uuid import UUID

from answers import protocol
from answers.formatting import Change, changes
from answers.live.progress import PIECE_CHARS
from answers.live.rendering import Rendering
from answers.protocol import Event

HTML_CHARS = 65_536  # in one event, like PIECE_CHARS
ENTITY_CHARS = 10  # at most: `&#x10ffff;`


class FormattedPage:
    """`position` code points of this `edition` are on the page, and these `blocks` were sent."""

    def __init__(self, answer: UUID, position: int, edition: int) -> None:
        self.answer, self.position, self.edition = answer, position, edition
        self.blocks: list[str] = []

    def events(self, rendering: Rendering) -> Iterator[Event]:
        """The text and the blocks that the page lacks, in events of a limited size.

        The last of them completes the HTML of the text so far. Until then, the page is between two states.
        """
        texts, html, blocks = self._missing(rendering)
        for text, part in zip_longest(texts, html):
            yield self._text_event(text, part or [], blocks)

    def end(self, rendering: Rendering, finished: Event) -> Iterator[Event]:
        """The same, and the end of the answer, which contains the last changes."""
        texts, html, blocks = self._missing(rendering)
        last = [] if texts else html.pop() if html else []
        for text, part in zip_longest(texts, html):
            yield self._text_event(text, part or [], blocks)
        yield protocol.with_html(finished, last, blocks, is_end=True)

    def _missing(self, rendering: Rendering) -> tuple[list[str], list[list[Change]], list[str]]:
        """Pieces of text, parts of the changes, and what the blocks are then."""
        is_new, length, blocks = rendering.edition != self.edition, rendering.length, rendering.blocks
        if is_new:
            self.edition, self.position, self.blocks = rendering.edition, 0, []
        html = list(_parts(changes(self.blocks, blocks)))
        text = rendering.text[self.position : length]
        texts = [text[start : start + PIECE_CHARS] for start in range(0, len(text), PIECE_CHARS)]
        if not texts and not html and (is_new or len(blocks) != len(self.blocks)):
            texts = [""]
        self.position = min(self.position, length)  # a page that has more reads the end of the answer again
        self.blocks = blocks
        return texts, html, blocks

    def _text_event(self, text: str | None, html: list[Change], blocks: list[str]) -> Event:
        event = protocol.text(self.answer, self.position, text or "", self.edition)
        self.position += len(text or "")
        return protocol.with_html(event, html, blocks)


def _parts(found: Iterable[Change]) -> Iterator[list[Change]]:
    """The changes in parts of at most HTML_CHARS. A part may end within a block, but not within a tag."""
    part: list[Change] = []
    left = HTML_CHARS
    for number, keep, html in found:
        start = 0
        while len(html) - start > left:
            end = _cut(html, start, start + left)
            if end == start and left == HTML_CHARS:
                end = start + left  # there is no good place
            if end > start:
                part.append((number, keep + start, html[start:end]))
            if part:
                yield part
            part, left, start = [], HTML_CHARS, end
        part.append((number, keep + start, html[start:]))
        left -= len(html) - start
    if part:
        yield part


def _cut(html: str, start: int, end: int) -> int:
    """The last place up to `end` that is not within a tag or an entity. It may be `start`."""
    tag = html.rfind("<", start, end)
    if tag > html.rfind(">", start, end):
        return tag
    entity = html.rfind("&", max(start, end - ENTITY_CHARS), end)
    return entity if entity > html.rfind(";", start, end) else end
