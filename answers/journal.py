"""The journal: writes what runs into the store, and reads from it what others want.

One thread with one database connection for all answers of the process, so that neither the pool's threads
nor the event loop ever wait for the database. What cannot be written stays in memory and is tried again.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import DatabaseError, DataError, IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop

from answers.models import Answer, Asked, Progress, Status
from answers.outcome import Outcome
from answers.running import RunningAnswer

log = logging.getLogger(__name__)

SAVE_SECONDS = 0.5  # how much of the shown text a crash may cost
HEARTBEAT_SECONDS = 2.0
SILENT_SECONDS = 12.0  # without a heartbeat for so long, an answer's process is gone
SWEEP_SECONDS = 3.0
FORGET_SECONDS = 3_600.0
# After an outage of the store every heartbeat is old: the living first get time to renew theirs.
GRACE_SECONDS = 5.0

# What a value does that the store does not take, from an API that sends nonsense: another try is no use.
UNFIT = (DataError, IntegrityError, OverflowError, ValueError)
UNSAVED = Outcome(
    Status.FAILED,
    error_code="internal",
    error_message=gettext_noop("This answer could not be kept. Please ask again."),
    error_detail="The store refused it; the log says why.",
)


class Journal:
    """`answers` is the worker's; `call` runs a function on its loop; the others are called there."""

    def __init__(
        self,
        answers: dict[UUID, RunningAnswer],
        *,
        call: Callable[..., None],
        on_saved: Callable[[RunningAnswer, bool], None],
        on_stop: Callable[[UUID], object],
        on_swept: Callable[[Answer], None],
    ) -> None:
        self._answers = answers
        self._call, self._on_saved, self._on_stop, self._on_swept = call, on_saved, on_stop, on_swept
        self._wake = threading.Event()
        self._closed = False
        self._next_heartbeat = self._next_sweep = self._next_forgetting = 0.0
        self._suspects: dict[tuple[UUID, datetime], float] = {}  # a heartbeat, and since when it is the last
        self._away = False

    def wake(self) -> None:
        """Save now, since an answer has ended."""
        self._wake.set()

    def close(self) -> None:
        """End the thread after a last look. The caller has waited for what it needed saved."""
        self._closed = True
        self._wake.set()

    def run(self) -> None:
        while not self._closed:
            self._wake.wait(SAVE_SECONDS)
            self._wake.clear()
            try:
                self._tick()
                self._away = False
            except Exception as error:
                self._lost(error)
        connection.close()

    def _tick(self) -> None:
        if answers := list(self._answers.values()):
            try:
                self._save(answers)
            except UNFIT:
                for answer in answers:  # one that cannot be saved must not keep the others from it
                    self._save_alone(answer)
        now = time.monotonic()
        if now >= self._next_sweep:
            self._sweep(now)
            self._next_sweep = now + SWEEP_SECONDS
        if now >= self._next_forgetting:
            Asked.objects.too_old().delete()
            self._next_forgetting = now + FORGET_SECONDS

    def _lost(self, error: Exception) -> None:
        if not isinstance(error, DatabaseError):
            log.exception("the journal failed")
        elif not self._away:
            log.error("the store cannot be reached; running answers go on in memory: %s", error)
        self._away = True
        self._suspects.clear()
        with suppress(Exception):  # nothing ends this thread
            connection.close()  # a connection that has failed is not used again

    # -- Saving

    def _save(self, answers: list[RunningAnswer]) -> None:
        now = time.monotonic()
        with transaction.atomic():
            saved = [_take(answer) for answer in answers]
            lost = self._write(saved)
            ids = {one.answer.id for one in saved if not one.ended}
            if now >= self._next_heartbeat:
                living = Answer.objects.unfinished().filter(pk__in=ids)
                # The row of an answer whose API is silent, so that there is nothing to save, may be gone too.
                if living.update(heartbeat_at=timezone.now()) < len(ids):
                    lost |= ids.difference(living.values_list("pk", flat=True))
            stops = list(Answer.objects.with_stop_requested().filter(pk__in=ids).values_list("pk", flat=True))
        # Only what is committed counts from here on.
        if now >= self._next_heartbeat:
            self._next_heartbeat = now + HEARTBEAT_SECONDS
        for one in saved:
            one.answer.saved, one.answer.start_saved = one.length, one.started_at is not None
            if one.ended:
                self._call(self._on_saved, one.answer, one.answer.id not in lost)
        # An answer that somebody else has ended, or deleted, has nobody left to run for.
        for id in [*stops, *(one.answer.id for one in saved if one.answer.id in lost and not one.ended)]:
            self._call(self._on_stop, id)

    def _write(self, taken: "list[Taken]") -> set[UUID]:
        """Returns the ids of those whose row has an end already, or is gone."""
        lost: set[UUID] = set()
        for one in taken:
            if one.ended:
                fields = one.answer.end_fields() | {"text": one.text, "finished_at": timezone.now()}
                if not Answer.objects.save_progress(one.answer.id, **fields):
                    lost.add(one.answer.id)
        if running := [progress for one in taken if (progress := one.progress()) is not None]:
            lost |= Answer.objects.save_running(running)
        return lost

    def _save_alone(self, answer: RunningAnswer) -> None:
        """Save it, or close its row and let go of it, as of one that somebody else has ended."""
        ended = answer.ended
        try:
            self._save([answer])
        except UNFIT:
            log.exception("answer %s cannot be saved", answer.id)
            for text in ({"text": answer.text}, {}):
                with suppress(*UNFIT):
                    Answer.objects.save_progress(
                        answer.id, **asdict(UNSAVED), finished_at=timezone.now(), **text
                    )
                    break
            if ended:
                self._call(self._on_saved, answer, False)
            else:
                self._call(self._on_stop, answer.id)

    # -- Closing what nobody runs

    def _sweep(self, now: float) -> None:
        """Interrupt the answers of processes that have died; they cannot do it themselves.

        A heartbeat must have been the last one for a while in which the store could be written: its process
        may be among those that the store kept from renewing it.
        """
        unfinished = Answer.objects.exclude(pk__in=list(self._answers))
        silent_at = timezone.now() - timedelta(seconds=SILENT_SECONDS)
        suspects = unfinished.silent_since(silent_at + timedelta(seconds=GRACE_SECONDS))
        found = list(suspects)
        if found:  # this fails if the store can be read and not written
            Answer.objects.filter(pk=found[0].pk).update(heartbeat_at=F("heartbeat_at"))
        self._suspects = {
            (answer.pk, answer.heartbeat_at): self._suspects.get((answer.pk, answer.heartbeat_at), now)
            for answer in found
        }
        for answer in found:
            seen_for = now - self._suspects[answer.pk, answer.heartbeat_at]
            is_gone = answer.heartbeat_at < silent_at and seen_for >= GRACE_SECONDS
            if is_gone and Answer.objects.interrupt(answer):
                self._call(self._on_swept, answer)


class Taken(NamedTuple):
    """A running answer as it stood at one moment: what comes meanwhile is for the next save."""

    answer: RunningAnswer
    text: str
    length: int
    started_at: datetime | None
    ended: bool

    def progress(self) -> Progress | None:
        """What there is to write before its end: a start or more text."""
        answer = self.answer
        if self.ended or self.started_at is None or (answer.start_saved and self.length == answer.saved):
            return None
        return Progress(answer.id, self.text, answer.model, self.started_at)


def _take(answer: RunningAnswer) -> Taken:
    ended = answer.ended  # before the text, which does not change after it
    text = answer.text
    return Taken(answer, text, len(text), answer.started_at, ended)
