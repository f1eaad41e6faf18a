"""The network address of a request, for the limits on people without a lasting account.

Behind `ASKME_PROXIES` trusted proxies, it is the address of the outermost proxy's peer. Each proxy appends
its peer to `X-Forwarded-For`, so anything to the left of that may be forged.
"""

import logging
import re
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings

log = logging.getLogger(__name__)

IPV6_PREFIX = 64  # what one home gets, where any device can use any address in it
NO_ADDRESS = ""  # unknown, or possibly shared by many people: not counted


def address_of(scope: dict[str, object]) -> str:
    """The IPv4 address or IPv6 network of an ASGI connection; `NO_ADDRESS` if many people may share it."""
    client, headers = scope.get("client"), scope.get("headers")
    peer = str(client[0]) if isinstance(client, list | tuple) and client else ""
    forwarded = _forwarded(headers if isinstance(headers, list) else [])
    if settings.ASKME_PROXIES:
        # The peer of the outermost trusted proxy that this request came through.
        return _normalized(forwarded[-min(settings.ASKME_PROXIES, len(forwarded))] if forwarded else peer)
    try:
        ip = ip_address(peer)
    except ValueError:  # a Unix socket
        ip = None
    if ip is not None and ip.is_global:
        return _normalized(peer)
    # A private peer may be an undeclared proxy or Docker's gateway, which everybody shares.
    if forwarded or (ip is not None and not ip.is_loopback):
        _warning.log(peer)
    return NO_ADDRESS


class _Warning:
    """Logged once per process: otherwise nobody would notice that the limits per address have no effect."""

    is_logged = False

    def log(self, peer: str) -> None:
        limits = settings.ASKME_ADDRESS_QUESTIONS_PER_MINUTE or settings.ASKME_ADDRESS_QUESTIONS_PER_DAY
        if limits and not self.is_logged:
            self.is_logged = True
            log.warning(
                "no limit per address applies to requests from %s, which many people may share. If proxies "
                "are in front of askme, set ASKME_PROXIES to their number. If none are, set "
                "ASKME_ADDRESS_QUESTIONS_PER_MINUTE and ASKME_ADDRESS_QUESTIONS_PER_DAY to 0.",
                peer or "a Unix socket",
            )


_warning = _Warning()


def _forwarded(headers: Iterable[tuple[bytes, bytes]]) -> list[str]:
    lines = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
    return [part.strip() for part in ",".join(lines).split(",") if part.strip()]


def _normalized(address: str) -> str:
    if found := re.fullmatch(r"\[(.+)\](?::\d+)?|([\d.]+):\d+", address):  # some proxies append the port
        address = found[1] or found[2]
    try:
        ip = ip_address(address)
    except ValueError:
        return NO_ADDRESS
    if isinstance(ip, IPv6Address):
        ip = ip.ipv4_mapped or ip
    return str(ip_network(f"{ip}/{IPV6_PREFIX}", strict=False)) if ip.version == 6 else str(ip)
