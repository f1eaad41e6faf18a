"""The title of a page that shows a thread. answers/static/answers/title.js does the same in the browser.

It is the thread's first question, not the last one: it names the tab, the bookmark and the shared page, and
stays the same while the thread grows, as in the history.
"""

import unicodedata

TITLE_CHARS = 60
JOINERS = "\u200c\u200d"  # without them, some words of Persian and some emoji would fall apart


def shortened(question: str) -> str:
    """One line of plain text, without characters that are invisible or turn the direction of what follows."""
    if not question.isprintable():
        question = "".join(map(_plain, question))
    line = " ".join(question.split())
    return line if len(line) <= TITLE_CHARS else f"{line[: TITLE_CHARS - 1].rstrip()}…"


def _plain(character: str) -> str:
    match unicodedata.category(character):
        case "Cc" | "Zl" | "Zp":
            return " "
        case "Cf" | "Cs" if character not in JOINERS:
            return ""
    return character
