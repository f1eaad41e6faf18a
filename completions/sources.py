"""Reads the pages that an answer cites. A source is always short and has a web address."""

import re
from collections.abc import Iterator
from typing import Any

from completions.pieces import Source

MAX_SOURCES = 100
URL_CHARS = 2000
TITLE_CHARS = 300

_URL = re.compile(r"https?://[^\s\0-\x1f\x7f-\x9f\ud800-\udfff]+", re.IGNORECASE)
# Control characters, surrogates, and marks that change the direction of the text after them.
_NOT_IN_TITLES = re.compile(r"[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


def read_sources(annotations: Any) -> Iterator[Source]:
    """Read a list of annotations, of search results or of plain URLs."""
    for annotation in annotations if isinstance(annotations, list) else ():
        if source := read_source(annotation):
            yield source


def read_source(annotation: Any) -> Source | None:
    """Read a `url_citation`. Its fields are at the top (Responses) or in an object of that name (chat)."""
    if isinstance(annotation, str):
        annotation = {"url": annotation}
    if not isinstance(annotation, dict) or annotation.get("type") not in (None, "url_citation"):
        return None
    fields = annotation.get("url_citation")
    if not isinstance(fields, dict):
        fields = annotation
    url, title = fields.get("url"), fields.get("title")
    if not isinstance(url, str) or len(url) > URL_CHARS or not _URL.fullmatch(url):
        return None
    return Source(url, _clean_title(title) if isinstance(title, str) else "")


def _clean_title(title: str) -> str:
    return " ".join(_NOT_IN_TITLES.sub(" ", title[: 4 * TITLE_CHARS]).split())[:TITLE_CHARS].rstrip()


class Sources(list[Source]):
    """Sources in the order in which they first appear, each URL once."""

    def __init__(self) -> None:
        super().__init__()
        self._urls: set[str] = set()

    def add(self, source: Source) -> None:
        if source.url not in self._urls and len(self) < MAX_SOURCES:
            self._urls.add(source.url)
            self.append(source)
