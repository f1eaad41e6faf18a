"""Support for Daphne, which has no ASGI lifespan: starts a process with its reactor and drains it at the end.

On SIGTERM, Daphne stops Twisted's reactor. The reactor waits for the Deferred of our trigger, which keeps the
event loop alive until the running answers have ended or `ASKME_DRAIN_SECONDS` have passed. What Daphne itself
does at shutdown is replaced: see `_finish_requests`. It would also accept
requests that the application can only refuse too late: see `_limit_requests`.

This module and `backpressure` are the only ones that use private names of Daphne and Twisted.
"""

import asyncio
import io
import signal
import sys
from contextvars import Context
from typing import Any, cast

from django.conf import settings

from answers.live.body_limit import LINGER_SECONDS, refusal
from answers.live.process import end_process, start_process

REQUEST_SECONDS = 5.0  # for responses in progress


def is_running_this() -> bool:
    """Daphne loads its reactor before it loads the application; no other server loads it."""
    return "twisted.internet.reactor" in sys.modules


def add_hooks() -> None:
    from daphne.server import Server
    from twisted.internet import reactor as twisted_reactor
    from twisted.internet.defer import Deferred
    from twisted.internet.tcp import Port
    from twisted.logger import (
        FilteringLogObserver,
        LogLevel,
        LogLevelFilterPredicate,
        STDLibLogObserver,
        globalLogPublisher,
    )

    reactor = cast(Any, twisted_reactor)  # Twisted's own types are too narrow

    def drain() -> "Deferred[None]":
        for reader in reactor.getReaders():
            if isinstance(reader, Port):
                cast(Any, reader).stopListening()  # so that proxies and browsers connect to another process
        # After Ctrl-C, the process ends without waiting for answers.
        is_interactive = getattr(reactor, "_exitSignal", None) == signal.SIGINT
        seconds = 0 if is_interactive else settings.ASKME_DRAIN_SECONDS
        # In a context of its own: that of this call may belong to a socket, whose answer the log would name.
        ending = asyncio.get_event_loop().create_task(end_process(seconds), context=Context())
        return Deferred.fromFuture(ending)

    # Daphne discards what Twisted logs, also its unhandled errors, unless it is started with -v 2.
    log = STDLibLogObserver("twisted")
    predicates = cast(Any, [_is_expected, LogLevelFilterPredicate(defaultLogLevel=LogLevel.critical)])
    cast(Any, globalLogPublisher).addObserver(FilteringLogObserver(cast(Any, log), predicates))
    reactor.addSystemEventTrigger("before", "shutdown", drain)
    Server.kill_all_applications = _finish_requests
    _limit_requests()
    reactor.callWhenRunning(reactor.callLater, 0, start_process)


def _is_expected(event: Any) -> Any:
    """A predicate for Twisted's log: drop the error of each signal after the first that ends the process."""
    from twisted.internet.error import ReactorNotRunning
    from twisted.logger import PredicateResult

    failure = event.get("log_failure")
    is_expected = failure is not None and failure.check(ReactorNotRunning)
    return PredicateResult.no if is_expected else PredicateResult.maybe


def _finish_requests(server: Any) -> Any:
    """Wait for responses in progress. Replaces `Server.kill_all_applications` of Daphne 4.2.3.

    Daphne's own cancels them and sends nothing, so that browsers wait for as long as the answers take. It
    also fails if any connection has no application at that moment.
    """
    from daphne.http_protocol import WebRequest
    from twisted.internet.defer import Deferred

    responses = [
        details["application_instance"]
        for protocol, details in server.connections.items()
        if isinstance(protocol, WebRequest) and "application_instance" in details
    ]
    return Deferred.fromFuture(asyncio.ensure_future(_wait(responses)))


async def _wait(responses: "list[asyncio.Future[None]]") -> None:
    if responses:
        await asyncio.wait(responses, timeout=REQUEST_SECONDS)


def _limit_requests() -> None:
    """Limit bodies as they arrive. Twisted would write one of any size to a file before Daphne sees it.

    Replaces `daphne.http_protocol.WebRequest`. Daphne makes one for each request, also for a websocket.
    """
    from daphne import http_protocol
    from twisted.internet import reactor

    class LimitedRequest(http_protocol.WebRequest):  # type: ignore[misc]
        abort_timer: Any = None  # set once the request is refused

        def gotLength(self, length: int | None) -> None:
            """The headers are complete. `length` is None if the body is chunked."""
            if 0 < settings.ASKME_BODY_BYTES < (length or 0):
                self.refuse()
            else:
                super().gotLength(length)

        def handleContentChunk(self, data: bytes) -> None:
            if self.abort_timer is not None:
                return
            if 0 < settings.ASKME_BODY_BYTES < self.content.tell() + len(data):
                self.content.close()
                self.refuse()
            else:
                super().handleContentChunk(data)

        def refuse(self) -> None:
            """Respond at once, and read the rest of the body without keeping it."""
            self.content = io.BytesIO()
            self.requestHeaders.removeHeader(b"expect")  # or Twisted would ask for the body now
            raw = self.requestHeaders.getAllRawHeaders()
            headers, text = refusal([(name.lower(), value) for name, values in raw for value in values])
            lines = [b"%b: %b" % header for header in [*headers, (b"connection", b"close")]]
            transport = self.channel.transport
            transport.write(b"\r\n".join([b"HTTP/1.1 413 Content Too Large", *lines, b"", text]))
            self.abort_timer = cast(Any, reactor).callLater(LINGER_SECONDS, transport.abortConnection)

        def process(self) -> Any:
            """The request is complete."""
            if self.abort_timer is not None:
                self.channel.loseConnection()
                return None
            # Anybody who sends this would set the site's root path. To set it, use `--root-path`.
            self.requestHeaders.removeHeader(b"daphne-root-path")
            return super().process()

        def connectionLost(self, reason: Any) -> None:
            if self.abort_timer is not None and self.abort_timer.active():
                self.abort_timer.cancel()
            super().connectionLost(reason)

    http_protocol.WebRequest = LimitedRequest
