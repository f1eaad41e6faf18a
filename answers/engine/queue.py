"""The queue of questions that wait, which all processes share: it is in the database, not in memory.

A question that waits belongs to no process, so none is lost if a process ends. Any process with a free thread
claims the next ones. Claims take turns, so that exactly one process gets each question, and a person runs no
more than `ASKME_RUNNING_PER_USER` answers at once, wherever their sockets are.

The queue is fair between people: someone who asked 20 questions waits behind someone who asked one. This is
start-time fair queueing (Goyal, Vin and Cheng, 1996) with equal weights. A question's turn follows that of
the person's previous question, or is the turn being served now if that is later. So people who are being
served come after people who are not.

Synchronous, for a database thread.
"""

import logging
import math
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import Count, F, Min, Q, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils import timezone

from answers.engine.database_thread import require_caller
from answers.engine.model_options import default_option
from answers.engine.outcome import EXPIRED, Outcome
from answers.engine.prompts import prepare, read_prompt
from answers.engine.running_answer import RunningAnswer
from answers.models import Answer, AnswerQuerySet, Process, Status

log = logging.getLogger(__name__)

EXPIRY_SECONDS = 3_600  # nobody still waits for an answer after that, as when the site was down for a night
PLACES = 1_000  # how many questions get a place that is shown
CLAIM_LOCK = 7_215_640_163_522_711  # a PostgreSQL advisory lock; any number that nothing else uses


class Place(NamedTuple):
    turn: int
    ahead: int  # questions that come before this one
    waiting: int  # all of them
    unfinished: int  # answers of this person: they wait or run
    is_own: bool | None  # whether the answer that there is with this id is this person's; None: there is none


# `max` of several values is `greatest` on PostgreSQL, so CASE.
PLACE = """
    WITH unfinished (user_id, turn, waits) AS (
        SELECT user_id, turn, 1 FROM answers_answer WHERE status = 'queued'
        UNION ALL
        SELECT user_id, turn, 0 FROM answers_answer WHERE process_id IS NOT NULL AND status = 'running'
    ), turns (served, own) AS (
        SELECT coalesce(max(CASE WHEN waits = 0 THEN turn END), min(turn), 0),
            coalesce(max(CASE WHEN user_id = %s THEN turn + 1 END), 0)
        FROM unfinished
    ), mine (turn) AS (SELECT CASE WHEN own > served THEN own ELSE served END FROM turns)
    SELECT turn, (SELECT count(*) FROM unfinished WHERE waits = 1 AND unfinished.turn <= mine.turn),
        (SELECT count(*) FROM unfinished WHERE waits = 1),
        (SELECT count(*) FROM unfinished WHERE user_id = %s),
        (SELECT user_id = %s FROM answers_answer WHERE id = %s)
    FROM mine
"""

WAITING = """
    SELECT EXISTS (
        SELECT 1 FROM answers_answer WHERE status = 'queued'
        AND (process_id = %s OR (%s AND process_id IS NULL)) AND asked_at > %s AND asked_at <= %s
    )
"""


def next_place(user: AbstractBaseUser, answer: UUID) -> Place:
    """The place of a new question of this person, whose answer is to have this id."""
    own = Answer._meta.get_field("user").target_field.get_db_prep_value(user.pk, connection)
    with connection.cursor() as cursor:
        cursor.execute(PLACE, [own] * 3 + [Answer._meta.pk.get_db_prep_value(answer, connection)])
        turn, ahead, waiting, unfinished, is_own = cursor.fetchone()
    return Place(turn, ahead, waiting, unfinished, None if is_own is None else bool(is_own))


def ahead_of(answer: Answer) -> int:
    """How many waiting questions come before this one, at most `PLACES`."""
    earlier = Q(asked_at__lt=answer.asked_at) | Q(asked_at=answer.asked_at, pk__lt=answer.pk)
    before = Answer.objects.queued().filter(Q(turn__lt=answer.turn) | Q(earlier, turn=answer.turn))
    return min(PLACES, before.count())


def order() -> list[UUID]:
    """The first of the waiting questions, in the order of their turns."""
    return list(_in_turn(Answer.objects.queued()).values_list("pk", flat=True)[:PLACES])


def length() -> tuple[int, datetime | None]:
    """How many questions wait, and since when the first of them."""
    found = Answer.objects.queued().aggregate(number=Count("pk"), oldest=Min("asked_at"))
    return found["number"], found["oldest"]


