"""Following answers for one reader: groups from the layer and rows from the store, made one unbroken text.

A group carries its position and all text since the last save, so that any number of groups may be lost,
doubled or late: what the reader has is dropped, and what lies before a group is read from the store. After
a quiet second the follower looks for itself. It knows no websocket: it calls `send` with each event.

Each follower has a channel and a task of its own: the dispatch of Channels sends every message through the
one database thread first, which costs 100 microseconds and lets one slow query stall every stream.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from channels.exceptions import ChannelFull
from django.db import DatabaseError
from django.db.models import Value
from django.db.models.functions import Length, Substr
from django.utils.translation import gettext as _

from answers import events
from answers.events import Event, Refused
from answers.models import Answer, Status
from answers.relay import group_name
from answers.store import in_store
from answers.worker import Worker

log = logging.getLogger(__name__)

QUIET_SECONDS = 1.0
PIECE_CHARS = 65_536  # in one event: of a long answer no more is held for each reader who does not read


@dataclass(slots=True)
class Followed:
    position: int  # how many code points the reader has
    heard: bool = True  # something came since the last look
    quiet: int = 0  # looks since something came
    told: Event | None = None  # the last status that was sent; the layer may bring it again


class Follower:
    def __init__(self, worker: Worker, send: Callable[[Event], Awaitable[None]]) -> None:
        self.worker, self._send = worker, send
        self._layer = worker.relay.layer
        self._followed: dict[str, Followed] = {}
        self._channel = ""
        self._task: asyncio.Task[None] | None = None
        self._look_timer: asyncio.TimerHandle | None = None
        self._looking: asyncio.Task[None] | None = None  # held, or it might be collected

    def __len__(self) -> int:
        return len(self._followed)

    def __contains__(self, answer: UUID) -> bool:
        return str(answer) in self._followed

    async def open(self) -> None:
        self._channel = await self._layer.new_channel()
        self._task = asyncio.create_task(self._read())

    async def close(self) -> None:
        if self._look_timer is not None:
            self._look_timer.cancel()
        for task in (self._looking, self._task):
            if task is not None:
                task.cancel()
        await self._layer.delete_channel(self._channel)
        for answer in list(self._followed):
            await self._forget(answer)

    # -- For the consumer; the caller has made sure that the reader may see the answer

    async def follow(self, answer: UUID, position: int, told: Event | None = None) -> None:
        """Send all that comes after `position`, and then live. The reader's word replaces what we know.

        `told` is the status event that the reader has had already.
        """
        await self._layer.group_add(group_name(answer), self._channel)
        self._followed[str(answer)] = Followed(position, told=told)
        # The reading task is the only one that sends text: two would overtake each other.
        await self._layer.send(self._channel, {"type": "follow", "answer": str(answer)})
        self._look_soon()

    async def lose(self, answer: UUID) -> None:
        """It is there no more, or not for this reader: say so, once."""
        if answer in self:
            await self._forget(str(answer))
            sentence = _("This answer was deleted, or is not shared any more.")
            await self._send(events.error(Refused("not_found", sentence, answer=answer)))

    # -- The reading task

    async def _read(self) -> None:
        while True:
            message = await self._layer.receive(self._channel)
            try:
                if message["type"] == "look":
                    self._look_soon()  # first: a look that fails is not the last
                    await self._look()
                elif message["type"] == "follow":
                    await self._catch_up(message["answer"])
                elif followed := self._followed.get(message["answer"]):
                    followed.heard = True
                    await self._take(message, followed)
            except DatabaseError as error:
                log.warning("a follower could not read the store: %s", error)
            except Exception:
                log.exception("a follower failed")

    async def _take(self, message: Event, followed: Followed) -> None:
        """An event that the layer brought: as it is, but for text that the reader has or lacks."""
        answer = message["answer"]
        if message["type"] == "answer.text":
            if message["position"] > followed.position:
                await self._read_store(answer, followed)
            await self._show(answer, followed, message["position"], message["text"])
        elif message["type"] == "answer.finished":
            if message["length"] > followed.position:
                await self._read_store(answer, followed)  # the row is saved before its end is told
            else:
                await self._finish(message)
        else:
            await self._tell(message, followed)

    async def _tell(self, status: Event, followed: Followed) -> None:
        if status != followed.told:
            followed.told = status
            await self._send(status)

    async def _show(self, answer: str, followed: Followed, position: int, text: str) -> None:
        """Send what the reader lacks of `text`; nothing if there is a hole before it."""
        while position <= followed.position < position + len(text):
            start = followed.position - position
            piece = text[start : start + PIECE_CHARS]
            await self._send(events.text(UUID(answer), followed.position, piece))
            followed.position += len(piece)

    async def _catch_up(self, answer: str) -> None:
        """Say how an answer stands and send what the reader lacks, from this process's memory if it can."""
        followed = self._followed.get(answer)
        if followed is None:
            return
        running = self.worker.answers.get(UUID(answer))
        if running is None:
            await self._read_store(answer, followed, say_status=True)
            return
        if running.started_at is None:
            await self._tell(events.queued(running.id, running.ahead or 0), followed)
        else:
            await self._tell(events.started(running.id, running.shown_model), followed)
        await self._show(answer, followed, 0, running.text)

    async def _read_store(self, answer: str, followed: Followed, *, say_status: bool = False) -> None:
        while self._followed.get(answer) is followed:  # else it follows anew, from another position
            row, length = await _row(answer, followed.position)
            if row is None:
                await self.lose(UUID(answer))
                return
            if say_status and row.status == Status.QUEUED:
                await self._tell(events.queued(row.pk, 0), followed)
            elif say_status:
                await self._tell(events.started(row.pk, row.shown_model), followed)
            await self._show(answer, followed, followed.position, row.text)
            if followed.position >= length:
                if Status(row.status).is_end:
                    await self._finish(events.finished(row, length))
                return

    async def _finish(self, event: Event) -> None:
        await self._forget(event["answer"])
        await self._send(events.translated(event))

    async def _forget(self, answer: str) -> None:
        self._followed.pop(answer, None)
        await self._layer.group_discard(group_name(answer), self._channel)

    # -- After a quiet second

    def _look_soon(self) -> None:
        if self._look_timer is None and self._followed:
            loop = asyncio.get_running_loop()
            self._look_timer = loop.call_later(QUIET_SECONDS, self._time_to_look)

    def _time_to_look(self) -> None:
        self._look_timer = None
        self._looking = asyncio.create_task(self._ask_for_look())

    async def _ask_for_look(self) -> None:
        try:
            await self._layer.send(self._channel, {"type": "look"})
        except ChannelFull:  # the reader is stuck; it needs the look all the more once it reads again
            self._look_soon()

    async def _look(self) -> None:
        """For each answer that was quiet: has the layer lost something, or has its process died?"""
        for answer, followed in list(self._followed.items()):
            followed.quiet = 0 if followed.heard else followed.quiet + 1
            followed.heard = False
            running = self.worker.answers.get(UUID(answer))
            if running is not None:
                await self._show(answer, followed, 0, running.text)  # costs nothing: no need to be quiet
            elif followed.quiet in (1, 3, 6) or (followed.quiet and followed.quiet % 5 == 0):
                await self._read_store(answer, followed)


@in_store
def _row(answer: str, position: int) -> tuple[Answer | None, int]:
    """The row with but a piece of its text, from `position` on; and the length of all."""
    rest, length = Substr("text", Value(position + 1), Value(PIECE_CHARS)), Length("text")
    rows = Answer.objects.defer("text", "question").annotate(rest=rest, length=length)
    row: Any = rows.filter(pk=answer).first()
    if row is None:
        return None, 0
    row.text = row.rest
    return row, row.length
