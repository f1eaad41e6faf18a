"""The HTML of whole answers, for pages that are rendered on the server.

Pages are rendered on threads. Between two slices of a millisecond such a thread lets the event loop run: with
the site's long switch interval, the loop would otherwise wait until the whole answer is formatted.
"""

import logging
import time
from collections import OrderedDict
from hashlib import blake2b
from threading import Lock

from answers.formatting.growing import Growing
from answers.formatting.unformatted import unformatted

log = logging.getLogger(__name__)

MAX_BYTES = 8_000_000
# `sleep(0)` would take the interpreter back before a thread that waits for it has woken up.
PAUSE_SECONDS = 0.00005


class Cache:
    """The formatted texts that were used last, in at most `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes, self.bytes = max_bytes, 0
        self._known: OrderedDict[bytes, str] = OrderedDict()
        self._lock = Lock()

    def html(self, text: str, prefix: str) -> str:
        key = blake2b(f"{prefix}\0{text}".encode("utf-8", "surrogatepass"), digest_size=20).digest()
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        try:
            html = _formatted(text, prefix)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # a panic in Rust is no Exception
            log.exception("the text of %s cannot be formatted, and is shown as it is", prefix)
            html = "".join(unformatted(text))
        with self._lock:
            self._add(key, html)
        return html

    def _add(self, key: bytes, html: str) -> None:
        if key in self._known:
            return  # another thread was faster
        self._known[key] = html
        self.bytes += _size(html)
        while self.bytes > self.max_bytes:
            _, oldest = self._known.popitem(last=False)
            self.bytes -= _size(oldest)


def formatted_html(text: str, prefix: str) -> str:
    """The HTML of a whole text, safe to insert. Equal to what a page has after it followed the answer."""
    return CACHE.html(text, prefix)


def _formatted(text: str, prefix: str) -> str:
    growing = Growing(prefix)
    growing.feed(text)
    for _ in growing.finish():
        time.sleep(PAUSE_SECONDS)
    return "".join(growing.blocks)


def _size(html: str) -> int:
    """Bytes in memory: no character of the HTML lies beyond U+FFFF."""
    return len(html) * (1 if html.isascii() else 2) + 200  # what an entry costs


CACHE = Cache(MAX_BYTES)
