"""ASGI lifespan: starts and drains a process under any server with it, such as uvicorn."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connections

from answers.live.process import end_process, start_process

log = logging.getLogger(__name__)


class Lifespan:
    """Wraps an ASGI application. `check` raises SystemExit if the process must not start."""

    def __init__(self, application: Any, check: Callable[[], None]) -> None:
        self.application, self.check = application, check

    def _refusal(self) -> SystemExit | None:
        """Run the check. A thread must not raise SystemExit."""
        try:
            self.check()
        except SystemExit as refusal:
            return refusal
        finally:
            connections.close_all()
        return None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self.application(scope, receive, send)
            return
        await receive()  # lifespan.startup
        try:
            # In a thread, since checks may use the database.
            if (refusal := await asyncio.to_thread(self._refusal)) is not None:
                raise refusal
            start_process()
        except (Exception, SystemExit) as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()  # lifespan.shutdown
        try:
            await end_process(settings.ASKME_DRAIN_SECONDS)
        except Exception as error:
            log.exception("the process did not shut down cleanly")
            await send({"type": "lifespan.shutdown.failed", "message": str(error)})
            return
        await send({"type": "lifespan.shutdown.complete"})
