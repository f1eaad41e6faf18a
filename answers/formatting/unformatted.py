"""A text that cannot be formatted, as it is."""

import html
import re

BEYOND_UTF16_UNIT = re.compile(r"[^\0-\uffff]")  # see changes.py


def unformatted(text: str) -> str:
    """A block with this text. It uses nothing that formatting uses, and so cannot fail like it."""
    escaped = BEYOND_UTF16_UNIT.sub(lambda found: f"&#x{ord(found[0]):x};", html.escape(text))
    lines = escaped.replace("\n", "<br>")
    return f'<p dir="auto">{lines}</p>'
