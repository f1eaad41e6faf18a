"""The open sockets of a process: how many one network address may have, and their end.

They end at shutdown, and within seconds once their person is deactivated. Each socket checks its session less
often (answers/live/consumer.py). For deactivation, one query asks about all sockets of the process.
"""

import asyncio
import logging
from collections import Counter
from contextlib import suppress
from contextvars import Context
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError

from answers.asking.access import deactivated
from answers.asking.address import NO_ADDRESS
from answers.engine.runtime import current_runtime

if TYPE_CHECKING:
    from answers.live.consumer import AnswerConsumer

log = logging.getLogger(__name__)

DEACTIVATED_SECONDS = 2.0  # between two looks for people who were deactivated
RESTARTING = 4012  # 1012, "Service Restart", moved to the private range, since Autobahn does not send 1012
TOO_MANY_SOCKETS = 4430  # beside 4429, too many frames


class SessionCheck:
    """When the session of one socket is checked next."""

    def __init__(self) -> None:
        self._is_due = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._is_due.wait()
        self._is_due.clear()

    def begin_now(self) -> None:
        self._is_due.set()


class OpenSockets:
    def __init__(self) -> None:
        self.consumers: set[AnswerConsumer] = set()
        self.are_closing = False
        self._numbers: Counter[str] = Counter()  # by address
        self._watch: asyncio.Task[None] | None = None  # while there are sockets

    def add(self, consumer: "AnswerConsumer") -> int | None:
        """Returns the code to close it with if it must not stay open."""
        self.consumers.add(consumer)
        if self._watch is None:
            self._watch = asyncio.create_task(self._close_deactivated(), context=Context())
        address = consumer.requester.address
        self._numbers[address] += 1
        if self.are_closing:  # a proxy reused an open connection for this socket
            return RESTARTING
        most = settings.ASKME_SOCKETS_PER_ADDRESS
        if most and address != NO_ADDRESS and self._numbers[address] > most:
            return TOO_MANY_SOCKETS
        return None

    def discard(self, consumer: "AnswerConsumer") -> None:
        if consumer in self.consumers:
            self.consumers.remove(consumer)
            address = consumer.requester.address
            self._numbers[address] -= 1
            if not self._numbers[address]:
                del self._numbers[address]
        if not self.consumers and self._watch is not None:
            self._watch.cancel()
            self._watch = None

    async def _close_deactivated(self) -> None:
        while True:
            await asyncio.sleep(DEACTIVATED_SECONDS)
            users = {consumer.requester.user_id for consumer in self.consumers} - {None}
            try:
                gone = await deactivated(users) if users else set()
            except (DatabaseError, TimeoutError):
                continue  # try again at the next look
            except Exception:
                log.exception("people who were deactivated could not be looked up")
                continue
            for consumer in self.consumers:
                if consumer.requester.user_id in gone:
                    consumer.session_check.begin_now()


async def close_sockets() -> None:
    """Close all sockets at shutdown, with a code that makes pages connect to another process."""
    sockets = current_runtime().part(OpenSockets)
    sockets.are_closing = True
    for consumer in list(sockets.consumers):
        await consumer.close(RESTARTING)
