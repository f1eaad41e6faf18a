"""The parser. The only module that knows pyromark (pulldown-cmark)."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pyromark

# Neither smart punctuation nor heading attributes: nothing that the model did not write.
# No maths either: pulldown-cmark knows only dollars, and takes prices for formulas.
OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_FOOTNOTES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
)

# The address and the title of a link reference.
Definition = tuple[str, str]


class Event(NamedTuple):
    """`start` and `end` are offsets in UTF-8.

    `kind` is `open` or `close` of the element `value`, with its `data`. Or it is `text`, `code`, `html`,
    `footnote` or `task` with its `value`. Or `soft`, `hard` or `rule`.
    """

    kind: str
    value: Any
    data: Any
    start: int
    end: int


KINDS = {
    "Text": "text",
    "Code": "code",
    "Html": "html",
    "InlineHtml": "html",
    "FootnoteReference": "footnote",
    "TaskListMarker": "task",
    "SoftBreak": "soft",
    "HardBreak": "hard",
    "Rule": "rule",
}


def parse(text: str, missing: Callable[[str, int], Definition | None]) -> Iterator[Event]:
    """Events, made one by one: who stops reading, stops the parser.

    `missing` is called with each label that the text does not define and its offset, and may define it.
    """

    def defined(link: Any) -> Definition | None:
        return missing(normalized_label(link["reference"]), link["span"]["start"])

    found: Iterator[Any] = pyromark.events_with_range(
        text, options=OPTIONS, merge_text=False, broken_link_callback=defined
    )
    new = tuple.__new__  # half the time of `Event(…)`
    for event, span in found:
        if isinstance(event, str):
            yield new(Event, (KINDS[event], None, None, span["start"], span["end"]))
            continue
        for kind, value in event.items():  # there is exactly one
            if kind == "Start":
                name, data = (value, None) if isinstance(value, str) else next(iter(value.items()))
                yield new(Event, ("open", name, data, span["start"], span["end"]))
            elif kind == "End":
                name = value if isinstance(value, str) else next(iter(value))
                yield new(Event, ("close", name, None, span["start"], span["end"]))
            else:
                yield new(Event, (KINDS[kind], value, None, span["start"], span["end"]))


def definitions(text: str) -> dict[str, Definition]:
    """The link references that a text defines, by their normalized_label labels."""
    if "]:" not in text:
        return {}
    found = pyromark.reference_definitions(text, options=OPTIONS)
    return {normalized_label(label): (one["dest"], one["title"] or "") for label, one in found.items()}


def without_code(text: str) -> str:
    """`text` with empty lines instead of its blocks of code. Its other characters stay where they were."""
    data, parts, end = text.encode(), [], 0
    for event in parse(text, lambda label, offset: None):
        if event.kind == "open" and event.value == "CodeBlock":
            code = data[event.start : event.end].decode()
            parts += [data[end : event.start].decode(), "\n" * len(code)]
            end = event.end
    return "".join(parts) + data[end:].decode()


def normalized_label(label: str) -> str:
    """Labels match whatever their case and white space."""
    return " ".join(label.split()).casefold()
