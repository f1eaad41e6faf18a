"""The journal: writes what runs into the store, and reads from it what others want.

One thread with one database connection for all answers of the process, so that neither the pool's threads
nor the event loop ever wait for the database. What cannot be written stays in memory and is tried again.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from answers.models import Answer, Status
from answers.running import RunningAnswer

log = logging.getLogger(__name__)

SAVE_SECONDS = 0.5  # how much of the shown text a crash may cost
HEARTBEAT_SECONDS = 2.0
SILENT_SECONDS = 12.0  # without a heartbeat for so long, an answer's process is gone
SWEEP_SECONDS = 3.0
# After an outage of the store every heartbeat is old: the living first get time to renew theirs.
GRACE_SECONDS = 5.0


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
        self._next_heartbeat = self._next_sweep = 0.0
        self._reachable_since: float | None = None  # the store has answered ever since

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
                if self._reachable_since is None:
                    self._reachable_since = time.monotonic()
            except Exception as error:
                self._lost(error)
        connection.close()

    def _tick(self) -> None:
        if answers := list(self._answers.values()):
            self._save(answers)
        now = time.monotonic()
        settled = self._reachable_since is not None and now - self._reachable_since >= GRACE_SECONDS
        if settled and now >= self._next_sweep:
            self._next_sweep = now + SWEEP_SECONDS
            self._sweep()

    def _lost(self, error: Exception) -> None:
        if isinstance(error, DatabaseError):
            if self._reachable_since is not None:
                log.error("the store cannot be reached; running answers go on in memory: %s", error)
        else:
            log.exception("the journal failed")
        self._reachable_since = None
        connection.close()  # a connection that has failed is not used again

    # -- Saving

    def _save(self, answers: list[RunningAnswer]) -> None:
        now = time.monotonic()
        ids = [answer.id for answer in answers]
        with transaction.atomic():
            saved = [self._save_one(answer) for answer in answers]
            if now >= self._next_heartbeat:
                Answer.objects.unfinished().filter(pk__in=ids).update(heartbeat_at=timezone.now())
            stops = list(Answer.objects.with_stop_requested().filter(pk__in=ids).values_list("pk", flat=True))
        # Only what is committed counts from here on.
        if now >= self._next_heartbeat:
            self._next_heartbeat = now + HEARTBEAT_SECONDS
        for one in saved:
            one.answer.saved, one.answer.start_saved = one.length, one.started
            if one.ended:
                self._call(self._on_saved, one.answer, one.ours)
        # An answer that somebody else has ended, or deleted, has nobody left to run for.
        for id in [*stops, *(one.answer.id for one in saved if not one.ours and not one.ended)]:
            self._call(self._on_stop, id)

    def _save_one(self, answer: RunningAnswer) -> "Saved":
        ended = answer.ended  # before the text, which does not change after it
        text, started = answer.text, answer.started_at is not None
        fields: dict[str, object] = {}
        if len(text) > answer.saved:
            fields["text"] = text
        if ended:
            fields |= answer.end_fields() | {"finished_at": timezone.now()}
        elif started and not answer.start_saved:
            fields |= {"status": Status.RUNNING, "started_at": answer.started_at, "model": answer.model}
        ours = not fields or Answer.objects.save_progress(answer.id, **fields)
        return Saved(answer, len(text), started, ended, ours)

    # -- Closing what nobody runs

    def _sweep(self) -> None:
        """Interrupt the answers of processes that have died; they cannot do it themselves."""
        silent = Answer.objects.silent_since(timezone.now() - timedelta(seconds=SILENT_SECONDS))
        for answer in silent.exclude(pk__in=list(self._answers)):
            if Answer.objects.interrupt(answer):
                self._call(self._on_swept, answer)


class Saved(NamedTuple):
    answer: RunningAnswer
    length: int
    started: bool
    ended: bool
    ours: bool  # False: the row had an end already, or is gone
