"""Checks now and then that a socket's user is still logged in, and may still read what it follows."""

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import DatabaseError

from answers import protocol
from answers.asking.access import require_login, require_reader
from answers.protocol import Refused

if TYPE_CHECKING:
    from answers.live.consumer import AnswerConsumer, Following

log = logging.getLogger(__name__)

LOGGED_OUT = 4401  # as HTTP's 401
SESSION_SECONDS = 30.0  # between two checks
FIRST_CHECK_SECONDS = 5.0  # until the first, unless a frame looks the user up before


class SessionCheck:
    def __init__(self, consumer: "AnswerConsumer") -> None:
        self._consumer = consumer
        self._is_due = asyncio.Event()

    def begin_now(self) -> None:
        self._is_due.set()

    async def run(self) -> None:
        """Closes the socket if its user is logged out or deactivated, or the session has expired."""
        consumer = self._consumer
        await self._wait(FIRST_CHECK_SECONDS)
        if consumer.requester.user_id is not None or consumer.handling.is_under_way:
            await self._wait(SESSION_SECONDS)
        is_first = True
        while True:
            try:
                if is_first or self._may_lose_access():
                    async with consumer.turns.turn(consumer.requester.address):
                        if not consumer.requester.is_nobody:
                            await require_login(consumer.requester)
                        await self._end_revoked()
                is_first = False
            except DatabaseError:
                pass  # try again at the next check
            except Refused as refused:
                await consumer.send_event(protocol.error(refused))
                await consumer.close(LOGGED_OUT)
                return
            except Exception:  # of a hook; the next check must still come
                log.exception("a session could not be checked")
            await self._wait(SESSION_SECONDS)

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._is_due.wait()
        self._is_due.clear()

    def _may_lose_access(self) -> bool:
        """Idle pages of visitors, who have neither a login nor a link, cost nothing."""
        return self._consumer.requester.user_id is not None or bool(self._shared())

    def _shared(self) -> list[tuple[UUID, "Following"]]:
        """The answers that are followed through a link."""
        return [(id, one) for id, one in self._consumer.following.items() if one.share is not None]

    async def _end_revoked(self) -> None:
        """Stop following answers that are no longer shared."""
        for id, following in self._shared():
            try:
                await require_reader(self._consumer.requester, id, following.share)
            except Refused:
                await following.follower.revoke()
