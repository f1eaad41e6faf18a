"""Sends one request and returns the reply's lines as they arrive. Only this module imports `requests`.

It does not know what the lines mean. Exceptions of other packages end here: it raises only
`CompletionError` or, if the question was stopped, `Stopped`.
"""

import http.client
import os
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import certifi
import requests
import urllib3
from requests.adapters import HTTPAdapter

from completions.connection_errors import check_endpoint, connection_error
from completions.connections import POOL_CLASSES, using
from completions.errors import CompletionError, NotConfigured, TooLarge
from completions.replies import LimitExceeded, LineBuffer
from completions.request import Endpoint, Request
from completions.wire import Stopped, Wire

READ_BYTES = 65_536
# RequestException is an OSError. Addresses and keys that cannot be used raise ValueError everywhere.
FOREIGN_ERRORS = (OSError, urllib3.exceptions.HTTPError, http.client.HTTPException, ValueError)


class Transport:
    """One pool of connections, shared by all threads."""

    def __init__(self, endpoint: Endpoint, connections: int) -> None:
        self._endpoint = endpoint
        self._session = _Session()
        # Ignore the environment: a .netrc would replace the key, and proxy settings cost 100 us a request.
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        self._session.headers.update(_headers(endpoint.api_key))
        if endpoint.proxy:
            self._session.proxies = {"http": endpoint.proxy, "https": endpoint.proxy}
        adapter = _Adapter(connections, endpoint.ca_bundle)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def post(self, request: Request, wire: Wire) -> "Reply":
        """Return as soon as the reply's head has arrived."""
        fields = {"json": request.body, "headers": request.headers}
        return self._send("POST", request.path, wire, self._endpoint.line_bytes, **fields)

    def get(self, path: str, wire: Wire, *, limit: int) -> "Reply":
        """`limit` is the maximum number of bytes in a line."""
        return self._send("GET", path, wire, limit, headers={"Accept": "application/json"})

    def _send(self, method: str, path: str, wire: Wire, line_bytes: int, **fields: Any) -> "Reply":
        check_endpoint(self._endpoint)
        with _translating_errors(wire), using(wire):
            response = self._session.request(method, self._endpoint.url(path), stream=True, **fields)
            wire.maybe_stale = False
            return Reply(response, wire, line_bytes)

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

    @property
    def has_own_end(self) -> bool:
        """Whether the body had its own end; otherwise it may have been cut. Valid after all lines."""
        return bool(self._raw.chunked) or self._raw.length_remaining == 0  # a cut chunk raises an error

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
        self._lock = threading.Lock()
        super().__init__(pool_connections=1, pool_maxsize=connections)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOL_CLASSES

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Use our connections for proxies too, so that a question can cut them and deadlines apply."""
        with self._lock:  # otherwise two threads might create two pools, and one of them would be lost
            manager = super().proxy_manager_for(proxy, **kwargs)
            manager.pool_classes_by_scheme = POOL_CLASSES
            return manager

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """One context for all connections, because loading the certificates takes 10 ms or more."""
        path = self._ca_bundle or certifi.where()
        try:
            if os.path.isdir(path):
                return ssl.create_default_context(capath=path)
            return ssl.create_default_context(cafile=path)
        except OSError as error:
            detail = f"CA certificates in {path}: {error}"
            raise NotConfigured(detail=detail, remedy="check_certificate") from error

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._tls} if host["scheme"] == "https" else tls

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Do nothing: `_tls` has the certificates. `requests` would load them again for each connection."""


def environment_proxy(url: str) -> str:
    """The proxy for this address, from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY; empty: none."""
    proxy = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url)) or ""
    return proxy if "://" in proxy or not proxy else f"http://{proxy}"


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
        retryable = not isinstance(error, requests.exceptions.SSLError)
        raise connection_error(error, wire, retryable=retryable) from error