def claim(
    process: UUID,
    room: int,
    *,
    only_own: bool,
    age: float = 0.0,
    on_claim: Callable[[set[UUID]], None] = lambda ids: None,
) -> list[RunningAnswer]:
    """Claim the next questions, at most `room`, so that this process runs them, and no other.

    Returns none if nobody waits, or if all who wait are at their limit. With `only_own`, claims those
    that no other process may run. `age` is for how many seconds they must have waited. `on_claim` is called
    before the claim is committed, and may raise an exception to prevent it.
    """
    now = timezone.now()
    # Without an age, also what a process with a clock that is ahead has just saved.
    latest = now - timedelta(seconds=age) if age else now + timedelta(seconds=EXPIRY_SECONDS)
    times = now - timedelta(seconds=EXPIRY_SECONDS), latest
    # Not in a transaction, because on SQLite one that may write keeps all other writers waiting.
    if not _is_anybody_waiting(process, times, only_own=only_own):
        return []
    own = Q(process=process)  # also of a server: it may have been asked before it began to serve
    waiting = Answer.objects.queued().filter(own if only_own else own | Q(process=None))
    waiting = _in_turn(waiting.filter(asked_at__gt=times[0], asked_at__lte=times[1]))
    with transaction.atomic():
        if connection.vendor == "postgresql":  # SQLite's transactions take turns anyway
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIM_LOCK])
        rows = _claim(waiting, process, room)
        prompts = [read_prompt(row) for row in rows]
        on_claim({row.pk for row in rows})
        require_caller()
    # Afterwards: a hook may be slow, and meanwhile no process could claim, nor anybody write to SQLite.
    return [prepare(row, prompt) for row, prompt in zip(rows, prompts, strict=True)]


def stop(user: AbstractBaseUser, id: UUID) -> Answer | None:
    """End a question of this person that still waits. Returns None if it does not."""
    with transaction.atomic():
        row = Answer.objects.queued().filter(user_id=user.pk, pk=id).first()
        if row is None or not _end(row, Outcome(Status.STOPPED)):
            return None
        # The person's later questions move up.
        later = Answer.objects.queued().filter(user_id=user.pk, turn__gt=row.turn)
        later.update(turn=F("turn") - 1)
        return row


def expire(limit: int) -> list[Answer]:
    """End and return up to `limit` questions that have waited too long, as while the site was down."""
    oldest = timezone.now() - timedelta(seconds=EXPIRY_SECONDS)
    expired = Answer.objects.queued().filter(asked_at__lte=oldest)
    if not expired.exists():
        return []
    with transaction.atomic():
        return [row for row in expired.unlocked()[:limit] if _end(row, EXPIRED)]


def _is_anybody_waiting(process: UUID, times: tuple[datetime, datetime], *, only_own: bool) -> bool:
    """Whether there is something to claim. Each process asks twice a second, even if nobody uses it."""
    asked_at, key = Answer._meta.get_field("asked_at"), Process._meta.pk
    values = [key.get_db_prep_value(process, connection), not only_own]
    values += [asked_at.get_db_prep_value(time, connection) for time in times]
    with connection.cursor() as cursor:
        cursor.execute(WAITING, values)
        return bool(cursor.fetchone()[0])


def _in_turn(rows: AnswerQuerySet) -> AnswerQuerySet:
    return rows.order_by("turn", "asked_at", "pk")


def _claim(waiting: AnswerQuerySet, process: UUID, room: int) -> list[Answer]:
    limit = settings.ASKME_RUNNING_PER_USER or math.inf
    running = Counter(Answer.objects.running().values_list("user_id", flat=True))
    full = [user_id for user_id, number in running.items() if number >= limit]
    claimed = []
    # Without rows that another session has locked: they must not hold up those after them.
    for row in waiting.exclude(user_id__in=full).unlocked()[:room]:
        if running[row.user_id] < limit:
            running[row.user_id] += 1
            claimed.append(row)
    now, default = timezone.now(), default_option().key
    for row in claimed:
        row.status, row.started_at, row.model = Status.RUNNING, now, row.model or default
    Answer.objects.filter(pk__in=[row.pk for row in claimed]).update(
        status=Status.RUNNING,
        process=process,
        started_at=now,
        model=Coalesce(NullIf("model", Value("")), Value(default)),
    )
    return claimed


def _end(row: Answer, outcome: Outcome) -> bool:
    """End a question that has never run. Returns False if it does not wait any more."""
    row.finished_at = timezone.now()
    row.seconds = max(0.0, (row.finished_at - row.asked_at).total_seconds())
    row.status, row.error_code, row.error_message = outcome.status, outcome.error_code, outcome.error_message
    names = ("status", "error_code", "error_message", "finished_at", "seconds")
    fields = {name: getattr(row, name) for name in names}
    return Answer.objects.queued().finish(row.pk, **fields)
