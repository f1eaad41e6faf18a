"""Makes a model's text fit to be stored and sent, and keeps it within its size.

PostgreSQL refuses U+0000, and UTF-8 has no surrogates: both become U+FFFD.
"""

import re

_UNFIT = re.compile("[\0\ud800-\udfff]")


class Gate:
    """Text in pieces, cut anywhere, to text that is fit. At its limit it closes: `full`, and gives no more.

    JSON writes a character beyond U+FFFF as two halves, and some servers cut between them: a first half
    at the end of a piece waits for the next one.
    """

    def __init__(self, limit: int = 0) -> None:
        self.full = False
        self._limit = limit  # bytes of UTF-8; 0: none
        self._bytes = 0
        self._half = ""

    def admit(self, text: str) -> str:
        if self._half or _UNFIT.search(text):
            text = self._half + text
            self._half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
            text = _clean(text[:-1] if self._half else text)
        return self._fitting(text)

    def finish(self) -> str:
        """What was still waiting for its other half."""
        half, self._half = self._half, ""
        return self._fitting(_clean(half))

    def _fitting(self, text: str) -> str:
        self._bytes += len(text) if text.isascii() else len(text.encode())
        if not self._limit or self._bytes <= self._limit:
            return text
        over, self._bytes, self.full = self._bytes - self._limit, self._limit, True
        return text.encode()[:-over].decode("utf-8", "ignore")  # a character that is cut is left out


def _clean(text: str) -> str:
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "\N{REPLACEMENT CHARACTER}")
