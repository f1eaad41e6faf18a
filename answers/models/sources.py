"""The pages that an answer cites, as they may be shown.

Their titles and addresses come from the web. A title is shown as text. An address becomes a link only if it
is the address of a web page. Its host is shown in ASCII, so that no letter can be mistaken for another.
answers/static/answers/sources.js does the same in the browser.
"""

import re
from typing import NamedTuple, Self

from answers.formatting.hosts import in_ascii

# Without a user name, which can look like a host: https://bank.example@evil.example/. And without characters
# that a browser may read differently from Python, such as a backslash.
WEB_PAGE = re.compile(r"(https?)://([^\s/?#@:\\%\[\]<>^|]+)(:[0-9]{1,5})?((?:[/?#].*)?)", re.ASCII | re.I)
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
        ascii_host = in_ascii(host)
    except UnicodeError:
        return ""
    return ascii_host if ASCII_HOST.fullmatch(ascii_host) else ""
