"""Sends one request with `requests` and gives the reply's lines, live. The only importer of `requests`.

What the lines mean is not known here. Foreign exceptions end here: what leaves is a `CompletionError`
or, if the question was stopped, `Stopped`.
"""

import http.client
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import certifi
import requests
import urllib3
from requests.adapters import HTTPAdapter

from answers.completions import sse
from answers.completions.connections import POOL_CLASSES, using
from answers.completions.endpoint import Endpoint
from answers.completions.errors import (
    CompletionError,
    ConnectionFailed,
    NotConfigured,
    TimedOut,
    TooLarge,
    gettext_noop,
)
from answers.completions.wire import Stopped, Wire

READ_BYTES = 65_536
# RequestException is an OSError; ValueError is what addresses and keys that cannot be used raise everywhere.
FOREIGN = (OSError, urllib3.exceptions.HTTPError, http.client.HTTPException, ValueError)
TIMEOUT_MESSAGES = {
    "first text": gettext_noop("The model did not begin to answer in time. Please ask again."),
    "silence": gettext_noop("The model fell silent: its answer may be incomplete. Please ask again."),
    "answer": gettext_noop("The model took too long, so its answer was cut. Please ask for a shorter one."),
}


class Transport:
    """One pool of connections, shared by all threads."""

    def __init__(self, endpoint: Endpoint, connections: int) -> None:
        self._endpoint = endpoint
        self._session = _Session()
        self._session.trust_env = False  # a .netrc would replace the key; and proxies cost 100 us a request
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        self._session.headers.update(_headers(endpoint.api_key))
        adapter = _Adapter(connections, endpoint.ca_bundle)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def post(self, body: Mapping[str, Any], wire: Wire) -> "Reply":
        """Returns when the reply's head has come."""
        if not (self._endpoint.api_key.isascii() and self._endpoint.api_key.strip().isprintable()):
            raise NotConfigured(detail="the API key has characters that no header can hold")
        with _translated(wire), using(wire):
            response = self._session.post(self._endpoint.url, json=body, stream=True)
            wire.unproven = False
            return Reply(response, wire, self._endpoint.line_bytes)

    def close(self) -> None:
        self._session.close()


class Reply:
    """A reply whose head has come; its lines come while they are read. Close it in the end."""

    def __init__(self, response: requests.Response, wire: Wire, line_bytes: int) -> None:
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._wire = wire
        self._response = response
        self._raw: urllib3.HTTPResponse = response.raw
        self._view = response.raw = _LineView(self._raw, wire, line_bytes)

    def lines(self) -> Iterator[bytes]:
        """Lines without their ends, as they arrive."""
        with _translated(self._wire):
            yield from self._response.iter_lines(chunk_size=READ_BYTES)

    def rest(self) -> bytes:
        """What came after the last line's end, once the lines are over."""
        return self._view.rest

    def text(self, *, limit: int, seconds: float) -> str:
        """The body of an error: as much as comes in time."""
        self._wire.clock.hurry(seconds)
        body = bytearray()
        with suppress(CompletionError):
            for line in self.lines():
                body += line + b"\n"
                if len(body) > limit:
                    break
        return (bytes(body) + self.rest())[:limit].decode("utf-8", "replace")

    def drain(self, seconds: float) -> None:
        """Read the end of the last chunk if it is about to come: then the connection can serve again."""
        if not self._raw.chunked and self._raw.length_remaining is None:
            return  # only a close ends this reply
        self._wire.clock.hurry(seconds)
        with suppress(*FOREIGN):
            while self._raw.read1(READ_BYTES, decode_content=True):
                pass

    def close(self) -> None:
        """Close the connection, unless the whole reply has been read: then the pool has it already."""
        self._raw.close()
        self._raw.release_conn()


class _LineView:
    """What `iter_lines` reads from: whole lines only, as soon as they are here.

    `Response.raw` itself would hold everything back to a full `chunk_size` where the reply is not chunked.
    """

    def __init__(self, raw: urllib3.HTTPResponse, wire: Wire, line_bytes: int) -> None:
        self._raw = raw
        self._wire = wire
        self._lines = sse.WholeLines(line_bytes)

    @property
    def rest(self) -> bytes:
        return self._lines.rest

    def read(self, size: int) -> bytes:
        while not self._wire.stopped:
            chunk = self._raw.read1(size, decode_content=True)
            if not chunk:
                return b""
            if lines := self._lines.feed(chunk):
                return lines
        raise Stopped


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """No redirect is followed: it could carry the key and the question to another host."""


class _Adapter(HTTPAdapter):
    def __init__(self, connections: int, ca_bundle: str) -> None:
        self._ca_bundle = ca_bundle
        super().__init__(pool_connections=1, pool_maxsize=connections)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOL_CLASSES

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """One for all connections: to load the certificates takes 10 ms or more."""
        place = self._ca_bundle or certifi.where()
        try:
            if os.path.isdir(place):
                return ssl.create_default_context(capath=place)
            return ssl.create_default_context(cafile=place)
        except OSError as error:
            raise NotConfigured(detail=f"certificates of {place}: {error}") from error

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._tls} if host["scheme"] == "https" else tls

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Left to the context above: this would load the certificates again for each connection."""


def _headers(api_key: str) -> dict[str, str]:
    headers = {
        "User-Agent": "askme",
        "Accept": "text/event-stream",
        "Accept-Encoding": "identity",  # compression makes proxies hold tokens back
    }
    key = api_key.strip()  # a secret's file often ends with a newline
    return headers | {"Authorization": f"Bearer {key}"} if key else headers


@contextmanager
def _translated(wire: Wire) -> Iterator[None]:
    try:
        yield
    except sse.TooLong as error:
        raise TooLarge(detail=str(error)) from error
    except FOREIGN as error:
        if wire.stopped:
            raise Stopped from error
        raise _failure(error, wire) from error


def _failure(error: Exception, wire: Wire) -> CompletionError:
    detail = f"{type(error).__name__}: {error}"
    phase = wire.clock.expired
    if phase in TIMEOUT_MESSAGES:
        return TimedOut(TIMEOUT_MESSAGES[phase], detail=f"deadline passed: {phase}")
    if phase == "connect":
        message = gettext_noop("The model cannot be reached. Please ask again in a minute.")
        return ConnectionFailed(message, detail=detail, retryable=True)
    if isinstance(error, ValueError):
        return NotConfigured(detail=detail)
    return ConnectionFailed(
        detail=detail,
        retryable=not isinstance(error, requests.exceptions.SSLError),
        retry_after=0.0 if wire.unproven else None,
    )
