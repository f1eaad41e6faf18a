"""The network address of a request, for the limits on people without a lasting account.

Behind `ASKME_PROXIES` trusted proxies, it is the address of the outermost proxy's peer. Each proxy appends
its peer to `X-Forwarded-For`, so anything to the left of that may be forged.
"""

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings

IPV6_PREFIX = 64  # what one home gets, where any device can use any address in it
NO_ADDRESS = ""  # unknown, or possibly shared by many people: not counted


def address_of(scope: dict[str, object]) -> str:
    """The IPv4 address or IPv6 network of an ASGI connection; `NO_ADDRESS` if many people may share it."""
    client, headers = scope.get("client"), scope.get("headers")
    peer = str(client[0]) if isinstance(client, list | tuple) and client else ""
    if settings.ASKME_PROXIES:
        return _normalized(_forwarded(headers if isinstance(headers, list) else [], peer))
    try:
        # A private peer may be an undeclared proxy or Docker's gateway, which everybody shares.
        return _normalized(peer) if ip_address(peer).is_global else NO_ADDRESS
    except ValueError:
        return NO_ADDRESS


def _forwarded(headers: Iterable[tuple[bytes, bytes]], peer: str) -> str:
    """The peer of the outermost trusted proxy that this request came through."""
    lines = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
    seen = [part.strip() for part in ",".join(lines).split(",") if part.strip()]
    return seen[-min(settings.ASKME_PROXIES, len(seen))] if seen else peer


def _normalized(address: str) -> str:
    try:
        ip = ip_address(address)
    except ValueError:
        return NO_ADDRESS
    if isinstance(ip, IPv6Address):
        ip = ip.ipv4_mapped or ip
    return str(ip_network(f"{ip}/{IPV6_PREFIX}", strict=False)) if ip.version == 6 else str(ip)
