"""The consumer translates: frames to calls, events to frames. It runs nothing, so nothing ends with it."""

import asyncio
import json
import logging
from typing import Any
from uuid import UUID

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError

from answers import events
from answers.address import address_of
from answers.events import Ask, Event, Follow, Refused, Stop
from answers.follower import Follower
from answers.forms import QuestionForm
from answers.frame_rate import FrameRate
from answers.running import RunningAnswer
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
            sentence = "The site cannot reach its database. Please try again in a minute."
            await self.send_event(
                events.error(Refused("unavailable", sentence, answer=answer, retry_after=30))
            )
        except Exception:
            log.exception("a frame could not be carried out")
            sentence = "Something went wrong on this site. Please try again."
            await self.send_event(events.error(Refused("internal", sentence, answer=answer)))

    async def watch_session(self) -> None:
        """Close the socket of a person who was logged out or deactivated, or whose session has expired."""
        await asyncio.sleep(FIRST_LOOK_SECONDS)
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
                await self.stop(frame)

    async def ask(self, ask: Ask) -> None:
        form = QuestionForm({"question": ask.question})
        if not form.is_valid():
            [error] = form.errors.get_json_data()["question"][:1]
            raise Refused("bad_question", error["message"], answer=ask.answer)
        # Shielded: a consumer that is cancelled in the midst must not leave a row that nobody runs.
        told = await asyncio.shield(self.save_and_run(ask, form.cleaned_data["question"]))
        if told is not None:
            await self.send_event(told)
        if ask.answer not in self.follower:
            await self.start_following(ask.answer, 0, told)

    async def save_and_run(self, ask: Ask, question: str) -> Event | None:
        """Returns the first event of a question that is new."""
        answer, created = await self.speaker.save(ask, question, self.address)
        if not created:
            return None
        ahead = self.follower.worker.ask(RunningAnswer(answer.pk, answer.user_id, question))
        return events.queued(answer.pk, ahead)

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

    async def stop(self, stop: Stop) -> None:
        """At once if it runs here; else its own process finds the wish in the store."""
        running = self.follower.worker.answers.get(stop.answer)
        if running is not None and running.user_id == await self.speaker.user_id_or_known(stop.answer):
            self.follower.worker.stop(stop.answer)
        elif not await self.speaker.request_stop(stop.answer):
            raise not_found(stop.answer)

    async def start_following(self, answer: UUID, position: int, told: Event | None = None) -> None:
        if len(self.follower) >= FOLLOWED_AT_ONCE and answer not in self.follower:
            sentence = f"One connection follows at most {FOLLOWED_AT_ONCE} answers at once."
            raise Refused("too_many", sentence, answer=answer)
        await self.follower.follow(answer, position, told)


def _frame(text: str | None) -> Ask | Follow | Stop:
    if text is None:
        raise Refused("bad_frame", "Frames are text, not bytes.")
    if len(text.encode()) > settings.ASKME_FRAME_BYTES:
        raise Refused("too_large", f"A frame has at most {settings.ASKME_FRAME_BYTES} bytes.")
    return events.parse(text)
