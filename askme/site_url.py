"""The address of the site, as people enter it into a browser, and its hosts and origins."""

from urllib.parse import SplitResult, urlsplit

from askme import values
from askme.values import BadValue

LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]  # requests from the machine or the container itself
DEFAULT_PORTS = {"http": 80, "https": 443}


def parse(text: str) -> str:
    """Return it as browsers write an origin: in lower case, without a default port and without a slash."""
    return _origin(text, "Set it to the address of the site without a path, such as https://ask.example.org.")


def origins(text: str) -> list[str]:
    """Return several of them, separated by commas. `https://*.example.org` stands for all subdomains."""
    hint = "Write addresses without a path, separated by commas, such as https://ask.example.org."
    return [_origin(word.strip(), hint, wildcard="*.") for word in text.split(",")]


def hosts(url: str) -> list[str]:
    """Return the hosts that the site at this address answers to. Empty: it is used on this machine only."""
    return [_host(urlsplit(url)), *LOOPBACK] if url else LOOPBACK


def is_https(url: str) -> bool:
    return url.startswith("https://")


def _origin(text: str, hint: str, wildcard: str = "") -> str:
    parts = values.split(text, ("http", "https"), hint)
    if parts.username is not None or parts.path.strip("/") or parts.query or parts.fragment:
        raise BadValue(" is not the address of a site alone", hint)
    host = _host(parts)
    name = host.removeprefix(wildcard)
    try:
        is_name = not name.startswith(".") and name != "*" and len(values.hosts(name)) == 1
    except BadValue:
        is_name = False
    if not is_name:
        raise BadValue(" has no valid host name", hint)
    has_port = parts.port and parts.port != DEFAULT_PORTS[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if has_port else "")


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    return f"[{host}]" if ":" in host else host
