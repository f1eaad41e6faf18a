"""The beginning of a paragraph that still grows, up to where nothing that follows can change it.

In it all emphasis, code and links are closed, and nothing else could be markup. So its HTML is a function of
its own text, and only what follows is read again while the paragraph grows.
"""

import re

from answers.formatting.blocks import Block

LETTERS = "A-Za-z\u00c0-\u024f\u0370-\u052f"
ENDS = "A-Za-z0-9\u00c0-\u024f\u0370-\u052f"
PLAIN = f"{ENDS} ,.'-"
WORDS = rf"[{ENDS} ,.?'\"():;/%\u3001-\u312f\u3190-\ud7ff-]"
SPAN = f"[{ENDS}](?:[{PLAIN}]{{0,100}}[{ENDS}])?"
SPANS = (
    rf"(?<![^ \n(])(?:\*\*{SPAN}\*\*|\*{SPAN}\*|`[^`\n\\$<|]{{1,100}}`"
    rf"|\[{SPAN}\]\(https?://[A-Za-z0-9./-]{{1,200}}\))(?=[ ,.?:)\n])"
)
CLOSED = re.compile(rf"(?:{WORDS}++|\n(?=[{LETTERS}])|!(?=[ \n])|{SPANS})*+")
START = re.compile(rf"(?:\*\*)?[{LETTERS}]")
PLACE = re.compile(rf".*[^ \n][ \n](?=[{LETTERS}])", re.S)  # between two words
INSIDE = re.compile(SPANS)
MIN_CHARS = 40  # that it should grow by
MAX_CHARS = 8_000
PARAGRAPH = ('<p dir="auto">', "</p>")


class Beginning:
    """`text` is the beginning of the unfinished block, or "", and `html` what shows it."""

    def __init__(self) -> None:
        self.text = self.html = ""

    def forget(self) -> None:
        self.text = self.html = ""

    def begins(self, text: str) -> bool:
        return bool(self.text) and text.startswith(self.text)

    def join(self, blocks: list[Block]) -> bool:
        """Put it before these blocks, which show the rest. False if they begin with no paragraph."""
        html = blocks[0].html if blocks else []
        if not html or not html[0].startswith(PARAGRAPH[0]):
            return False
        html[0] = self.html + html[0][len(PARAGRAPH[0]) :]
        return True

    def more(self, text: str) -> str:
        """By how much it can grow. `text` is one paragraph."""
        start = len(self.text)
        if not START.match(text, start) or len(text) > MAX_CHARS:
            return ""
        closed = CLOSED.match(text, start)
        words = INSIDE.sub(lambda span: "x" * len(span[0]), closed[0]) if closed else ""
        place = PLACE.match(words)
        return text[start : start + place.end()] if place and place.end() >= MIN_CHARS else ""

    def add(self, more: str, blocks: list[Block]) -> None:
        """`blocks` show what was `more`."""
        if [block.kind for block in blocks] != ["Paragraph"] or len(blocks[0].html) != 1:
            return
        html = blocks[0].html[0].removeprefix(PARAGRAPH[0]).removesuffix(PARAGRAPH[1])
        self.html = (self.html or PARAGRAPH[0]) + html + ("<br>" if more.endswith("\n") else " ")
        self.text += more
