"""Errors on the way to the API: host names, TLS, proxies, timeouts."""

import re
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import urllib3

from completions.errors import (
    CompletionError,
    ConnectionFailed,
    NotConfigured,
    TimedOut,
    gettext_noop,
)
from completions.request import Endpoint
from completions.wire import Wire

TIMEOUT_MESSAGES = {
    "first text": gettext_noop("The model did not begin to answer in time. Please ask again."),
    "silence": gettext_noop(
        "The model stopped responding, so its answer may be incomplete. Please ask again."
    ),
    "answer": gettext_noop(
        "The model took too long, so its answer was cut off. Please ask for a shorter one."
    ),
}
UNREACHABLE = gettext_noop("The model cannot be reached. Please ask again in a minute.")

# OpenSSL's reasons if the address is https:// but the server speaks plain HTTP.
NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE")
# The name servers replied that the name does not exist. Other codes mean that they did not reply.
UNKNOWN_NAME = (socket.EAI_NONAME, socket.EAI_NODATA)


def check_endpoint(endpoint: Endpoint) -> None:
    """Raise NotConfigured if the key or the proxy is invalid. Errors of other packages would contain them."""
    if not (endpoint.api_key.isascii() and endpoint.api_key.strip().isprintable()):
        detail = "the API key contains characters that are not allowed in a header"
        raise NotConfigured(detail=detail, remedy="check_key")
    if not endpoint.proxy:
        return
    try:
        parts = urlsplit(endpoint.proxy)
        is_good = bool(parts.scheme in ("http", "https") and parts.hostname and parts.port != 0)
    except ValueError:
        is_good = False
    if not is_good:
        raise NotConfigured(detail="the proxy's address is not valid", remedy="check_proxy")


def connection_error(error: Exception, wire: Wire, *, retryable: bool) -> CompletionError:
    detail = f"{type(error).__name__}: {error}"
    phase = wire.deadlines.expired
    if phase in TIMEOUT_MESSAGES:
        return TimedOut(TIMEOUT_MESSAGES[phase], detail=f"deadline passed: {phase}")
    causes = list(_causes(error))
    address_or_proxy = "check_proxy" if _has(causes, urllib3.exceptions.ProxyError) else "check_address"
    if phase == "connect":
        detail = f"no connection in time: {detail}"
        return ConnectionFailed(UNREACHABLE, detail=detail, retryable=True, remedy=address_or_proxy)
    if _has(causes, ssl.SSLCertVerificationError):
        return NotConfigured(detail=detail, remedy="check_certificate")
    if any(isinstance(one, ssl.SSLError) and one.reason in NO_TLS for one in causes):
        return NotConfigured(detail=f"the server does not speak TLS: {detail}", remedy=address_or_proxy)
    if refusal := re.search(r"Tunnel connection failed: (\d+)", detail):
        if refusal[1].startswith("4"):
            return NotConfigured(detail=f"the proxy refuses: {detail}", remedy="check_proxy")
        return ConnectionFailed(UNREACHABLE, detail=detail, retryable=True)
    if any(isinstance(one, socket.gaierror) and one.errno in UNKNOWN_NAME for one in causes):
        detail = f"no host has this name: {detail}"
        return ConnectionFailed(UNREACHABLE, detail=detail, retryable=True, remedy=address_or_proxy)
    if isinstance(error, ValueError):
        return NotConfigured(detail=detail, remedy="check_address")
    return ConnectionFailed(
        detail=detail,
        retryable=retryable,
        retry_after=0.0 if wire.maybe_stale else None,
        remedy=address_or_proxy if _has(causes, ConnectionRefusedError) else "",
    )


def _has(causes: list[BaseException], kind: type[BaseException]) -> bool:
    return any(isinstance(one, kind) for one in causes)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all errors that caused it. `requests` and urllib3 keep them in several places."""
    found: list[BaseException] = [error]
    for one in found:  # the loop appends to it
        yield one
        places = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        found += [place for place in places if isinstance(place, BaseException) and place not in found]
