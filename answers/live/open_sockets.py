"""The open sockets of a process: how many one network address may have, and their end.

They end at shutdown, and within seconds once their person is deactivated or deleted. Each socket checks its
session less often (answers/live/session_check.py). Here, one query asks about all sockets of the process.
"""

import asyncio
import logging
from collections import Counter
from contextvars import Context
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError

from answers.asking.access import without_access
from answers.asking.address import NO_ADDRESS
from answers.engine.runtime import current_runtime

if TYPE_CHECKING:
    from answers.live.consumer import AnswerConsumer

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0  # between two looks for people who were deactivated or deleted
RESTARTING = 4012  # 1012, "Service Restart", moved to the private range, since Autobahn does not send 1012
TOO_MANY_SOCKETS = 4430  # beside 4429, too many frames


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
            self._watch = asyncio.create_task(self._close_without_access(), context=Context())
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

    async def _close_without_access(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            users = {consumer.requester.user_id for consumer in self.consumers} - {None}
            if not users:
                continue
            try:
                deactivated, deleted = await without_access(users)
            except DatabaseError:
                continue  # try again at the next look
            except Exception:
                log.exception("people who were deactivated or deleted could not be looked up")
                continue
            gone = deactivated | deleted
            for consumer in self.consumers:
                requester = consumer.requester
                # A guest whose row is gone may have become an account, or is replaced by the next question.
                if requester.user_id in (deactivated if requester.is_guest else gone):
                    consumer.session_check.begin_now()


async def close_sockets() -> None:
    """Close all sockets at shutdown, with a code that makes pages connect to another process."""
    sockets = current_runtime().part(OpenSockets)
    sockets.are_closing = True
    for consumer in list(sockets.consumers):
        await consumer.close(RESTARTING)
