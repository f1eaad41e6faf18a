"""Calls the site's hook `answer_finished`, which may use the database, after an answer has ended."""

import asyncio
import logging
from uuid import UUID

from answers.engine.database_thread import DatabaseThread
from answers.engine.hooks import Hooks, site_hooks
from answers.models import Answer

log = logging.getLogger(__name__)


class EndHook:
    def __init__(self, database: DatabaseThread) -> None:
        self._database = database
        self._calls: set[asyncio.Task[None]] = set()

    def call(self, id: UUID) -> None:
        """Does nothing if the site has no such hook. Call it on the loop."""
        if type(site_hooks()).answer_finished is not Hooks.answer_finished:
            task = asyncio.get_running_loop().create_task(self._call(id))
            self._calls.add(task)  # keep a reference, or it might be collected
            task.add_done_callback(self._calls.discard)

    async def _call(self, id: UUID) -> None:
        try:
            await self._database.run(lambda: site_hooks().answer_finished(Answer.objects.get(pk=id)))
        except Answer.DoesNotExist:
            pass  # deleted meanwhile
        except Exception:
            log.exception("the hook answer_finished failed for answer %s", id)

    async def close(self, seconds: float) -> None:
        """Wait for the calls that are running."""
        if self._calls:
            await asyncio.wait(self._calls, timeout=seconds)
