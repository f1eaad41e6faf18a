"""The consumer translates frames to calls and events to frames. It runs no answers, so none end with it."""

import asyncio
import logging
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from typing import Any
from uuid import UUID

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError
from django.utils import translation
from django.utils.translation import gettext as _

import answers
from answers import protocol
from answers.asking.access import not_found
from answers.asking.address import address_of
from answers.asking.questions import Accepted
from answers.asking.requester import SessionRequester, no_session
from answers.engine.answer_log import current_answer
from answers.engine.hooks import site_hooks
from answers.engine.runtime import current_runtime
from answers.live.follower import Follower
from answers.live.frame_limit import STRANGER, FrameLimit, FrameLimits
from answers.live.handling import Handling
from answers.live.language import language_of
from answers.live.open_sockets import TOO_MANY_SOCKETS, OpenSockets
from answers.live.session_check import SessionCheck
from answers.protocol import Ask, Event, Follow, Refused, Stop

log = logging.getLogger(__name__)

TOO_MANY_FRAMES = 4429  # as HTTP's 429
MAX_FOLLOWED = 20  # answers on one socket; a page follows one


class AnswerConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        translation.activate(language_of(scope))  # in this task, which belongs to this socket
        runtime = current_runtime()
        session_key = site_hooks().session_key(scope["cookies"])
        self.requester = SessionRequester(session_key, address_of(scope))
        limits = runtime.part(FrameLimits)
        self.limit = FrameLimit(STRANGER) if self.requester.is_nobody else limits.of_session(session_key)
        self.strangers_limit = limits.of_address(self.requester.address)
        self.turns = runtime.turns
        self.sockets = runtime.part(OpenSockets)
        self.following: dict[UUID, Following] = {}
        self.is_closed = self.is_refused = False
        self.handling = Handling(self.send_event)
        self.session_check = SessionCheck(self)
        watch = asyncio.create_task(self.session_check.run())
        try:
            await super().__call__(scope, receive, send)
        finally:  # a cancelled consumer gets no disconnect
            watch.cancel()
            self.sockets.discard(self)
            for limit in filter(None, (self.limit, self.strangers_limit)):
                limit.keep_until_full()
            for following in list(self.following.values()):
                await following.end()

    async def dispatch(self, message: Any) -> None:
        """Unlike Channels' own, this does not close old database connections in each message.

        That runs in one thread, which all sockets would wait for, and which uses no connection here.
        """
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        await self.accept()
        if (code := self.sockets.add(self)) is not None:
            self.is_refused = code == TOO_MANY_SOCKETS
            await self.close(code)

    async def close(self, code: int | None = None, reason: str | None = None) -> None:
        self.is_closed = True
        await super().close(code, reason)

    async def send_event(self, event: Event) -> None:
        if self.is_closed:  # servers raise for a message after the close
            return
        with suppress(OSError):  # the page is gone (ASGI 2.4); its disconnect follows
            await self.send(text_data=protocol.encode(event))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """One frame. Whatever it contains, the reply is an event, and never 1011 or a traceback."""
        if self.is_refused:
            return
        if not self.allows_one_more():
            await self.close(TOO_MANY_FRAMES)
            return
        answer = None
        current_answer.set(None)
        try:
            frame = _frame(text_data)
            answer = frame.answer
            current_answer.set(answer)  # for the log, until the next frame
            self.require_somebody(frame)
            async with self.handling.one():
                await self.handle(frame)
        except Refused as refused:
            await self.send_event(protocol.error(refused))
        except DatabaseError as error:
            log.error("a frame could not be handled because the database failed: %s", error)
            sentence = _("The site cannot reach its database. Please try again in a minute.")
            error_event = protocol.error(Refused("unavailable", sentence, answer=answer, retry_after=30))
            await self.send_event(error_event)
        except Exception:
            log.exception("a frame could not be handled")
            sentence = _("Something went wrong on this site. Please try again.")
            await self.send_event(protocol.error(Refused("internal", sentence, answer=answer)))

    def allows_one_more(self) -> bool:
        """Whether the limits allow this frame. A socket without a user also counts for its address."""
        if self.requester.user_id is None and self.strangers_limit is not None:
            return self.limit.allows_one_more() and self.strangers_limit.allows_one_more()
        return self.limit.allows_one_more()

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Sockets without a user take turns, so that a crowd of them does not delay people with one.

        Nothing is sent during a turn, since a page that does not read would hold it.
        """
        if self.requester.user_id is not None:
            return nullcontext()
        return self.turns.turn(self.requester.address)

    def require_somebody(self, frame: Ask | Follow | Stop) -> None:
        """Without a session one can only read what is shared. The rest is refused without a query."""
        if self.requester.is_nobody:
            match frame:
                case Follow(share=None):
                    raise no_session(frame.answer)
                case Stop():
                    raise not_found(frame.answer)

    async def handle(self, frame: Ask | Follow | Stop) -> None:
        match frame:
            case Ask():
                await self.ask(frame)
            case Follow():
                await self.follow(frame)
            case Stop():
                async with self.turn():
                    await answers.stop(self.requester, frame.answer)

    async def ask(self, frame: Ask) -> None:
        async with self.turn():
            accepted = await answers.ask(
                self.requester,
                frame.question,
                answer=frame.answer,
                follows=frame.follows,
                revises=frame.revises,
                model=frame.model,
            )
        if accepted.event is not None:
            await self.send_event(accepted.event)
        if frame.answer not in self.following:
            await self.follow(Follow(frame.answer, 0, html=frame.html), accepted)

    async def follow(self, frame: Follow, accepted: Accepted | None = None) -> None:
        """Follow from a position, even if this socket follows it already: the page may have lost text."""
        id = frame.answer
        async with self.turn():
            follower = await answers.follow(
                self.requester,
                accepted or id,
                frame.position,
                share=frame.share,
                reasoning_position=frame.reasoning_position,
                edition=frame.edition,
                html=frame.html,
            )
        try:
            if (previous := self.following.pop(id, None)) is not None:
                await previous.end()
        except asyncio.CancelledError:  # the socket is gone, and nobody else would close the new one
            await follower.close()
            raise
        if len(self.following) >= MAX_FOLLOWED:
            await follower.close()
            sentence = _("One connection can follow at most %(number)d answers at once.")
            raise Refused("too_many", sentence % {"number": MAX_FOLLOWED}, answer=id)
        self.following[id] = Following(self, follower, frame)


class Following:
    """A task that sends the events of one follower to a socket."""

    def __init__(self, consumer: AnswerConsumer, follower: Follower, frame: Follow) -> None:
        self.consumer, self.follower, self.share = consumer, follower, frame.share
        self.task = asyncio.create_task(self.run())

    async def run(self) -> None:
        try:
            async for event in self.follower:
                await self.consumer.send_event(event)
        finally:
            if self.consumer.following.get(self.follower.answer) is self:
                del self.consumer.following[self.follower.answer]

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])
        await self.follower.close()


def _frame(text: str | None) -> Ask | Follow | Stop:
    if text is None:
        raise Refused("bad_frame", _("Frames must be text, not bytes."))
    if len(text.encode()) > settings.ASKME_FRAME_BYTES:
        sentence = _("A frame can have at most %(number)d bytes.") % {"number": settings.ASKME_FRAME_BYTES}
        raise Refused("too_large", sentence)
    return protocol.parse(text)
