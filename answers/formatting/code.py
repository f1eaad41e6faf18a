"""Colours for finished code. The language is never guessed: without a known label, code stays as it is.

Pygments is imported when a server starts, or with the first code of a language. Its lexers yield one token at
a time, so the work can be done in slices.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import import_module
from typing import Any

from answers.formatting.characters import escaped
from answers.formatting.languages import COMMON, LANGUAGES
from answers.formatting.pace import Pace

MAX_CHARS = 50_000
# Nobody writes such code, and expressions of some lexers take quadratic time for it: 20,000 empty lines of C
# took seconds for one token.
DEGENERATE = re.compile(r"[^\n]{1001}|\s{201}")

# The class of a token, by the beginning of its type in Pygments. The longest beginning counts.
CLASSES = {
    "Comment": "c",
    "Comment.Preproc": "k",
    "Comment.PreprocFile": "s",
    "Generic.Deleted": "d",
    "Generic.Heading": "f",
    "Generic.Inserted": "i",
    "Generic.Prompt": "c",
    "Generic.Subheading": "f",
    "Keyword": "k",
    "Keyword.Constant": "b",
    "Literal.Date": "m",
    "Literal.Number": "m",
    "Literal.String": "s",
    "Name.Attribute": "t",
    "Name.Builtin": "b",
    "Name.Class": "f",
    "Name.Constant": "b",
    "Name.Decorator": "f",
    "Name.Entity": "b",
    "Name.Exception": "b",
    "Name.Function": "f",
    "Name.Label": "f",
    "Name.Tag": "t",
    "Name.Variable": "b",
    "Operator.Word": "k",
}

Tokens = Iterator[tuple[int, Any, str]]


def highlight(code: str, language: str) -> Iterator[str | None]:
    """Yield None about every millisecond, and at last the code as HTML. It says what `escaped(code)` says."""
    is_usual = len(code) <= MAX_CHARS and not DEGENERATE.search(code)
    lexer = _lexer(language.lower()) if is_usual else None
    parts: list[str] = []
    start, end, letter = 0, 0, ""
    pace = Pace()
    for index, kind, value in lexer(f"{code}\n") if lexer else ():
        if pace.is_due():
            yield None
            pace.restart()
        if index != end:
            break  # this lexer leaves something out, or says it twice
        end += len(value)
        if (now := _class(kind)) != letter:
            parts.append(_span(code, start, index, letter))
            start, letter = index, now
    parts.append(_span(code, start, len(code), letter))
    yield "".join(parts) if end >= len(code) else escaped(code)


def _span(code: str, start: int, end: int, letter: str) -> str:
    html = escaped(code, start, min(end, len(code)))
    return f'<span class="{letter}">{html}</span>' if letter and html else html


def load_languages() -> None:
    """Load what answers use most: the first use takes 5 to 30 ms, for which all would wait."""
    for language in COMMON:
        if lexer := _lexer(language):
            list(lexer("x\n"))


@lru_cache(128)
def _lexer(language: str) -> Callable[[str], Tokens] | None:
    place = LANGUAGES.get(language)
    if place is None:
        return None
    module, name = place.split(".")
    lexer = getattr(import_module(f"pygments.lexers.{module}"), name)()
    tokens: Callable[[str], Tokens] = lexer.get_tokens_unprocessed
    return tokens


@lru_cache(256)
def _class(kind: Any) -> str:
    name = ".".join(kind)
    while name:
        if name in CLASSES:
            return CLASSES[name]
        name = name.rpartition(".")[0]
    return ""
