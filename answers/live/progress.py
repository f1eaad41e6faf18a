"""How much of an answer its reader has, so that nothing is left out or sent twice."""

from collections.abc import Iterator
from uuid import UUID

from answers import protocol
from answers.engine.running_answer import Content
from answers.protocol import Event

PIECE_CHARS = 65_536  # in one event, so that a slow reader of a long answer costs little memory
ALL = 2**30  # beyond the end of any reasoning


class Progress:
    """Positions count code points. `position` is in this `edition` of the text."""

    def __init__(self, answer: UUID, position: int, reasoning_position: int, edition: int) -> None:
        self.answer = answer
        # PostgreSQL counts characters in 32 bits, and a page may send any number.
        self.position, self.reasoning_position = min(position, ALL), min(reasoning_position, ALL)
        self.edition = edition
        self.is_shared = False  # whether the reader has only a shared link

    def hide_reasoning(self) -> None:
        """Call this if the reader has only a shared link: they must not see the reasoning."""
        self.is_shared, self.reasoning_position = True, ALL

    def lacks(self, message: Event) -> bool:
        """Whether something is missing before this batch, or before the end."""
        if message["type"] == "answer.reasoning":
            return self.reasoning_position < int(message["position"])
        if message["type"] == "answer.finished":
            lacks_text = self.edition != message["edition"] or self.position < int(message["length"])
            return lacks_text or self.reasoning_position < int(message["reasoning_length"])
        edition = message.get("edition", 0)
        have = self.position if edition == self.edition else 0
        lacks_text = edition >= self.edition and have < int(message["position"])
        # While the text grows, no reasoning comes whose position would show that some was lost.
        return lacks_text or self.reasoning_position < int(message.get("saved_reasoning", 0))

    def text(self, edition: int, position: int, text: str, *, may_go_back: bool = False) -> Iterator[Event]:
        """Events with the part of `text` that the reader does not have; none if there is a gap before it.

        Text of an earlier edition is late and is dropped, unless the edition `may_go_back`: the later edition
        may have been lost with a process that was killed.
        """
        if edition < self.edition and not may_go_back:
            return
        if edition != self.edition:
            had_text, self.position, self.edition = self.position > 0, 0, edition
            if had_text and not (text and position == 0):
                yield protocol.text(self.answer, 0, "", edition)
        while position <= self.position < position + len(text):
            piece = text[self.position - position :][:PIECE_CHARS]
            start, self.position = self.position, self.position + len(piece)
            yield protocol.text(self.answer, start, piece, edition)

    def reasoning(self, position: int, text: str) -> Iterator[Event]:
        """The same for reasoning, which never starts over."""
        while position <= self.reasoning_position < position + len(text):
            piece = text[self.reasoning_position - position :][:PIECE_CHARS]
            start, self.reasoning_position = self.reasoning_position, self.reasoning_position + len(piece)
            yield protocol.reasoning(self.answer, start, piece)

    def content(self, content: Content) -> Iterator[Event]:
        """Events with everything that the reader does not have."""
        yield from self.reasoning(0, content.reasoning)
        yield from self.text(content.edition, 0, content.text, may_go_back=True)

    def batch(self, message: Event) -> Iterator[Event]:
        if message["type"] == "answer.reasoning":
            yield from self.reasoning(message["position"], message["text"])
        else:
            yield from self.text(message.get("edition", 0), message["position"], message["text"])
