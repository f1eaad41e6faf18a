"""Links to other sites. Only the absolute address of a web page becomes one, and its host can always be seen.

The address is written anew: without a user name, with its host in ASCII. So the host that is shown is the
host that a browser asks, even where browsers and Python read an address differently.
"""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from answers.formatting.characters import attribute, escaped, visible
from answers.formatting.hosts import in_ascii

MAX_ADDRESS_CHARS = 4_000
MAX_TITLE_CHARS = 500
REL = "noopener noreferrer nofollow ugc"

# Browsers read "\\" as "/". No address needs one, so there is no link with one before the path.
WEB_PAGE = re.compile(r"(https?)://([^/?#\\]*)([/?#].*)?", re.ASCII | re.I | re.S)
PORT = re.compile(r":([0-9]{0,5})\Z")
ASCII_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
MAX_HOST_CHARS = 253
NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)\.?\Z")  # browsers read a host that ends so as an IPv4 address
UNSAFE_IN_PATH = re.compile(r"[\x00-\x20\x7f-\xa0\"<>\\^`{|}]|[\ud800-\udfff]")
STRIPPED = "".join(map(chr, range(0x21)))  # what browsers strip; tabs and line ends inside an address too
LINE_ENDS = str.maketrans("", "", "\t\n\r")

# In a text an address also ends at brackets, at quotes, and at the punctuation of East Asia.
BARE = re.compile(
    r"(?<![A-Za-z0-9])https?://[^\s<>\[\]|\\\"`\u2018-\u201f\u3000-\u3003\u3008-\u3011\uff01-\uff0f\uff1a-\uff20]+",
    re.I,
)
AFTER_ADDRESS = "?!.,:;*_~'"


def safe_address(address: str) -> str | None:
    """The address of a web page as it may be linked, or None."""
    if len(address) > MAX_ADDRESS_CHARS:
        return None
    match = WEB_PAGE.fullmatch(visible(address).strip(STRIPPED).translate(LINE_ENDS))
    if match is None:
        return None
    host, port = _host_and_port(match[2].rpartition("@")[2])
    if not host:
        return None
    return f"{match[1].lower()}://{host}{port}{UNSAFE_IN_PATH.sub(_percent, match[3] or '')}"


def shown_host(address: str, text: str) -> str:
    """The host of a safe address, or "" if `text`, what the link says, begins with the same host."""
    host = address.split("/", 3)[2].split("?")[0].split("#")[0]
    name = host.removeprefix("www.")
    said = text.strip().lower().removeprefix("https://").removeprefix("http://").removeprefix("www.")
    is_said = said.startswith(name) and said[len(name) : len(name) + 1] in ("", "/", "?", "#")
    return "" if is_said else host


def link_start(address: str | None, title: str = "") -> str:
    """The opening tag of a link to a safe address. Without an address it leads nowhere."""
    described = f' title="{attribute(title[:MAX_TITLE_CHARS])}"' if title else ""
    if address is None:
        return f"<a{described}>"
    return f'<a href="{attribute(address)}" target="_blank" rel="{REL}"{described}>'


def link_end(address: str | None, text: str) -> str:
    """The closing tag, and the host if `text`, what the link says, does not show it."""
    host = shown_host(address, text) if address else ""
    return f'</a> <bdi class="host">{escaped(host)}</bdi>' if host else "</a>"


def find_addresses(text: str) -> list[tuple[int, int]]:
    """Where the addresses of web pages stand in plain text: without the punctuation that follows them."""
    if "://" not in text:
        return []
    found = ((match.start(), _end(text, match.start(), match.end())) for match in BARE.finditer(text))
    return [(start, end) for start, end in found if safe_address(text[start:end])]


def _host_and_port(authority: str) -> tuple[str, str]:
    """Both as they stand in an address, in ASCII. The host is empty if browsers may read it differently."""
    port = PORT.search(authority)
    if port is None:
        return _host(authority), ""
    is_port = not port[1] or int(port[1]) <= 65_535
    host = _host(authority[: port.start()]) if is_port else ""
    return host, f":{int(port[1])}" if port[1] else ""


def _host(host: str) -> str:
    try:
        if host.startswith("["):
            return f"[{IPv6Address(host[1:].removesuffix(']'))}]" if host.endswith("]") else ""
        host = host.lower() if host.isascii() else in_ascii(host).lower()
        if NUMBER.search(host):
            return str(IPv4Address(host))
    except (AddressValueError, UnicodeError):
        return ""
    return host if len(host) <= MAX_HOST_CHARS and ASCII_HOST.fullmatch(host) else ""


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "replace"))


def _end(text: str, start: int, end: int) -> int:
    """Where an address ends without punctuation. As on GitHub, `)` belongs to it if it has a `(` too."""
    opened = text.count("(", start, end)
    closed = text.count(")", start, end)
    while end > start:
        last = text[end - 1]
        if last == ")" and closed > opened:
            closed -= 1
        elif last not in AFTER_ADDRESS:
            return end
        end -= 1
    return end
