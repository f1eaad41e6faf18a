"""Which pages may open a websocket: those whose `Origin` is this site.

Browsers let a page of any site open a websocket to any other, and send the visitor's cookie with it. Channels
has a validator for this, which accepts every origin, or none at all, if `ALLOWED_HOSTS` contains `*`.
"""

from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

Headers = list[tuple[bytes, bytes]]

LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]


class OriginCheck:
    """Wraps an ASGI application for websockets."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        application = self.application if is_allowed(scope["headers"]) else WebsocketDenier()
        await application(scope, receive, send)


def is_allowed(headers: Headers) -> bool:
    """As with `ALLOWED_HOSTS`, ports do not count. `*` stands for the host that the browser connects to."""
    scheme, origin = _scheme_and_host(_only(headers, b"origin"))
    connected = split_domain_port(_only(headers, b"host"))[0]
    allowed = settings.ALLOWED_HOSTS
    if settings.DEBUG and not allowed:  # as in Django
        allowed = LOOPBACK
    if not origin:
        return False
    if settings.SESSION_COOKIE_SECURE and scheme != "https":
        return False  # whoever is in between can write a page of http://, and wss:// would send its cookies
    if origin in LOOPBACK and connected not in LOOPBACK:
        return False  # a page on the visitor's machine; the name is allowed for requests from the server's
    if validate_host(origin, [pattern for pattern in allowed if pattern != "*"]):
        return True
    return "*" in allowed and origin == connected


def _only(headers: Headers, wanted: bytes) -> str:
    values = [value.decode("latin-1") for name, value in headers if name == wanted]
    return values[0] if len(values) == 1 else ""


def _scheme_and_host(origin: str) -> tuple[str, str]:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return "", ""
    host = parts.hostname or ""
    return parts.scheme, f"[{host}]" if ":" in host else host
