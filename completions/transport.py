"""Sends one request and returns the reply's lines as they arrive. Only this module imports `requests`.

It does not know what the lines mean. Exceptions of other packages end here: it raises only
`CompletionError` or, if the question was stopped, `Stopped`.
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

from completions.connections import POOL_CLASSES, using
from completions.errors import (
    CompletionError,
    ConnectionFailed,
    NotConfigured,
    TimedOut,
    TooLarge,
    gettext_noop,
)
from completions.replies import LimitExceeded, LineBuffer
from completions.request import Endpoint, Request
from completions.wire import Stopped, Wire

READ_BYTES = 65_536
# RequestException is an OSError. Addresses and keys that cannot be used raise ValueError everywhere.
FOREIGN_ERRORS = (OSError, urllib3.exceptions.HTTPError, http.client.HTTPException, ValueError)
TIMEOUT_MESSAGES = {
    "first text": gettext_noop("The model did not begin to answer in time. Please ask again."),
    "silence": gettext_noop(
        "The model stopped responding, so its answer may be incomplete. Please ask again."
    ),
    "answer": gettext_noop(
        "The model took too long, so its answer was cut off. Please ask for a shorter one."
    ),
}


class Transport:
    """One pool of connections, shared by all threads."""

    def __init__(self, endpoint: Endpoint, connections: int) -> None:
        self._endpoint = endpoint
        self._session = _Session()
        # Ignore the environment: a .netrc would replace the key, and proxy settings cost 100 us a request.
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        self._session.headers.update(_headers(endpoint.api_key))
        adapter = _Adapter(connections, endpoint.ca_bundle)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def post(self, request: Request, wire: Wire) -> "Reply":
        """Return as soon as the reply's head has arrived."""
        if not (self._endpoint.api_key.isascii() and self._endpoint.api_key.strip().isprintable()):
            raise NotConfigured(detail="the API key contains characters that are not allowed in a header")
        with _translating_errors(wire), using(wire):
            response = self._session.post(
                self._endpoint.url(request.path), json=request.body, headers=request.headers, stream=True
            )
            wire.maybe_stale = False
            return Reply(response, wire, self._endpoint.line_bytes)

    def close(self) -> None:
        self._session.close()


class Reply:
    """A reply whose head has arrived. Its body arrives as it is read. Close it at the end."""

    def __init__(self, response: requests.Response, wire: Wire, line_bytes: int) -> None:
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._wire = wire
        self._response = response
        self._raw: urllib3.HTTPResponse = response.raw
        self._reader = response.raw = _LineReader(self._raw, wire, line_bytes)

    def lines(self) -> Iterator[bytes]:
        """Lines without their line ends, as they arrive."""
        with _translating_errors(self._wire):
            yield from self._response.iter_lines(chunk_size=READ_BYTES)

    def rest(self) -> bytes:
        """The bytes after the last line end. Call this after all lines have been read."""
        return self._reader.rest

    def text(self, *, limit: int, seconds: float) -> str:
        """The body of an error, as much of it as arrives in time."""
        self._wire.deadlines.limit_tail(seconds)
        body = bytearray()
        with suppress(CompletionError):
            for line in self.lines():
                body += line + b"\n"
                if len(body) > limit:
                    break
        return (bytes(body) + self.rest())[:limit].decode("utf-8", "replace")

    def drain(self, seconds: float) -> None:
        """Read the end of the last chunk if it arrives in time, so that the connection can be reused."""
        if not self._raw.chunked and self._raw.length_remaining is None:
            return  # only closing the connection ends this reply
        self._wire.deadlines.limit_tail(seconds)
        with suppress(*FOREIGN_ERRORS):
            while self._raw.read1(READ_BYTES, decode_content=True):
                pass

    def close(self) -> None:
        """Close the connection, unless the whole reply was read: then it is already back in the pool."""
        self._raw.close()
        self._raw.release_conn()


class _LineReader:
    """What `iter_lines` reads from: only whole lines, as soon as they arrive.

    `Response.raw` itself waits for a full `chunk_size` if the reply is not chunked.
    """

    def __init__(self, raw: urllib3.HTTPResponse, wire: Wire, line_bytes: int) -> None:
        self._raw = raw
        self._wire = wire
        self._buffer = LineBuffer(line_bytes)

    @property
    def rest(self) -> bytes:
        return self._buffer.rest

    def read(self, size: int) -> bytes:
        while not self._wire.stopped:
            chunk = self._raw.read1(size, decode_content=True)
            if not chunk:
                return b""
            if lines := self._buffer.feed(chunk):
                return lines
        raise Stopped


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow no redirect: it could carry the key and the question to another host."""


class _Adapter(HTTPAdapter):
    def __init__(self, connections: int, ca_bundle: str) -> None:
        self._ca_bundle = ca_bundle
        super().__init__(pool_connections=1, pool_maxsize=connections)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOL_CLASSES

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """One context for all connections, because loading the certificates takes 10 ms or more."""
        path = self._ca_bundle or certifi.where()
        try:
            if os.path.isdir(path):
                return ssl.create_default_context(capath=path)
            return ssl.create_default_context(cafile=path)
        except OSError as error:
            raise NotConfigured(detail=f"CA certificates in {path}: {error}") from error

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._tls} if host["scheme"] == "https" else tls

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Do nothing: `_tls` has the certificates. `requests` would load them again for each connection."""


def _headers(api_key: str) -> dict[str, str]:
    headers = {
        "User-Agent": "askme",
        "Accept": "text/event-stream",
        "Accept-Encoding": "identity",  # with compression, proxies hold tokens back
    }
    key = api_key.strip()  # a secret file often ends with a newline
    return headers | {"Authorization": f"Bearer {key}"} if key else headers


@contextmanager
def _translating_errors(wire: Wire) -> Iterator[None]:
    try:
        yield
    except LimitExceeded as error:
        raise TooLarge(detail=str(error)) from error
    except FOREIGN_ERRORS as error:
        if wire.stopped:
            raise Stopped from error
        raise _translated(error, wire) from error


def _translated(error: Exception, wire: Wire) -> CompletionError:
    detail = f"{type(error).__name__}: {error}"
    phase = wire.deadlines.expired
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
        retry_after=0.0 if wire.maybe_stale else None,
    )
