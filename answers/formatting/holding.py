"""The end of a growing text that is held back for a moment, because the next character decides what it is."""

import re

LOOK_BACK = 300  # characters. Only the end of a line is looked at, however long it is
MARKERS = re.compile(
    r"[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*"
    r"(?:\[[ xX]?\]?[ \t]*|[-+*=#_~`|:.)>$\\! \t]*|\d{1,9}[.)]?[ \t]*)"
)
# The words behind a fence could still make it a span of code.
FENCE = re.compile(r"[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*(?:```|~~~)")
DELIMITERS = "*_~`$\\!|"
HALF = re.compile(
    r"(?:&(?:#[xX]?[0-9a-fA-F]{0,7}|[A-Za-z][A-Za-z0-9]{0,31})?"  # an entity
    r"|<[^\s<>]*|<br\s*/?"  # a tag, `<br>` or `<https://…>`
    r"|[\u200c\u200d\ufe0e\ufe0f])\Z"  # what joins emoji and letters
)
TABLE_HEAD = re.compile(r"([ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*)\|(.*)")
DELIMITER_ROW = re.compile(r"[ \t>|:-]*")
DIVIDER = re.compile(r"(?<!\\)\|")


def shown_length(text: str) -> int:
    """How much of an unfinished text to show."""
    start = text.rfind("\n") + 1
    if start == len(text):
        return start - 2 if text.endswith("\\\n") else start
    line = text[max(start, len(text) - LOOK_BACK) :]
    is_whole = len(line) == len(text) - start
    if is_whole and FENCE.match(line):
        return start
    kept = line.rstrip(DELIMITERS)
    if half := HALF.search(kept):
        kept = kept[: half.start()].rstrip(DELIMITERS)
    if is_whole and MARKERS.fullmatch(kept):
        return start
    return len(text) - len(line) + len(kept)


def invented_row(text: str) -> str:
    """What makes a table of a line that will be the head of one, most likely. Else ""."""
    line_end = "" if text.endswith("\n") else "\n"
    lines = text.removesuffix("\n").rsplit("\n", 2)
    head = TABLE_HEAD.fullmatch(lines[-1])
    if (
        head is None
        or DELIMITER_ROW.fullmatch(lines[-1])
        or (len(lines) > 1 and TABLE_HEAD.fullmatch(lines[-2]))
    ):
        return ""
    cells = head[2].rstrip()
    if not line_end and not cells.endswith("|"):
        return ""
    indent = re.sub(r"[^\s>]", " ", head[1])
    return f"{line_end}{indent}|{'-|' * len(DIVIDER.split(cells.removesuffix('|')))}\n"
