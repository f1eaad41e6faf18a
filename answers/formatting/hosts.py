"""The host of an address in ASCII, as browsers ask it."""

import re
import unicodedata

KEPT = re.compile(r"[^.]*[ßς][^.]*")  # parts of a host with letters that browsers keep


def in_ascii(host: str) -> str:
    """Raises UnicodeError if no host has this name."""
    # Python alone would turn these letters into others, and so lead to another site.
    return KEPT.sub(_label_in_ascii, host.lower()).encode("idna").decode()


def _label_in_ascii(label: re.Match[str]) -> str:
    return "xn--" + unicodedata.normalize("NFC", label[0]).encode("punycode").decode()
