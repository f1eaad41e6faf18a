"""urllib3 connections that belong to the wire of the question using them.

A question names its wire with `using` and calls `requests` in the same thread. This takes a context variable,
because the pool chooses the connection deep inside its own code, where nothing can be passed in.
"""

import contextvars
import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.connection import allowed_gai_family

from completions.resolver import Resolver
from completions.wire import Wire

BUFFER_BYTES = 4_096  # each running answer has one; a reply that comes at once is read in more steps

# Firewalls forget idle connections, often after 350 s or less. A keep-alive every minute prevents this and
# finds dead connections before a question is lost in one.
SOCKET_OPTIONS = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
        if hasattr(socket, name)
    ),
]

_resolver = Resolver()
_current_wire: contextvars.ContextVar[Wire] = contextvars.ContextVar("wire")


@contextmanager
def using(wire: Wire) -> Iterator[None]:
    """Send this thread's requests over this wire."""
    token = _current_wire.set(wire)
    try:
        yield
    finally:
        _current_wire.reset(token)


class _DeadlineReader(io.RawIOBase):
    """Reads from a socket, each time with the time that is left, so that slow bytes do not extend it."""

    def __init__(self, sock: socket.socket, wire: Wire) -> None:
        self._sock = sock
        self._reference = sock.makefile("rb", buffering=0)  # http.client may close the socket before us
        self._deadlines = wire.deadlines
        self._is_behind = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if not self._is_behind:
            self._deadlines.pause_before_read()
        self._sock.settimeout(self._deadlines.remaining())
        try:
            received = self._sock.recv_into(buffer)
            self._is_behind = received == len(buffer)  # then more has already arrived
            return received
        except TimeoutError:
            self._deadlines.check_expired()
            raise

    def close(self) -> None:
        self._reference.close()
        super().close()


class _WiredResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        plain, self.fp = self.fp, io.BufferedReader(_DeadlineReader(sock, _current_wire.get()), BUFFER_BYTES)
        plain.close()


class _WiredConnection(HTTPConnection):
    response_class = _WiredResponse
    _wire: Wire | None = None

    def connect(self) -> None:
        self._wire = wire = _current_wire.get()
        wire.deadlines.start_connecting()
        try:
            super().connect()  # for HTTPS, including the TLS handshake
        except TimeoutError:
            wire.deadlines.check_expired()
            raise
        wire.deadlines.finish_connecting()

    def _new_conn(self) -> socket.socket:
        """Try one address after the other. Each gets an equal share of the time that is left."""
        wire = _current_wire.get()
        host = self._dns_host.strip("[]")
        try:
            addresses = _resolver.resolve(host, self.port, allowed_gai_family(), wire)
        except socket.gaierror as error:
            raise socket.gaierror(error.errno, f"{error.strerror}: {host}") from error
        failure: OSError = OSError("the name has no address")
        for tried, (family, kind, protocol, _, address) in enumerate(addresses):
            seconds = wire.deadlines.remaining()
            sock = socket.socket(family, kind, protocol)
            try:
                for option in SOCKET_OPTIONS:
                    sock.setsockopt(*option)
                wire.connect(sock, address, seconds and seconds / (len(addresses) - tried))
                sock.settimeout(wire.deadlines.remaining())  # limits the whole TLS handshake
                return sock
            except OSError as error:
                sock.close()
                failure = error
                wire.raise_if_stopped()
        raise failure

    def request(self, *args: Any, **kwargs: Any) -> None:
        wire = _current_wire.get()
        if self.sock is None:
            self.connect()  # http.client would do so, but only a connection that exists has sent anything
        elif self._wire is not wire:
            self._wire = wire
            wire.hold(self.sock)
        wire.request_sent = True
        super().request(*args, **kwargs)

    def send(self, data: Any) -> None:
        wire = _current_wire.get()
        if self.sock is not None:
            self.sock.settimeout(wire.deadlines.remaining())
        try:
            super().send(data)
        except TimeoutError:
            wire.deadlines.check_expired()
            raise

    def release_wire(self) -> bool:
        """Return whether the connection is still intact."""
        wire, self._wire = self._wire, None
        return wire is None or wire.release()


class _WiredHTTPSConnection(_WiredConnection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _WiredConnection

    def _put_conn(self, conn: Any) -> None:
        """Release the wire before the next question can get the connection. Close one that was cut."""
        if conn is not None and not conn.release_wire():
            conn.close()
        super()._put_conn(conn)


class _HTTPSPool(_Pool, HTTPSConnectionPool):
    ConnectionCls = _WiredHTTPSConnection


POOL_CLASSES = {"http": _Pool, "https": _HTTPSPool}
