"""The language of a socket: that of its page, which names it in the query of the address.

A client that names none gets the one that Django would choose for a page, by cookie and Accept-Language.
These need not be the page's: the language may have been chosen anew in another tab, and some browsers send
other headers with a websocket.

It is active in the socket's own task and in the tasks started there, so every message for the person is in
it. The errors of answers are stored in English and translated when they are shown: threads and the saver do
not know the reader, and one answer may have readers of many languages.
"""

from contextlib import suppress
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qs

from django.http import HttpRequest
from django.utils.translation import get_language_from_request, get_supported_language_variant


def language_of(scope: dict[str, Any]) -> str:
    """The language of an ASGI connection whose cookies have been read."""
    named = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("language", [""])[-1]
    with suppress(LookupError, ValueError):  # the second if it is too long
        return get_supported_language_variant(named)
    accepted = [value.decode("latin-1") for name, value in scope["headers"] if name == b"accept-language"]
    headers = {"HTTP_ACCEPT_LANGUAGE": ",".join(accepted)}
    request = SimpleNamespace(COOKIES=scope["cookies"], META=headers)
    return get_language_from_request(cast(HttpRequest, request))  # it reads nothing else of a request
