"""The end of a process: it takes nothing new, its pages go elsewhere, and what runs is finished and saved.

Daphne knows no ASGI lifespan. On SIGTERM it stops Twisted's reactor. A trigger of ours, whose Deferred the
reactor waits for, keeps the event loop alive until the running answers have ended or `ASKME_DRAIN_SECONDS`
are over. What Daphne itself would do before its end is replaced: see `finish_requests`.
"""

import asyncio
import signal
import sys
from typing import Any, cast

from django.conf import settings

from answers.consumers import let_pages_go
from answers.worker import close_workers, current_worker

REQUEST_SECONDS = 5.0  # for a page that is being made


def drain_before_shutdown() -> None:
    """Register with the reactor that Daphne has installed; under another server, do nothing."""
    if "twisted.internet.reactor" not in sys.modules:
        return
    from daphne.http_protocol import WebRequest
    from daphne.server import Server
    from twisted.internet import reactor as twisted_reactor
    from twisted.internet.defer import Deferred
    from twisted.internet.tcp import Port

    reactor = cast(Any, twisted_reactor)  # Twisted types it too narrowly

    def drain() -> "Deferred[None]":
        for reader in reactor.getReaders():
            if isinstance(reader, Port):
                cast(Any, reader).stopListening()  # a balancer, or the browser, finds another process at once
        # Who presses Ctrl-C wants an end, and does not wait for answers.
        is_interactive = getattr(reactor, "_exitSignal", None) == signal.SIGINT
        seconds = 0 if is_interactive else settings.ASKME_DRAIN_SECONDS
        return Deferred.fromFuture(asyncio.ensure_future(_close(seconds)))

    def finish_requests(server: Any) -> "Deferred[None]":
        """Wait for the replies that are being made.

        Daphne's own (4.2.3) cancels them, sends nothing, and leaves their browsers waiting for as long as the
        answers take; and it fails if any connection has no application just then.
        """
        replies = [
            details["application_instance"]
            for protocol, details in server.connections.items()
            if isinstance(protocol, WebRequest) and "application_instance" in details
        ]
        return Deferred.fromFuture(asyncio.ensure_future(_wait(replies)))

    reactor.addSystemEventTrigger("before", "shutdown", drain)
    Server.kill_all_applications = finish_requests
    # From the start, not from the first socket: somebody must close what a process that died has left.
    reactor.callWhenRunning(reactor.callLater, 0, current_worker)


async def _wait(replies: "list[asyncio.Future[None]]") -> None:
    if replies:
        await asyncio.wait(replies, timeout=REQUEST_SECONDS)


async def _close(drain_seconds: float) -> None:
    try:
        await let_pages_go()
    finally:
        await close_workers(drain_seconds)
