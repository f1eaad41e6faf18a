"""The language of a socket: chosen at its handshake as Django chooses that of a page, by cookie and browser.

It is active in the socket's own task, in the tasks that start there, and wherever those call: what is said to
the person is said in it. The errors of answers are kept in English, since threads and the journal know no
reader, and one answer may have readers of many languages: they are translated where they are shown.
"""

from types import SimpleNamespace
from typing import Any, cast

from django.http import HttpRequest
from django.utils.translation import get_language_from_request


def language_of(scope: dict[str, Any]) -> str:
    """Of an ASGI connection whose cookies are read already."""
    accepted = [value.decode("latin-1") for name, value in scope["headers"] if name == b"accept-language"]
    headers = {"HTTP_ACCEPT_LANGUAGE": ",".join(accepted)}
    request = SimpleNamespace(COOKIES=scope["cookies"], META=headers)
    return get_language_from_request(cast(HttpRequest, request))  # it reads no more of a request
