"""What the converter of formulas may bring into a page: elements and attributes from a list, and no style.

Its `style` attributes, which the page's policy forbids, become classes where the look matters.
"""

import re
from html import unescape

from answers.formatting.characters import with_references

MAX_CHARS = 100_000
TAG = re.compile(r"<(/?)([a-z]+)((?: [a-z]+=\"[^\"<>]*\")*)(/?)>")
ATTRIBUTE = re.compile(r' ([a-z]+)="([^"<>]*)"')
ELEMENTS = frozenset(
    re.findall(
        r"\w+",
        """math mrow mi mn mo mtext mspace mfrac msqrt mroot msup msub msubsup munder mover munderover
    mmultiscripts mprescripts mtable mtr mtd mphantom mpadded""",
    )
)
RENAMED = {
    "menclose": "mrow",
    "b": "strong",
    "i": "em",
    "em": "em",
    "code": "code",
    "span": "",
    "s": "",
    "u": "",
}
ATTRIBUTES = frozenset(
    re.findall(
        r"\w+",
        """display displaystyle scriptlevel accent accentunder stretchy form lspace rspace minsize maxsize
    movablelimits symmetric linethickness mathvariant width height depth""",
    )
)
VALUE = re.compile(r"[a-z]*|-?[0-9]{0,2}(\.[0-9]+)?(rem|em|ex|mu)?")  # at most 99 em wide
CLASSES = {
    "text-align: right": "right",
    "text-align: left": "left",
    "padding-right: 0": "flush-right",
    "padding-left: 0": "flush-left",
    "padding-left:1em": "gap",
    "border-left: 0.05em solid currentcolor": "line-left",
    "border-right: 0.05em solid currentcolor": "line-right",
    "border-top: 0.05em solid currentcolor": "line-top",
    "border-left: 0.05em dashed currentcolor": "line-left",
    "border-right: 0.05em dashed currentcolor": "line-right",
    "border-top: 0.05em dashed currentcolor": "line-top",
    "box": "box",
    "updiagonalstrike": "cancel",
    "downdiagonalstrike": "bcancel",
    "updiagonalstrike downdiagonalstrike": "xcancel",
}


def checked(html: str) -> str | None:
    """The same formula as it may be inserted, or None if there is anything unknown in it."""
    if len(html) > MAX_CHARS:
        return None
    parts, end = [], 0
    for match in TAG.finditer(html):
        tag = _tag(match)
        text = _text(html[end : match.start()])
        if tag is None or text is None:
            return None
        parts += [text, tag]
        end = match.end()
    rest = _text(html[end:])
    return None if rest is None else "".join(parts) + rest


def _tag(match: re.Match[str]) -> str | None:
    closing, name, attributes, empty = match.groups()
    renamed = RENAMED.get(name, name if name in ELEMENTS else None)
    if not renamed:
        return renamed  # unknown, or without its tags
    if closing:
        return f"</{renamed}>"
    kept, classes = [], []
    for key, value in ATTRIBUTE.findall(attributes):
        if key in ("style", "notation"):
            classes += [CLASSES[one] for one in value.strip("; ").split(";") if one in CLASSES]
        elif key in ATTRIBUTES and VALUE.fullmatch(value):
            kept.append(f' {key}="{value}"')
        elif key not in ("class", "voffset"):
            return None
    if classes:
        kept.append(f' class="{" ".join(classes)}"')
    return f"<{renamed}{''.join(kept)}>" + (f"</{renamed}>" if empty else "")


def _text(html: str) -> str | None:
    if "<" in html or ">" in html:
        return None
    return with_references(unescape(html).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
