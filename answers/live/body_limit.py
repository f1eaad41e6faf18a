"""The limit on the body of a request, `ASKME_BODY_BYTES`, under servers that pass a body on while it arrives.

Django's own limits come too late: it first reads the whole body, into a file if it is large. Daphne even does
so before it calls the application, so `answers/live/daphne.py` has the same limit in the server itself.
"""

import asyncio
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.http import parse_cookie
from django.utils import translation
from django.utils.translation import gettext as _

from answers.live.language import language_of

# How long to read what a client still sends, without keeping it. If the connection were closed before that,
# the client's system would discard the response together with the connection.
LINGER_SECONDS = 5.0

Headers = list[tuple[bytes, bytes]]


class BodyLimit:
    """Wraps an ASGI application."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        limit = settings.ASKME_BODY_BYTES
        if not limit:
            await self.application(scope, receive, send)
        elif _length(scope["headers"]) > limit:
            await _refuse(scope, receive, send)
        else:
            await self._count(limit, scope, receive, send)

    async def _count(self, limit: int, scope: Any, receive: Any, send: Any) -> None:
        read, has_started = 0, False

        async def counting_receive() -> Any:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            # As if the client had disconnected. Django then ends the request without a response.
            return message if read <= limit else {"type": "http.disconnect"}

        async def watching_send(message: Any) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        await self.application(scope, counting_receive, watching_send)
        if read > limit and not has_started:
            await _refuse(scope, receive, send)


def refusal(headers: Headers) -> tuple[Headers, bytes]:
    """The headers and the text of the response, in the language of the reader."""
    cookies = b";".join(value for name, value in headers if name == b"cookie")
    with translation.override(
        language_of({"headers": headers, "cookies": parse_cookie(cookies.decode("latin-1"))})
    ):
        sentence = _(
            "Your browser sent more than this site accepts, or something it didn't expect. Nothing was "
            "changed. Go back and try again with less text."
        )
    text = f"{sentence}\n".encode()
    length = str(len(text)).encode()
    return [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", length)], text


def _length(headers: Headers) -> int:
    with suppress(ValueError):  # servers refuse such a length themselves
        return max((int(value) for name, value in headers if name == b"content-length"), default=0)
    return 0


async def _refuse(scope: Any, receive: Any, send: Any) -> None:
    headers, text = refusal(scope["headers"])
    if scope.get("http_version", "1.1").startswith("1"):  # HTTP/2 closes streams in another way
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": text, "more_body": True})
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while (await receive()).get("more_body"):
                pass
    await send({"type": "http.response.body", "body": b""})
