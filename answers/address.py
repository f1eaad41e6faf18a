"""Where somebody comes from, as far as that tells people apart: for the limits of guests.

Behind `ASKME_PROXIES` trusted proxies the address is the one that the outermost of them has seen: each adds
its peer at the right end of `X-Forwarded-For`, and what stands left of that anybody may have made up.
"""

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings

IPV6_PREFIX = 64  # what a provider gives to one home: within it everybody may pick any address
NOWHERE = ""  # an address that tells nothing: it is not counted


def address_of(scope: dict[str, object]) -> str:
    """The IPv4 address or IPv6 network of an ASGI connection; `NOWHERE` if it may be everybody's."""
    client, headers = scope.get("client"), scope.get("headers")
    peer = str(client[0]) if isinstance(client, list | tuple) and client else ""
    if settings.ASKME_PROXIES:
        return _counted(_forwarded(headers if isinstance(headers, list) else [], peer))
    try:
        # A private peer may be a proxy that nobody has declared, or Docker's gateway, for all people at once.
        return _counted(peer) if ip_address(peer).is_global else NOWHERE
    except ValueError:
        return NOWHERE


def _forwarded(headers: Iterable[tuple[bytes, bytes]], peer: str) -> str:
    """Whom the outermost trusted proxy has seen, or the outermost that there was on this way."""
    lines = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
    seen = [part.strip() for part in ",".join(lines).split(",") if part.strip()]
    return seen[-min(settings.ASKME_PROXIES, len(seen))] if seen else peer


def _counted(address: str) -> str:
    try:
        ip = ip_address(address)
    except ValueError:
        return NOWHERE
    if isinstance(ip, IPv6Address):
        ip = ip.ipv4_mapped or ip
    return str(ip_network(f"{ip}/{IPV6_PREFIX}", strict=False)) if ip.version == 6 else str(ip)
