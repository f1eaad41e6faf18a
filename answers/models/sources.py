"""The pages that an answer cites, as they may be shown.

Their titles and addresses come from the web. A title is shown as text. An address becomes a link only if it
is the address of a web page. Its host is shown in ASCII, so that no letter can be mistaken for another.
answers/static/answers/sources.js does the same in the browser.
"""

import re
import unicodedata
from typing import NamedTuple, Self

# Without a user name, which can look like a host: https://bank.example@evil.example/. And without characters
# that a browser may read differently from Python, such as a backslash.
WEB_PAGE = re.compile(r"(https?)://([^\s/?#@:\\%\[\]<>^|]+)(:[0-9]{1,5})?((?:[/?#].*)?)", re.ASCII | re.I)
KEPT = re.compile(r"[^.]*[ßς][^.]*")  # parts of a host with letters that browsers keep
ASCII_HOST = re.compile(r"[a-z0-9._-]+")


class ShownSource(NamedTuple):
    """`url` and `host` are empty if there is nothing to link to."""

    title: str
    url: str
    host: str

    @classmethod
    def of(cls, source: dict[str, str]) -> Self:
        title = source["title"].strip() or source["url"]
        match = WEB_PAGE.fullmatch(source["url"])
        host = _in_ascii(match[2]) if match else ""
        if match is None or not host:
            return cls(title, "", "")
        return cls(title, f"{match[1].lower()}://{host}{match[3] or ''}{match[4]}", host)


def _in_ascii(host: str) -> str:
    """Empty if this is not possible."""
    try:
        # Python alone would turn these letters into others, and so lead to another site.
        ascii_host = KEPT.sub(_label_in_ascii, host.lower()).encode("idna").decode()
    except UnicodeError:
        return ""
    return ascii_host if ASCII_HOST.fullmatch(ascii_host) else ""


def _label_in_ascii(label: re.Match[str]) -> str:
    return "xn--" + unicodedata.normalize("NFC", label[0]).encode("punycode").decode()
