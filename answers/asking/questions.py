"""Asking a question and stopping its answer, from a socket, a form, a terminal or your own code.

Call these functions on the event loop whose worker runs the answers. They raise `Refused`, with a message for
the person, and DatabaseError.
"""

import asyncio
from typing import NamedTuple
from uuid import UUID, uuid4

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import DatabaseError, IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from answers import protocol
from answers.asking import limits
from answers.asking.access import not_found
from answers.asking.address import NO_ADDRESS
from answers.asking.forms import QuestionForm
from answers.asking.requester import Requester, no_session
from answers.engine import queue
from answers.engine.answer_log import about, log_step
from answers.engine.database_thread import mark_as_read, require_caller
from answers.engine.hooks import site_hooks
from answers.engine.model_options import find_option
from answers.engine.runtime import current_runtime, run_in_database_thread
from answers.models import Answer, QuestionLog
from answers.protocol import Ask, Event, Refused

USER_SECONDS = 0.3  # to look up who stops an answer; the API is paid for until then
LOGIN_REQUIRED = gettext_noop("Please log in to ask a question. What you typed is kept.")


class Accepted(NamedTuple):
    """A saved question of this person. `event` is None if it had been saved before."""

    answer: UUID
    event: Event | None


async def ask(
    requester: Requester | AbstractBaseUser,
    question: str,
    *,
    answer: UUID | None = None,
    follows: UUID | None = None,
    revises: UUID | None = None,
    model: str | None = None,
) -> Accepted:
    """Save a question and have it answered.

    `answer` is the id of its answer: the same id twice is one question. `follows` is the answer that this
    question follows up. `revises` is the answer of which this is another version. `model` is one of
    `ASKME_MODELS`, by default the first.
    """
    answer = answer or uuid4()
    form = QuestionForm({"question": question, "model": model})
    if not form.is_valid():
        field, [error, *_] = next(iter(form.errors.get_json_data().items()))
        raise Refused(f"bad_{field}", error["message"], answer=answer)
    frame = Ask(answer, follows=follows, revises=revises, **form.cleaned_data)
    # Shielded: a caller that is cancelled halfway must not leave a row that nobody runs.
    with about(answer):
        return await asyncio.shield(_save_and_wake(Requester.of(requester), frame))


async def stop(requester: Requester | AbstractBaseUser, answer: UUID) -> None:
    """Stop an answer: at once if it waits or runs here, otherwise through the database, within a second."""
    requester = Requester.of(requester)
    worker = current_runtime().worker
    running = worker.answers.get(answer)
    if running is not None and running.user_id == await _user_id(requester, answer):
        log_step(answer, "stop requested")
        worker.stop(answer)
        return
    stopped, exists = await _stop(requester, answer)
    if stopped is not None:
        worker.ended_elsewhere(stopped)
    elif exists:
        log_step(answer, "stop requested, in another process than that which runs it")
    else:
        raise not_found(answer)


async def _save_and_wake(requester: Requester, ask: Ask) -> Accepted:
    worker = current_runtime().worker
    # A process that runs only its own questions, such as `manage.py ask`, keeps them for itself.
    process = None if worker.is_server else worker.process
    try:
        ahead = await _save(requester, ask, process)
    except Refused as refused:
        worker.counts.refuse(refused.code)
        raise
    except DatabaseError:
        worker.counts.refuse("unavailable")
        raise
    if ahead is None:
        return Accepted(ask.answer, None)
    worker.counts.accepted += 1
    log_step(ask.answer, "asked", ahead=ahead)
    event = protocol.queued(ask.answer, max(0, ahead - worker.room))  # those that start here need not wait
    worker.wake()
    return Accepted(ask.answer, event)


@run_in_database_thread
def _save(requester: Requester, ask: Ask, process: UUID | None) -> int | None:
    """Save the question. Returns how many wait before it, or None if it was saved before."""
    if requester.is_nobody:  # no query is needed
        _require_asker(None, ask.answer)
        raise no_session(ask.answer)
    try:
        user_id, ahead = _save_once(requester, ask, process)
    except IntegrityError:  # another process has just saved it, or the person's first one
        user_id, ahead = _save_once(requester, ask, process)
    requester.user_id = user_id
    return ahead


# This is what a question costs before it is answered, in the one thread that all people share: seven SQL
# statements, each of them needed, one more for an account with an address, one if the site has a budget, and
# up to two for a follow-up.
@transaction.atomic
def _save_once(requester: Requester, ask: Ask, process: UUID | None) -> tuple[object, int | None]:
    hooks = site_hooks()
    user = requester.user_who_asks(ask.answer)
    if requester.is_limited:
        _require_asker(user, ask.answer)
    if user is None:
        raise no_session(ask.answer)
    place = queue.next_place(user, ask.answer)
    if place.is_own is not None:
        if not place.is_own:
            raise not_found(ask.answer)
        return user.pk, None
    is_counted = requester.address and hooks.counts_by_address(user)
    address = requester.address if is_counted else NO_ADDRESS
    if requester.is_limited:
        limits.check(user, address, ask.answer, waiting=place.waiting, unfinished=place.unfinished)
    try:
        Answer.objects.ask(
            user,
            ask.answer,
            ask.question,
            follows=ask.follows,
            revises=ask.revises,
            model=ask.model or "",
            model_label=find_option(ask.model).label if ask.model else "",
            turn=place.turn,
            process_id=process,
        )
    except Answer.DoesNotExist:
        raise not_found(ask.answer) from None
    if requester.is_limited:
        try:
            QuestionLog.objects.create(user_id=user.pk, answer=ask.answer, address=address)
        except IntegrityError:  # it belonged to an answer that was deleted
            raise not_found(ask.answer) from None
    require_caller()
    return user.pk, place.ahead


def _require_asker(user: AbstractBaseUser | None, answer: UUID) -> None:
    if not site_hooks().may_ask(user):
        raise Refused("login_required", _(LOGIN_REQUIRED), answer=answer)


@run_in_database_thread
def _stop(requester: Requester, answer: UUID) -> tuple[Answer | None, bool]:
    """Returns the answer if it was stopped here and now, and whether it exists."""
    user = requester.user(answer)
    if user is None:
        return None, False
    stopped = queue.stop(user, answer)
    return stopped, stopped is not None or Answer.objects.request_stop(user, answer)


async def _user_id(requester: Requester, answer: UUID) -> object:
    """The current user's id. While the database is down or busy, the last known one.

    That is no older than the last check of the session.
    """
    known = requester.user_id
    lookup = asyncio.create_task(_current_user_id(requester, answer))
    lookup.add_done_callback(mark_as_read)
    await asyncio.wait([lookup], timeout=None if known is None else USER_SECONDS)
    if not lookup.done():
        return known
    try:
        return lookup.result()
    except DatabaseError:
        return known


@run_in_database_thread
def _current_user_id(requester: Requester, answer: UUID) -> object:
    user = requester.user(answer)
    return user.pk if user else None
