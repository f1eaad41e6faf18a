"""The saver: writes running answers to the database, behind the stream, and reads stop requests from it.

One thread with one database connection saves all answers of the process, so that neither the threads that
read answers nor the event loop ever wait for the database. What cannot be saved stays in memory until it can.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import DatabaseError, DataError, IntegrityError, OperationalError, connection, transaction
from django.utils.translation import gettext_noop

from answers.engine.histogram import DELAY_SECONDS, Histogram
from answers.engine.lease import ENDS_AT_ONCE, Lease
from answers.engine.locks import is_row_lock_timeout
from answers.engine.outcome import Outcome
from answers.engine.own_connection import use_own_connection
from answers.engine.running_answer import Content, RunningAnswer, Saved
from answers.engine.usage import record_deleted
from answers.models import Answer, Status

log = logging.getLogger(__name__)

SAVE_SECONDS = 0.5  # how much of the shown text a crash may lose
CHECK_SECONDS = 2.0  # between two checks that the rows of running answers still exist
LOCK_MILLISECONDS = 250  # how long a locked row may delay the other rows, once

# Raised for a value that the database cannot store, from an API that sends nonsense. Retrying is useless.
UNSTORABLE = (DataError, IntegrityError, ValidationError, ArithmeticError, TypeError, ValueError)
UNSAVED = Outcome(
    Status.FAILED,
    error_code="internal",
    error_message=gettext_noop("This answer could not be saved. Please ask again."),
    error_detail="The database rejected it; see the log for the reason.",
)


class Saver:
    """`answers` are the worker's. `call` runs a function on the worker's loop. The callbacks run there."""

    def __init__(
        self,
        answers: dict[UUID, RunningAnswer],
        lease: Lease,
        *,
        call: Callable[..., None],
        on_saved: Callable[[RunningAnswer, bool], None],
        on_stop: Callable[[UUID], object],
        on_interrupted: Callable[[Answer], None],
    ) -> None:
        self._answers, self._lease = answers, lease
        self._call, self._on_saved, self._on_stop = call, on_saved, on_stop
        self._on_interrupted = on_interrupted
        self._signal = threading.Event()
        self._closed = False
        self._next_save = time.monotonic() + SAVE_SECONDS  # of answers that run
        self._next_check = 0.0
        self._locked: set[UUID] = set()  # rows that another session had locked at the last save
        self.is_failing = False  # since the last round
        # Since the start: the time that rounds took, and what kept answers from being saved.
        self.seconds = Histogram(*DELAY_SECONDS)
        self.errors = {"database": 0, "locked_row": 0, "unstorable": 0, "internal": 0}
        self.saved_at = time.time()  # the Unix time of the last round that succeeded, or of the start

    def save_now(self) -> None:
        """Save at once, because an answer has ended."""
        self._signal.set()

    def close(self) -> None:
        """End the thread after one last round. The caller has already waited for the last saves."""
        self._closed = True
        self._signal.set()

    def run(self) -> None:
        use_own_connection()
        while not self._closed:
            self._signal.wait(max(0.0, self._next_save - time.monotonic()))
            self._signal.clear()
            try:
                begin = time.monotonic()
                self._tick()
                self.seconds.observe(time.monotonic() - begin)
                self.is_failing, self.saved_at = False, time.time()
            except Exception as error:
                self._handle_error(error)
        with suppress(DatabaseError):  # then another process finds that this one is gone
            self._lease.release()
        connection.close()

    def _tick(self) -> None:
        self._lease.renew()
        # One whose end is saved stays there until the loop removes it. It must not be logged again.
        answers = [one for one in list(self._answers.values()) if not one.end_is_saved]
        self._locked.intersection_update(one.id for one in answers)
        # If hundreds end at once, neither the heartbeat nor the texts of the others may wait for all of them.
        ended = sorted((one for one in answers if one.ended), key=lambda one: one.id in self._locked)
        some = ended[:ENDS_AT_ONCE]
        now = time.monotonic()
        if now >= self._next_save:
            self._next_save = now + SAVE_SECONDS
            some += [one for one in answers if not one.ended]
        if some:
            try:
                self._save(some)
            except UNSTORABLE:
                for answer in some:  # one that cannot be saved must not block the others
                    self._save_one(answer)
                    self._lease.renew()
        for interrupted in self._lease.sweep(list(self._answers)):
            self._call(self._on_interrupted, interrupted)
        if self._lease.sweep_is_due or any(one.id not in self._locked for one in ended[ENDS_AT_ONCE:]):
            self._signal.set()  # there are more

    def _handle_error(self, error: Exception) -> None:
        self._next_save = time.monotonic() + SAVE_SECONDS  # not at once: it would fail again
        if not isinstance(error, DatabaseError):
            self.errors["internal"] += 1
            log.exception("the saver failed")
        elif is_row_lock_timeout(error):
            self.errors["locked_row"] += 1
            log.warning("a row that the saver needs is locked by another session: %s", error)
            return
        else:
            self.errors["database"] += 1
            if not self.is_failing:
                log.error("the database cannot be reached; running answers continue in memory: %s", error)
        self.is_failing = True
        self._lease.forget_suspicions()
        with suppress(Exception):  # this thread must not end
            connection.close()  # a failed connection is not used again

    def _save(self, answers: list[RunningAnswer]) -> None:
        """Save these answers, except those whose row another session has locked: those stay in memory."""
        try:
            self._save_all(self._without_locked(answers) if self._locked else answers)
        except OperationalError as error:
            if not is_row_lock_timeout(error):
                raise
            self._save_all(self._without_locked(answers))

    def _without_locked(self, answers: list[RunningAnswer]) -> list[RunningAnswer]:
        ids = [answer.id for answer in answers]
        with transaction.atomic():
            free = set(Answer.objects.filter(pk__in=ids).order_by().unlocked().values_list("pk", flat=True))
        # Rows that are gone are not locked.
        others = Answer.objects.filter(pk__in=set(ids) - free).order_by()
        locked = set(others.values_list("pk", flat=True)) if len(free) < len(ids) else set()
        self.errors["locked_row"] += len(locked - self._locked)
        for id in locked - self._locked:
            log.warning("answer %s is saved later, because another session has locked its row", id)
        self._locked = self._locked.difference(ids) | locked
        return [answer for answer in answers if answer.id not in locked]

    def _save_all(self, answers: list[RunningAnswer]) -> None:
        now = time.monotonic()
        is_check = now >= self._next_check and not all(answer.ended for answer in answers)
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute(f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}")
            snapshots = [_snapshot(answer) for answer in answers]
            gone = self._write(snapshots)
            ids = {one.answer.id for one in snapshots if not one.ended}
            rows = Answer.objects.filter(pk__in=ids).order_by()
            if is_check:
                # While an API is silent there is nothing to save, and a save is what notices a deleted row.
                gone |= ids.difference(rows.unfinished().values_list("pk", flat=True))
            stops = list(rows.with_stop_requested().values_list("pk", flat=True))
        # Only what is committed counts.
        if is_check:
            self._next_check = now + CHECK_SECONDS
        for one in snapshots:
            one.answer.saved = one.saved
            if one.ended:
                one.answer.end_is_saved = True
                self._call(self._on_saved, one.answer, one.answer.id not in gone)
        # There is no point in running an answer that was ended or deleted elsewhere.
        for id in [*stops, *(one.answer.id for one in snapshots if one.answer.id in gone and not one.ended)]:
            self._call(self._on_stop, id)

    def _write(self, snapshots: "list[Snapshot]") -> set[UUID]:
        """Returns the ids of answers whose row has already ended, or is gone."""
        gone: set[UUID] = set()
        lost: list[RunningAnswer] = []
        texts: dict[UUID, tuple[Any, ...]] = {}
        reasoning: dict[UUID, tuple[Any, ...]] = {}
        for one in snapshots:
            id, content = one.answer.id, one.content
            if one.ended:
                if not Answer.objects.finish(id, **content.fields(), **one.answer.end_fields):
                    gone.add(id)
                    lost.append(one.answer)
                continue
            # Separately, so that the text need not be written again while a model thinks, and vice versa.
            if one.saved[:2] != one.answer.saved[:2]:
                texts[id] = (content.text, content.edition, one.answer.sent_turns)
            if one.saved.reasoning != one.answer.saved.reasoning:
                reasoning[id] = (content.reasoning,)
        record_deleted(lost)
        gone |= Answer.objects.save_running(["text", "edition", "sent_turns"], texts)
        return gone | Answer.objects.save_running(["reasoning"], reasoning)

    def _save_one(self, answer: RunningAnswer) -> None:
        """Save one answer. If its values cannot be stored, end its row as failed and drop it."""
        ended, content = answer.ended, answer.content
        try:
            self._save([answer])
        except UNSTORABLE:
            self.errors["unstorable"] += 1
            log.exception("answer %s cannot be saved", answer.id)
            without_reasoning = {"text": content.text, "edition": content.edition}
            for kept in (content.fields(), without_reasoning, {}):
                with suppress(*UNSTORABLE):
                    Answer.objects.finish(answer.id, **UNSAVED.fields(), **kept)
                    break
            if ended:
                answer.end_is_saved = True
                self._call(self._on_saved, answer, False)
            else:
                self._call(self._on_stop, answer.id)


class Snapshot(NamedTuple):
    """A running answer at one moment. What arrives later waits for the next save."""

    answer: RunningAnswer
    content: Content
    ended: bool

    @property
    def saved(self) -> Saved:
        """What is in the database after the commit."""
        edition, text, reasoning = self.content
        return Saved(edition, len(text), len(reasoning))


def _snapshot(answer: RunningAnswer) -> Snapshot:
    ended = answer.ended  # read before the content, which does not change after this is set
    return Snapshot(answer, answer.content, ended)
