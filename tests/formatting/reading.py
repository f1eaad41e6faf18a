"""What a reader sees of formatted answers, for tests."""

import re
from collections.abc import Iterable, Iterator
from html import unescape
from html.parser import HTMLParser

import nh3

from answers.formatting import Growing

PREFIX = "a1-"
LINE = re.compile(r"<(?=(?:br|/?p|/?li|/?[uo]l|/t[hd]|/?blockquote|/?div|/?h\d|hr)\b)")
NOT_READ = re.compile(r'<bdi class="host">.*?</bdi>|<a class="back".*?</a>', re.S)
MATHS = re.compile(r'<(code class="tex"|math).*?</(?:code|math)>', re.S)
COMMON = {"dir", "class", "id", "aria-labelledby", "tabindex", "role"}
ATTRIBUTES = {
    "a": {"href", "target", "title"},
    "button": {"type", "aria-pressed"},
    "input": {"type", "disabled", "checked"},
    "ol": {"start"},
    "math": {"display"},
}
MATHML = {
    "math",
    "mrow",
    "mi",
    "mn",
    "mo",
    "mtext",
    "mspace",
    "mfrac",
    "msqrt",
    "mroot",
    "msup",
    "msub",
    "msubsup",
    "munder",
    "mover",
    "munderover",
    "mmultiscripts",
    "mprescripts",
    "mtable",
    "mtr",
    "mtd",
    "mphantom",
    "mpadded",
}
HTML = {
    "p",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "label",
    "input",
    "blockquote",
    "hr",
    "br",
    "strong",
    "em",
    "s",
    "code",
    "pre",
    "div",
    "span",
    "button",
    "a",
    "bdi",
    "sup",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}
MATHML_ATTRIBUTES = {
    "display",
    "displaystyle",
    "scriptlevel",
    "accent",
    "accentunder",
    "stretchy",
    "form",
    "lspace",
    "rspace",
    "minsize",
    "maxsize",
    "movablelimits",
    "symmetric",
    "linethickness",
    "mathvariant",
    "width",
    "height",
    "depth",
    "class",
}


def run(rendering: Iterator[None]) -> None:
    for _ in rendering:
        pass


def grown(pieces: Iterable[str]) -> Growing:
    """A text that was fed and rendered piece by piece. It is not finished."""
    growing = Growing(PREFIX)
    for piece in pieces:
        growing.feed(piece)
        run(growing.render())
    return growing


def visible(blocks: list[str], *, without_maths: bool = False) -> str:
    """The text that a reader sees, with one space for any white space."""
    html = NOT_READ.sub("", "\n".join(blocks))
    html = MATHS.sub("", html) if without_maths else html
    html = LINE.sub(" <", html)
    return " ".join(unescape(re.sub(r"<[^>]*>", "", html)).split())


def cleaned(html: str) -> str:
    """What a sanitizer leaves that knows exactly what the formatter may write."""
    allowed = {tag: COMMON | ATTRIBUTES.get(tag, set()) for tag in HTML}
    allowed |= dict.fromkeys(MATHML, MATHML_ATTRIBUTES)
    allowed["a"] = allowed["a"] | {"rel"}
    return nh3.clean(
        html,
        tags=HTML | MATHML,
        attributes=allowed,
        link_rel=None,
        url_schemes={"http", "https", "mailto"},
        strip_comments=True,
    )


class _Events(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[object] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, sorted((name, value or "") for name, value in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.found.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if self.found and isinstance(self.found[-1], list):
            self.found[-1][0] += data
        else:
            self.found.append([data])

    def handle_comment(self, data: str) -> None:
        self.found.append(("comment", data))

    def handle_decl(self, decl: str) -> None:
        self.found.append(("declaration", decl))


def parsed(html: str) -> list[object]:
    """Tags, attributes and text in order, however they are spelled."""
    return _Events(html).found
