"""The consumer translates: frames to calls, events to frames. It runs nothing, so nothing ends with it."""

import asyncio
import json
import logging
from typing import Any
from uuid import UUID

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError, transaction

from answers import events, guests, limits
from answers.events import Ask, Event, Follow, Refused, Stop
from answers.follower import Follower
from answers.forms import QuestionForm
from answers.frame_rate import FrameRate
from answers.models import Answer, Share, User
from answers.running import RunningAnswer
from answers.store import in_store
from answers.worker import current_worker

log = logging.getLogger(__name__)

RESTARTING = 4012  # close code 1012, "Service Restart", in the private range: Autobahn sends no other
LOGGED_OUT = 4401  # as HTTP's 401
TOO_MANY_FRAMES = 4429  # as HTTP's 429
FOLLOWED_AT_ONCE = 20  # answers on one socket; a page follows one
SESSION_SECONDS = 30.0  # how often a socket asks whether its person is still logged in
FIRST_LOOK_SECONDS = 5.0  # when it first learns who that is, unless a frame has asked before
LOGIN_REQUIRED = "Please log in to ask a question. What you typed is kept."

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
        self.user_id: int | None = None  # as of the last look; each frame looks anew
        self.session_key = scope["cookies"].get(settings.SESSION_COOKIE_NAME, "")
        self.rate = FrameRate.of(self.session_key)
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
                await self.user(None)
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
        answer, created = await self.save(ask, question)
        if not created:
            return None
        ahead = self.follower.worker.ask(RunningAnswer(answer.pk, answer.user_id, question))
        return events.queued(answer.pk, ahead)

    async def follow(self, follow: Follow) -> None:
        may_read = (
            self.owns(follow.answer) if follow.share is None else self.shows(follow.share, follow.answer)
        )
        if not await may_read:
            raise _not_found(follow)
        await self.start_following(follow.answer, follow.position)
        self.shares.pop(follow.answer, None)
        if follow.share is not None:
            self.shares[follow.answer] = follow.share

    async def lose_revoked(self) -> None:
        """Follow no longer what was shared and is not any more."""
        self.shares = {answer: share for answer, share in self.shares.items() if answer in self.follower}
        for answer, share in list(self.shares.items()):
            if not await self.shows(share, answer):
                await self.follower.lose(answer)

    async def stop(self, stop: Stop) -> None:
        """At once if it runs here; else its own process finds the wish in the store."""
        running = self.follower.worker.answers.get(stop.answer)
        if running is not None and running.user_id == await self.user_id_or_known(stop.answer):
            self.follower.worker.stop(stop.answer)
        elif not await self.request_stop(stop):
            raise _not_found(stop)

    async def user_id_or_known(self, answer: UUID) -> int | None:
        """Who speaks; while the database is away, who spoke last: nobody else can have taken their place."""
        try:
            user = await self.user(answer)
        except DatabaseError:
            return self.user_id
        return user.pk if user else None

    async def start_following(self, answer: UUID, position: int, told: Event | None = None) -> None:
        if len(self.follower) >= FOLLOWED_AT_ONCE and answer not in self.follower:
            sentence = f"One connection follows at most {FOLLOWED_AT_ONCE} answers at once."
            raise Refused("too_many", sentence, answer=answer)
        await self.follower.follow(answer, position, told)

    # -- In the thread of the database

    @in_store
    def user(self, answer: UUID | None) -> User | None:
        return self._seen(guests.user_of(self.session_key), answer)

    @in_store
    def save(self, ask: Ask, question: str) -> tuple[Answer, bool]:
        """The row of this question, and whether it is new: the same frame may come many times."""
        with transaction.atomic():
            user = self._seen(guests.user_or_guest(self.session_key), ask.answer)
            if guests.must_log_in(user):
                raise Refused("login_required", LOGIN_REQUIRED, answer=ask.answer)
            if user is None:
                raise _no_session(ask.answer)
            if not Answer.objects.filter(pk=ask.answer).exists():
                limits.check(user, ask.answer)
            try:
                return Answer.objects.ask(user, ask.answer, question, follows=ask.follows)
            except Answer.DoesNotExist:
                raise _not_found(ask) from None

    @in_store
    def owns(self, answer: UUID) -> bool:
        user = self._seen(guests.user_of(self.session_key), answer)
        if user is None and not guests.is_live(self.session_key):
            raise _no_session(answer)
        return user is not None and user.answers.filter(pk=answer).exists()

    @in_store
    def shows(self, share: str, answer: UUID) -> bool:
        found = Share.objects.valid(share).first()
        return found is not None and found.answers.filter(pk=answer).exists()

    @in_store
    def request_stop(self, stop: Stop) -> bool:
        user = self._seen(guests.user_of(self.session_key), stop.answer)
        return user is not None and Answer.objects.request_stop(user, stop.answer)

    def _seen(self, user: User | None, answer: UUID | None) -> User | None:
        """Who speaks now. Raises `Refused` if it was somebody and is nobody any more."""
        if user is None and self.user_id is not None:
            raise _no_session(answer)
        self.user_id = user.pk if user else None
        return user


def _no_session(answer: UUID | None) -> Refused:
    sentence = "Your session has ended. Please reload the page; your question is kept."
    return Refused("no_session", sentence, answer=answer)


def _frame(text: str | None) -> Ask | Follow | Stop:
    if text is None:
        raise Refused("bad_frame", "Frames are text, not bytes.")
    if len(text.encode()) > settings.ASKME_FRAME_BYTES:
        raise Refused("too_large", f"A frame has at most {settings.ASKME_FRAME_BYTES} bytes.")
    return events.parse(text)


def _not_found(frame: Ask | Follow | Stop) -> Refused:
    """The same for what does not exist and what is another's: nobody learns which."""
    return Refused("not_found", "There is no such answer, or it is not yours.", answer=frame.answer)
