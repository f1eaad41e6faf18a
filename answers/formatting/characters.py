"""Characters as HTML. What a person could not see is shown, or taken out of attributes.

An answer may hold characters that turn the order of letters around or that carry hidden text. Each becomes
a small box with its code point. Where a writing system or an emoji needs one, it stays as it is.
"""

import re

# Emoji and signs that a variation selector or a joiner may follow.
PICTURE = "#*0-9©®\u203c-\u3299\U0001f000-\U0001faff"
JOINED = "\u2190-\u2bff\U0001f000-\U0001faff"
JOINING_SCRIPTS = (
    "\u0600-\u109f\u1780-\u18af\u1a00-\u1cff\ua800-\uabff"  # Arabic, the scripts of India, and related ones
)
IDEOGRAPHS = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
TAGS = "\U000e0020-\U000e007f"

NEEDED = re.compile(
    "\U0001f3f4(?:\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074|"
    "\U000e0077\U000e006c\U000e0073)\U000e007f)"  # the flags of England, Scotland and Wales
    f"|(?<=[{JOINING_SCRIPTS}])[\u200c\u200d]"
    f"|(?<=[{JOINED}\ufe0f])\u200d(?=[{JOINED}])"
    f"|(?<=[{PICTURE}])[\ufe0e\ufe0f]"
    f"|(?<=[{IDEOGRAPHS}])[\ufe00-\ufe02\U000e0100-\U000e01ef]"
    r"|(?<=[^\W\d_])\u00ad(?=[^\W\d_])"
)
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdfb\ufe70-\ufefc]")
MARKS = "\u061c\u200e\u200f"  # needed between letters of both directions

# Not characters at all, or without any meaning in a page. `\r` is handled with the line ends.
NO_CHARACTER = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
INVISIBLE = (
    f"\u00ad\u034f{MARKS}\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2028-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
SPECIAL = re.compile(f"\r\n?|[&<>{NO_CHARACTER}{INVISIBLE}\U00010000-\U0010ffff]")
SPECIAL_ASCII = re.compile("\r\n?|[&<>\x00-\x08\x0b-\x1f\x7f]")  # the same, three times faster
SPECIAL_IN_ATTRIBUTE = re.compile(f"[&<>\"'\r{NO_CHARACTER}{INVISIBLE}\U00010000-\U0010ffff]")
HIDDEN = re.compile(f"[{INVISIBLE}]")
NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "\r": "\n", "\r\n": "\n"}
NONE = re.compile(f"[{NO_CHARACTER}]")
REPLACEMENT = "\ufffd"


def escaped(text: str, start: int = 0, end: int | None = None) -> str:
    """`text[start:end]` as HTML between tags. What stands around this part counts as its neighbourhood.

    Quotes stay as they are, which makes it faster; for attributes see `attribute`.
    """
    end = len(text) if end is None else end
    found = (SPECIAL_ASCII if text.isascii() else SPECIAL).search(text, start, end)
    if found is None:
        return text[start:end]
    parts, shows_marks = [], RIGHT_TO_LEFT.search(text) is None
    while found is not None:
        place = found.start()
        parts.append(text[start:place])
        needed = NEEDED.match(text, place)
        start = min(needed.end(), end) if needed else found.end()
        parts.append(
            with_references(text[place:start]) if needed else _shown(found[0], shows_marks=shows_marks)
        )
        found = SPECIAL.search(text, start, end)
    parts.append(text[start:end])
    return "".join(parts)


def attribute(text: str) -> str:
    """`text` as the value of an attribute in double quotes. Invisible characters are removed."""
    if SPECIAL_IN_ATTRIBUTE.search(text) is None:
        return text
    return SPECIAL_IN_ATTRIBUTE.sub(_in_attribute, text)


def visible(text: str) -> str:
    """`text` without invisible characters."""
    return HIDDEN.sub("", text)


def _shown(character: str, *, shows_marks: bool) -> str:
    if named := NAMED.get(character):
        return named
    if NONE.match(character):
        return REPLACEMENT
    if HIDDEN.match(character) and (shows_marks or character not in MARKS):
        return f'<span class="control">U+{ord(character):04X}</span>'
    return with_references(character)


def _in_attribute(match: re.Match[str]) -> str:
    character = match[0]
    if HIDDEN.match(character):
        return ""
    return NAMED.get(character) or (REPLACEMENT if NONE.match(character) else with_references(character))


def with_references(text: str) -> str:
    """Beyond U+FFFF as numeric references, so that code points equal the units of JavaScript's strings."""
    return "".join(one if one <= "\uffff" else f"&#x{ord(one):x};" for one in text)
