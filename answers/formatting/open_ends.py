"""Syntax that is still open at the end of a growing text, closed for display.

The parser reports what it could not match: each delimiter is a text event of its own. Here it becomes an
element that ends with the text. What may still become something else is left out for a moment.
"""

import re
from collections.abc import Generator, Sequence

from answers.formatting.markdown import Event
from answers.formatting.pace import Pace
from answers.formatting.source import Source

TEXT = r"(?>[^\[\]\n]|\[[^\[\]\n]*\])*+"  # of a link, with at most one level of brackets in it
MAX_LINK_BYTES = 1_000
UNDECIDED = re.compile(
    rf"!?\[{TEXT}(?:\[[^\[\]\n]*)?\Z"  # `[text`
    rf"|!?\[{TEXT}\](?:\[[^\[\]\n]*)?\Z"  # `[text]`, `[text][label`
)
HALF_LINK = re.compile(rf"""!?\[({TEXT})\]\([ ]?(?:<[^<>\n]*>?|[^\s<]\S*)?(?:\s+(?:["'(][^\n]*)?)?\Z""")
HALF_DEFINITION = re.compile(r"\[[^\[\]\n]+\]:[ \t]*\S*(?:[ \t]+[\"'(][^\n]*)?\Z")
SPAN = {1: ("Emphasis",), 2: ("Strong",), 3: ("Emphasis", "Strong")}
EMPTY_LINK = {"link_type": "Inline", "dest_url": "", "title": "", "id": ""}


def closed_for_display(
    leaf: Sequence[Event], source: Source, pace: Pace
) -> Generator[None, None, list[Event]]:
    """The events of the last leaf, with what is open at its end."""
    shown: list[Event] = []
    ends: list[str] = []
    depth = number = 0
    while number < len(leaf):
        if pace.is_due():
            yield
            pace.restart()
        event = leaf[number]
        depth += (event.kind == "open") - (event.kind == "close")
        count = 1
        if event.kind == "text" and depth == 0 and event.value[:1] in ("*", "_", "~", "`", "[", "!"):
            if event.value[0] == "`" and _is_delimiter(event, source):
                shown.append(_open_code(event, source))
                break
            if event.value in ("[", "![") and _is_delimiter(event, source):
                found = _open_link(leaf, number, source)
                if found is not None:
                    shown += found
                    break
            elif event.value in ("*", "_", "~") and _is_delimiter(event, source):
                count = _run(leaf, number)
                names = _elements(event.value, event.start, count, source)
                if names:
                    shown += [event._replace(kind="open", value=name) for name in names]
                    ends += names
                    number += count
                    continue
        shown += leaf[number : number + count]
        number += count
    last = leaf[-1]
    return shown + [last._replace(kind="close", value=name) for name in reversed(ends)]


def _is_delimiter(event: Event, source: Source) -> bool:
    """Not if it was escaped."""
    before = source.data[max(0, event.start - 40) : event.start]
    return (len(before) - len(before.rstrip(b"\\"))) % 2 == 0 and not event.value.strip("*_~`[!")


def _run(leaf: Sequence[Event], number: int) -> int:
    """How many equal delimiters follow each other."""
    first, count = leaf[number], 1
    while number + count < len(leaf):
        event = leaf[number + count]
        if event.value != first.value or event.kind != "text" or event.start != first.start + count:
            break
        count += 1
    return count


def _elements(mark: str, start: int, count: int, source: Source) -> tuple[str, ...]:
    """What a run of delimiters opens, by CommonMark's rule of flanking; less inside of words: `2*3`."""
    names = SPAN.get(count, ()) if mark != "~" else ("Strikethrough",) * (count == 2)
    before = source.data[max(0, start - 4) : start].decode(errors="ignore")[-1:] or " "
    after = source.data[start + count : start + count + 4].decode(errors="ignore")[:1] or " "
    if after.isspace() or (_is_punctuation(after) and not (before.isspace() or _is_punctuation(before))):
        return ()
    is_in_word = before.isalnum() and (
        mark == "_" or (before.isascii() and after.isascii() and after.isalnum())
    )
    return () if is_in_word else names


def _is_punctuation(character: str) -> bool:
    return not (character.isalnum() or character.isspace())


def _open_code(event: Event, source: Source) -> Event:
    text = source.data[event.end : source.end].decode()
    text = re.sub(r"\n[ \t>]*", " ", text.rstrip("\n")).lstrip(" ")
    return event._replace(kind="code", value=text, start=event.end, end=source.end)


def _open_link(leaf: Sequence[Event], number: int, source: Source) -> list[Event] | None:
    """What to show from a `[` on, to the end of the leaf. None if it is only a bracket."""
    opening = leaf[number]
    if source.end - opening.start > MAX_LINK_BYTES:
        return None
    text = source.data[opening.start : source.end].decode().rstrip("\n")
    if UNDECIDED.match(text) or (number == 0 and HALF_DEFINITION.match(text)):
        return []
    link = HALF_LINK.match(text)
    if link is None:
        return None
    end = opening.start + len(text[: link.end(1)].encode())
    inner = [event for event in leaf[number + 1 :] if event.end <= end]
    value = "Link" if opening.value == "[" else "Image"
    return [
        opening._replace(kind="open", value=value, data=EMPTY_LINK),
        *inner,
        opening._replace(kind="close", value=value),
    ]
