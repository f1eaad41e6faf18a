"""A text as it is, for when it cannot be formatted: a fault in the formatting must not hide an answer."""

import html
import re

NO_CHARACTER = re.compile("[\0\ud800-\udfff]")
BEYOND_UTF16_UNIT = re.compile(r"[^\0-\uffff]")  # see changes.py


def unformatted(text: str) -> list[str]:
    """One block. It does without the rest of this package, where the fault is."""
    escaped = NO_CHARACTER.sub("\ufffd", html.escape(text))
    escaped = BEYOND_UTF16_UNIT.sub(lambda found: f"&#x{ord(found[0]):x};", escaped)
    lines = escaped.replace("\n", "<br>")
    return [f'<p dir="auto">{lines}</p>']
