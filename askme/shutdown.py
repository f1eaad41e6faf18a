"""The end of a process: workers end their answers while the event loop still runs.

Daphne knows no ASGI lifespan; on SIGTERM it cancels the consumers and stops Twisted's reactor. A trigger
that runs before that, and whose Deferred the reactor waits for, is the one place to save what runs.
"""

import asyncio
import sys
from typing import Any, cast

from answers.worker import close_workers


def close_workers_before_shutdown() -> None:
    """Register with the reactor that Daphne has installed; under another server, do nothing."""
    if "twisted.internet.reactor" not in sys.modules:
        return
    from twisted.internet import reactor
    from twisted.internet.defer import Deferred

    def close() -> "Deferred[None]":
        return Deferred.fromFuture(asyncio.ensure_future(close_workers()))

    cast(Any, reactor).addSystemEventTrigger("before", "shutdown", close)  # Twisted types it wrongly
