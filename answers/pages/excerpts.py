"""Short pieces of answers for lists: plain text around the words that were searched, with these marked."""

import re

from django.utils.safestring import SafeString, mark_safe

from answers.formatting.characters import escaped

EXCERPT_CHARS = 240
BEFORE_CHARS = 60  # of the text before the first word that was found

BLANKS = r"[ \t]*+"
DASHES = rf":?-++:?{BLANKS}"

# What Markdown writes around the words, in this order. The patterns see no more than two excerpts.
MARKS = [
    (re.compile(r"^[ \t]*(?:```|~~~)[^\n]*$", re.M), ""),  # the fences of code
    # Below the head of a table
    (re.compile(rf"^{BLANKS}(?:\|{BLANKS})?{DASHES}(?:\|{BLANKS}{DASHES})*+(?:\|{BLANKS})?$", re.M), ""),
    # Quotes, headings, lists and tasks
    (re.compile(r"^[ \t]*(?:>[ \t]?)*(?:#{1,6}[ \t]+|(?:[-*+]|\d{1,9}[.)])[ \t]+)?", re.M), ""),
    (re.compile(r"^\[[ xX]\][ \t]+", re.M), ""),
    (re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*(?:[ \t]+\"[^\"\n]*\")?\)"), r"\1"),  # links and images
    (re.compile(r"\[\^[^\[\]\s]*\]:?"), ""),  # footnotes
    (re.compile(r"<(https?://[^<>\s]*)>"), r"\1"),
    (re.compile(r"\\[()\[\]]|\$\$"), ""),  # around formulas
    (re.compile(r"\\([!-/:-@\[-`{-~])"), r"\1"),
    (re.compile(r"`+|~~|(?<!\s)\*+|\*+(?!\s)|(?<!\w)_+(?=\S)|(?<=\S)_+(?!\w)"), ""),
    (re.compile(r"[ \t]*\|[ \t]*"), " "),  # between the cells of a table
]  # fmt: skip


def plain(markdown: str) -> str:
    """The words of a text, in one line. What looks like HTML stays: it is text here."""
    for pattern, text in MARKS:
        markdown = pattern.sub(text, markdown)
    return " ".join(markdown.split())


def excerpt(markdown: str, words: re.Pattern[str] | None) -> str:
    """The beginning of the text, or what is around the first of these words."""
    found = words.search(markdown) if words else None
    start = max(0, found.start() - BEFORE_CHARS) if found else 0
    if found and start:  # not within a word, unless it is very long
        start = next((at for at in range(start, found.start()) if markdown[at - 1].isspace()), start)
    shown = plain(markdown[start : start + 2 * EXCERPT_CHARS])[:EXCERPT_CHARS]
    return f"…{shown}" if start else shown


def marked(text: str, words: re.Pattern[str] | None) -> SafeString:
    """The text as HTML, with these words marked, and with what could not be seen as in a formatted answer."""
    parts, end = [], 0
    for found in words.finditer(text) if words else ():
        parts.append(escaped(text, end, found.start()))
        end = found.end()
        parts.append(f"<mark>{escaped(text, found.start(), end)}</mark>")
    parts.append(escaped(text, end))
    return mark_safe("".join(parts))  # noqa: S308 - every part is escaped
