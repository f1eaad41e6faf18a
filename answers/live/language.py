"""The language of a socket, chosen at the handshake as Django does for a page: by cookie and Accept-Language.

It is active in the socket's own task and in the tasks started there, so every message for the person is in
it. The errors of answers are stored in English and translated when they are shown: threads and the saver do
not know the reader, and one answer may have readers of many languages.
"""

from types import SimpleNamespace
from typing import Any, cast

from django.http import HttpRequest
from django.utils.translation import get_language_from_request


def language_of(scope: dict[str, Any]) -> str:
    """The language of an ASGI connection whose cookies have been read."""
    accepted = [value.decode("latin-1") for name, value in scope["headers"] if name == b"accept-language"]
    headers = {"HTTP_ACCEPT_LANGUAGE": ",".join(accepted)}
    request = SimpleNamespace(COOKIES=scope["cookies"], META=headers)
    return get_language_from_request(cast(HttpRequest, request))  # it reads nothing else of a request
