"""A follower: turns batches from the channel layer and rows from the database into one text without gaps.

A batch contains its position and all text since the last save, so any number of batches may be lost,
duplicated or late. Text that the reader already has is dropped; text that is missing before a batch is read
from the database. After a second without any event, the follower checks the answer itself. The reasoning is
handled in the same way, with positions of its own.

Each follower has its own channel. With Channels' dispatch, every message would first go through the one
database thread, which costs 100 microseconds and lets one slow query delay every stream.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress

from channels.exceptions import ChannelFull
from django.db import DatabaseError
from django.utils.translation import gettext as _

from answers import protocol
from answers.engine.relay import group_name
from answers.engine.worker import Worker
from answers.live.answer_rows import read_row
from answers.live.link_readers import for_link_readers
from answers.live.progress import Progress
from answers.protocol import Event, Refused

log = logging.getLogger(__name__)

CHECK_SECONDS = 1.0


class Follower:
    """Iterate over it once. To stop earlier, `close` it or cancel the task that iterates."""

    def __init__(self, worker: Worker, progress: Progress, notified: Event | None = None) -> None:
        """`notified` is the status event that the reader already has."""
        self.answer, self.progress = progress.answer, progress
        self._worker = worker
        self._layer = self._worker.relay.layer
        self._channel = ""
        self._notified = notified  # the last status event; the layer may bring it again
        self._is_new = notified is not None  # it has just been asked
        self._active = True  # whether an event has come since the last check
        self._idle_checks = 0  # since the last event
        self._timer: asyncio.TimerHandle | None = None
        self._check_task: asyncio.Task[None] | None = None  # a reference, or it might be collected
        self._is_revoked = self._ended = False
        self._is_waiting = False  # in the queue, as far as this follower knows

    async def open(self) -> None:
        self._channel = await self._layer.new_channel()
        await self._layer.group_add(group_name(self.answer), self._channel)
        self._check_later()

    async def close(self) -> None:
        self._ended = True
        self._unwatch_place()
        if self._timer is not None:
            self._timer.cancel()
        if self._check_task is not None:
            self._check_task.cancel()
        await self._layer.group_discard(group_name(self.answer), self._channel)
        with suppress(ChannelFull):  # wakes a task that waits for the next event
            await self._layer.send(self._channel, {"type": "closed"})
        await self._layer.delete_channel(self._channel)

    async def revoke(self) -> None:
        """The reader may no longer read it. To them it looks deleted."""
        self._is_revoked = True
        if not self._ended:
            await self._send_to_self("check")

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Yields events in the order of the text, since nothing else sends it."""
        message: Event = {"type": "catch_up"}
        try:
            while not self._ended:
                try:
                    async for event in self._events(message):
                        yield for_link_readers(event) if self.progress.is_shared else event
                except DatabaseError as error:
                    log.warning("a follower could not read the database: %s", error)
                except Exception:
                    log.exception("a follower failed")
                if not self._ended:
                    message = await self._layer.receive(self._channel)
        finally:
            await self.close()

    async def _events(self, message: Event) -> AsyncIterator[Event]:
        if self._is_revoked:
            yield self._not_found()
            return
        match message["type"]:
            case "answer.text" | "answer.reasoning":
                self._active = True
                if self.progress.lacks(message):
                    async for event in self._from_database():
                        yield event
                for event in self.progress.batch(message):
                    yield event
            case "answer.finished":
                self._active = True
                if self.progress.lacks(message):
                    async for event in self._from_database():  # the row is saved before its end is announced
                        yield event
                else:
                    yield self._end(message)
            case "catch_up":
                async for event in self._catch_up():
                    yield event
            case "check":
                self._check_later()  # first, so that a failed check is not the last
                async for event in self._check():
                    yield event
            case _:
                self._active = True
                if message["type"] == "answer.activity" or self._is_new_status(message):
                    yield message

    def _is_new_status(self, status: Event) -> bool:
        if status["type"] != "answer.queued":
            self._unwatch_place()
        is_new = status != self._notified
        self._notified = status
        return is_new

    async def _catch_up(self) -> AsyncIterator[Event]:
        """The status and what is missing, from memory if this process runs the answer."""
        running = self._worker.answers.get(self.answer)
        if running is None and self._is_new:
            self._is_new = False
            self._watch_place()  # until its events come
            return
        if running is None:
            async for event in self._from_database(with_status=True):
                yield event
            return
        status = protocol.started(running.id, running.shown_model)
        if self._is_new_status(status):
            yield status
        if (activity := running.remaining_activity) is not None:
            yield protocol.activity(running.id, activity)
        for event in self.progress.content(running.content):
            yield event

    async def _from_database(self, *, with_status: bool = False) -> AsyncIterator[Event]:
        while True:
            # While it waits, places are announced when they change.
            row = await read_row(self.answer, self.progress, with_place=with_status and not self._is_waiting)
            if row is None:
                yield self._not_found()
                return
            if with_status:
                if row.ahead is not None:
                    self._watch_place()
                if row.status is not None and self._is_new_status(row.status):
                    yield row.status
                if row.activity is not None:
                    yield row.activity
            for event in row.new_to(self.progress):
                yield event
            if row.is_known_to(self.progress):
                if row.has_ended:
                    yield self._end(protocol.finished(row.answer, row.length, row.reasoning_length))
                return

    def _end(self, event: Event) -> Event:
        self._ended = True
        return protocol.translated(event)

    def _not_found(self) -> Event:
        self._ended = True
        sentence = _("This answer was deleted, or is not shared any more.")
        return protocol.error(Refused("not_found", sentence, answer=self.answer))

    # -- Checks

    def _check_later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(CHECK_SECONDS, self._start_check)

    def _start_check(self) -> None:
        self._check_task = asyncio.create_task(self._send_to_self("check"))

    async def _send_to_self(self, type: str) -> None:
        try:
            await self._layer.send(self._channel, {"type": type})
        except ChannelFull:  # the reader is stuck, and needs a check once it reads again
            self._check_later()

    async def _check(self) -> AsyncIterator[Event]:
        """If no events arrive, the layer may have lost some, or the answer's process may have died."""
        self._idle_checks = 0 if self._active else self._idle_checks + 1
        self._active = False
        running = self._worker.answers.get(self.answer)
        if running is not None:
            for event in self.progress.content(running.content):  # this is free, so do it at every check
                yield event
        elif self._should_read():
            async for event in self._from_database(with_status=self._is_waiting):
                self._active = True  # so there will soon be more, as while Redis is away
                yield event

    def _should_read(self) -> bool:
        """Less often the longer nothing has come."""
        if self._is_waiting and self._worker.places.has(self.answer):
            return False  # it was in the queue a moment ago
        return self._idle_checks in (1, 3, 6) or (self._idle_checks > 0 and self._idle_checks % 5 == 0)

    # -- The queue

    def _watch_place(self) -> None:
        if not self._is_waiting and not self._ended:
            self._is_waiting = True
            self._worker.places.watch(self.answer)

    def _unwatch_place(self) -> None:
        if self._is_waiting:
            self._is_waiting = False
            self._worker.places.unwatch(self.answer)
