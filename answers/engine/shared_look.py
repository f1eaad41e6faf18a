"""A look at a service, shared by all who ask for it at the same time: metrics, probes, pages."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, Generic, TypeVar

Found = TypeVar("Found")


class SharedLook(Generic[Found]):
    """Never looks twice at once: a service that does not answer is asked once, however many wait for it.

    `look` returns None if it finds nothing out. Then the next who asks starts another look.
    """

    def __init__(self, look: Callable[[], Coroutine[Any, Any, Found | None]]) -> None:
        self._look = look
        self._task: asyncio.Task[Found | None] | None = None
        self._found: Found | None = None
        self._found_at = 0.0

    async def result(self, *, patience: float | None = None, fresh_seconds: float = 0.0) -> Found | None:
        """What was found in the last `fresh_seconds`, or is found now. Raises what `look` raises.

        None if it takes longer than `patience` seconds.
        """
        if self._found is not None and time.monotonic() < self._found_at + fresh_seconds:
            return self._found
        if self._task is None or self._task.done():
            self._found = None
            self._task = asyncio.create_task(self._find(), context=Context())  # of nobody's request
        await asyncio.wait([self._task], timeout=patience)
        return self._task.result() if self._task.done() else None

    async def _find(self) -> Found | None:
        self._found = await self._look()
        self._found_at = time.monotonic()
        return self._found

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
