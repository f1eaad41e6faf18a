"""The consumer translates: frames to calls, events to frames. It runs nothing, so nothing ends with it."""

import asyncio
import json
import logging
from typing import Any
from uuid import UUID

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError
from django.utils import translation
from django.utils.translation import gettext as _

from answers import asking, events
from answers.address import address_of
from answers.events import Ask, Event, Follow, Refused, Stop
from answers.follower import Follower
from answers.frame_rate import FrameRate
from answers.language import language_of
from answers.speaker import Speaker, not_found, shows
from answers.worker import current_worker

log = logging.getLogger(__name__)

RESTARTING = 4012  # close code 1012, "Service Restart", in the private range: Autobahn sends no other
LOGGED_OUT = 4401  # as HTTP's 401
TOO_MANY_FRAMES = 4429  # as HTTP's 429
FOLLOWED_AT_ONCE = 20  # answers on one socket; a page follows one
SESSION_SECONDS = 30.0  # how often a socket asks whether its person is still logged in
FIRST_LOOK_SECONDS = 5.0  # when it first learns who that is, unless a frame has asked before

_open: "set[AnswerConsumer]" = set()
_ending = False


async def let_pages_go() -> None:
    """Close all sockets of a process that ends, with a code that tells pages to find another."""
    global _ending
    _ending = True
    for consumer in list(_open):
        await consumer.close(RESTARTING)


class AnswerConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        translation.activate(language_of(scope))  # in this task, which is this socket's own
        self.follower = Follower(current_worker(), self.send_event)
        session_key = scope["cookies"].get(settings.SESSION_COOKIE_NAME, "")
        self.speaker = Speaker(session_key)
        self.address = address_of(scope)
        self.rate = FrameRate.of(session_key)
        self.shares: dict[UUID, str] = {}  # by answer: the token by which it is followed
        watching = asyncio.create_task(self.watch_session())
        try:
            await super().__call__(scope, receive, send)
        finally:
            watching.cancel()
            _open.discard(self)
            self.rate.forget_when_full()
            await self.follower.close()  # here, since a cancelled consumer sees no disconnect

    async def connect(self) -> None:
        await self.follower.open()
        await self.accept()
        _open.add(self)
        if _ending:  # a balancer has kept a connection from before, and it became this socket
            await self.close(RESTARTING)

    async def send_event(self, event: Event) -> None:
        await self.send(text_data=json.dumps(event, ensure_ascii=False))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """One frame. Whatever it holds, the reply is an event: never 1011, never a traceback to the page."""
        if not self.rate.allows_one_more():
            await self.close(TOO_MANY_FRAMES)
            return
        answer = None
        try:
            frame = _frame(text_data)
            answer = frame.answer
            await self.obey(frame)
        except Refused as refused:
            await self.send_event(events.error(refused))
        except DatabaseError as error:
            log.error("a frame could not be carried out, the store failed: %s", error)
            sentence = _("The site cannot reach its database. Please try again in a minute.")
            await self.send_event(
                events.error(Refused("unavailable", sentence, answer=answer, retry_after=30))
            )
        except Exception:
            log.exception("a frame could not be carried out")
            sentence = _("Something went wrong on this site. Please try again.")
            await self.send_event(events.error(Refused("internal", sentence, answer=answer)))

    async def watch_session(self) -> None:
        """Close the socket of a person who was logged out or deactivated, or whose session has expired."""
        await asyncio.sleep(FIRST_LOOK_SECONDS)
        if self.speaker.user_id is not None:  # a frame has just asked
            await asyncio.sleep(SESSION_SECONDS)
        while True:
            try:
                await self.speaker.user(None)
                await self.lose_revoked()
            except DatabaseError:
                pass  # the next look will tell
            except Refused as refused:
                await self.send_event(events.error(refused))
                await self.close(LOGGED_OUT)
                return
            await asyncio.sleep(SESSION_SECONDS)

    async def obey(self, frame: Ask | Follow | Stop) -> None:
        match frame:
            case Ask():
                await self.ask(frame)
            case Follow():
                await self.follow(frame)
            case Stop():
                await asking.stop(self.speaker, frame.answer)

    async def ask(self, ask: Ask) -> None:
        told = await asking.ask(self.speaker, ask, self.address)
        if told is not None:
            await self.send_event(told)
        if ask.answer not in self.follower:
            await self.start_following(ask.answer, 0, told)

    async def follow(self, follow: Follow) -> None:
        if follow.share is None:
            may_read = await self.speaker.owns(follow.answer)
        else:
            may_read = await shows(follow.share, follow.answer)
        if not may_read:
            raise not_found(follow.answer)
        await self.start_following(follow.answer, follow.position)
        self.shares.pop(follow.answer, None)
        if follow.share is not None:
            self.shares[follow.answer] = follow.share

    async def lose_revoked(self) -> None:
        """Follow no longer what was shared and is not any more."""
        self.shares = {answer: share for answer, share in self.shares.items() if answer in self.follower}
        for answer, share in list(self.shares.items()):
            if not await shows(share, answer):
                await self.follower.lose(answer)

    async def start_following(self, answer: UUID, position: int, told: Event | None = None) -> None:
        if len(self.follower) >= FOLLOWED_AT_ONCE and answer not in self.follower:
            sentence = _("One connection follows at most %(number)d answers at once.")
            raise Refused("too_many", sentence % {"number": FOLLOWED_AT_ONCE}, answer=answer)
        await self.follower.follow(answer, position, told)


def _frame(text: str | None) -> Ask | Follow | Stop:
    if text is None:
        raise Refused("bad_frame", _("Frames are text, not bytes."))
    if len(text.encode()) > settings.ASKME_FRAME_BYTES:
        sentence = _("A frame has at most %(number)d bytes.") % {"number": settings.ASKME_FRAME_BYTES}
        raise Refused("too_large", sentence)
    return events.parse(text)
