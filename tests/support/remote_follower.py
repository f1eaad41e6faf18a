"""A follower of one answer in another process than the one that runs it."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

from answers.engine.layers import InMemoryLayer
from answers.engine.worker import Worker
from answers.live.follower import Follower
from answers.live.progress import Progress
from answers.protocol import Event


class RemoteFollower:
    """Follow over a layer, and call `send` with each event, as a socket does."""

    def __init__(
        self,
        layer: InMemoryLayer,
        send: Callable[[Event], Awaitable[None]],
        kind: type[Follower] = Follower,
    ) -> None:
        self.layer, self.send, self.kind = layer, send, kind
        self.follower: Follower | None = None
        self.task: asyncio.Task[None] | None = None
        self.waiting: set[uuid.UUID] = set()  # what is known to be in the queue

    async def follow(
        self,
        answer: uuid.UUID,
        position: int,
        reasoning_position: int = 0,
        edition: int = 0,
        *,
        is_shared: bool = False,
    ) -> None:
        progress = Progress(answer, position, reasoning_position, edition)
        places = SimpleNamespace(
            watch=lambda id: None, unwatch=lambda id: None, has=self.waiting.__contains__
        )
        relay = SimpleNamespace(layer=self.layer)
        elsewhere = cast(Any, SimpleNamespace(answers={}, relay=relay, places=places))
        self.follower = self.kind(cast(Worker, elsewhere), progress)
        if is_shared:
            progress.hide_reasoning()
        await self.follower.open()
        self.task = asyncio.create_task(self._read(self.follower))

    async def _read(self, follower: Follower) -> None:
        async for event in follower:
            await self.send(event)

    async def close(self) -> None:
        if self.task is not None and self.follower is not None:
            self.task.cancel()
            await asyncio.wait([self.task])
            await self.follower.close()
