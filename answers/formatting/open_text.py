"""Plain text that goes on where plain text stood: the words of a paragraph, an item or a cell.

Most of an answer is such text. It is added to the HTML without the parser, which reads the block again only
when a character comes that could mean something.
"""

import re

from answers.formatting.blocks import Block
from answers.formatting.characters import escaped

HERE = "\x05"  # in what is written: here the text goes on. No text contains it, see source.py
MAX_CHARS = 8_000  # of the unfinished block. A longer one may have to be cut
# Neither markup, nor part of an address or an entity, nor a character whose look depends on its neighbours.
PLAIN = re.compile("[A-Za-z0-9 ,.?'\"\u00c0-\u024f\u0370-\u052f\u3001-\u312f\u3190-\ud7ff-]*")
# Such a line goes on with a paragraph, whatever comes before it.
LINES_OF_A_PARAGRAPH = re.compile(r"(?:[A-Za-z][^\n]*\n)+")


class OpenText:
    """The end of the last block, if plain text may go on there."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._length = -1  # of the text that is shown
        self._before = self._after = ""
        self._is_paragraph = False

    def remember(self, blocks: list[Block], shown: str) -> None:
        """Take the mark out of the HTML of these blocks, which show this text."""
        self.forget()
        self._is_paragraph = len(blocks) == 1 and blocks[0].kind == "Paragraph" and len(shown) < MAX_CHARS
        if not blocks or not blocks[-1].html or HERE not in blocks[-1].html[-1]:
            return
        before, _, after = blocks[-1].html[-1].partition(HERE)
        before = before.rstrip(" ")
        blocks[-1].html[-1] = before + after
        text = shown.rstrip(" ")
        is_address = ":" in text[max(text.rfind(" "), text.rfind("\n")) + 1 :]
        # Quotes and brackets may complete the definition of a link, which then disappears.
        if PLAIN.fullmatch(text[-1:]) and not is_address and "]:" not in text and len(text) < MAX_CHARS:
            self._length, self._before, self._after = len(text), before, after

    def grown(self, text: str) -> str | None:
        """The HTML of the last block if it is all of this text. None if that needs the parser."""
        if self._length < 0 or len(text) >= MAX_CHARS or not PLAIN.fullmatch(text, self._length):
            return None
        end = len(text.rstrip(" "))
        self._before += escaped(text, self._length, end)
        self._length = end
        return self._before + self._after

    def is_one_paragraph(self, text: str, known: int) -> bool:
        """Whether no block has ended in the complete lines of this text, of which some were `known`."""
        if not self._is_paragraph or len(text) >= MAX_CHARS:
            return False
        return LINES_OF_A_PARAGRAPH.fullmatch(text, known, text.rfind("\n") + 1) is not None
