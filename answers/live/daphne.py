"""Support for Daphne, which has no ASGI lifespan: starts a process with its reactor and drains it at the end.

On SIGTERM, Daphne stops Twisted's reactor. The reactor waits for the Deferred of our trigger, which keeps the
event loop alive until the running answers have ended or `ASKME_DRAIN_SECONDS` have passed. What Daphne itself
does at shutdown is replaced: see `_finish_requests`.

This module and `backpressure` are the only ones that use private names of Daphne and Twisted.
"""

import asyncio
import signal
import sys
from typing import Any, cast

from django.conf import settings

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

    reactor = cast(Any, twisted_reactor)  # Twisted's own types are too narrow

    def drain() -> "Deferred[None]":
        for reader in reactor.getReaders():
            if isinstance(reader, Port):
                cast(Any, reader).stopListening()  # so that proxies and browsers connect to another process
        # After Ctrl-C, the process ends without waiting for answers.
        is_interactive = getattr(reactor, "_exitSignal", None) == signal.SIGINT
        seconds = 0 if is_interactive else settings.ASKME_DRAIN_SECONDS
        return Deferred.fromFuture(asyncio.ensure_future(end_process(seconds)))

    reactor.addSystemEventTrigger("before", "shutdown", drain)
    Server.kill_all_applications = _finish_requests
    reactor.callWhenRunning(reactor.callLater, 0, start_process)


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
