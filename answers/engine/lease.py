"""The lease of this process, and the end of answers whose process is dead. Runs in the saver's thread.

A process writes a heartbeat every two seconds. If it has sent none for twelve seconds, any other process may
revoke its lease and interrupt its answers, since it can no longer do so itself.
"""

import logging
import time
from collections.abc import Collection, Hashable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from answers.engine import queue
from answers.engine.loop_lag import LoopLag
from answers.models import Answer, AnswerQuerySet, Process

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 2.0
SILENT_SECONDS = 12.0  # without a heartbeat for this long, a process counts as dead
SWEEP_SECONDS = 3.0
# After a database outage all heartbeats are old, so living processes first get time to renew theirs.
GRACE_SECONDS = 5.0
ENDS_AT_ONCE = 20  # answers whose end is saved at a time, before the heartbeat and the texts that may be due


class Lease:
    def __init__(self, process: UUID) -> None:
        self.process = process
        self.draining = False  # set on the event loop; written with the next heartbeat
        self.lag = LoopLag()
        self.renewed_at: float | None = None  # the Unix time of the last heartbeat
        self._next_heartbeat = self._next_sweep = 0.0
        self._suspected_since: dict[Hashable, float] = {}
        self.claimed: set[UUID] = set()  # claimed a moment ago; a hook may take long to prepare them
        self._revoked: dict[Hashable, datetime] = {}  # the last heartbeat of each process declared dead here

    def renew(self) -> None:
        """Write a heartbeat if one is due."""
        now = time.monotonic()
        if now >= self._next_heartbeat:
            Process.objects.renew(self.process, draining=self.draining, lag_seconds=self.lag.worst())
            self._next_heartbeat = now + HEARTBEAT_SECONDS
            self.renewed_at = timezone.now().timestamp()

    def forget_suspicions(self) -> None:
        """The database failed, so a missing heartbeat proves nothing."""
        self._suspected_since.clear()

    def release(self) -> None:
        """Delete the lease when the process ends."""
        Process.objects.filter(pk=self.process).delete()

    @property
    def sweep_is_due(self) -> bool:
        return time.monotonic() >= self._next_sweep

    def sweep(self, running: Collection[UUID]) -> Iterator[Answer]:
        """If it is due, interrupt answers that nobody runs, and questions that waited too long.

        Yields each once its end is saved, whatever fails afterwards.

        `running` are this process's own. A few are ended at a time, and then another sweep is due at once:
        when a process with hundreds of answers has died, the saver must not neglect those that run here.
        """
        if not self.sweep_is_due:
            return
        now = time.monotonic()
        before, self._suspected_since = self._suspected_since, {}
        self._revoke_silent(before, now)
        orphans = self._interrupt(self._find_orphans(before, now, running))
        yield from orphans
        expired = queue.expire(ENDS_AT_ONCE)
        if max(len(orphans), len(expired)) < ENDS_AT_ONCE:
            self._next_sweep = now + SWEEP_SECONDS
        yield from expired

    def _suspect(self, key: Hashable, before: dict[Hashable, float], now: float) -> float:
        """Seconds since it was first suspected, without a database failure since then."""
        since = self._suspected_since[key] = before.get(key, now)
        return now - since

    def _revoke_silent(self, before: dict[Hashable, float], now: float) -> None:
        """Declare processes dead, which makes orphans of their answers."""
        silent_at = timezone.now() - timedelta(seconds=SILENT_SECONDS)
        early = silent_at + timedelta(seconds=GRACE_SECONDS)
        for process in Process.objects.exclude(pk=self.process).silent_since(early):
            seconds = self._suspect((process.pk, process.heartbeat_at), before, now)
            is_dead = process.heartbeat_at < silent_at and seconds >= GRACE_SECONDS
            if is_dead and Process.objects.revoke(process):
                self._revoked[process.pk] = process.heartbeat_at
                log.warning(
                    "process %s:%s was killed, or could not reach the database for %g s;"
                    " its %d unfinished answers are interrupted",
                    process.host,
                    process.pid,
                    SILENT_SECONDS,
                    Answer.objects.owned().filter(process=process.pk).count(),
                )

    def _orphans(self) -> AnswerQuerySet:
        """Answers whose process has no lease, or that name this process."""
        elsewhere = Process.objects.exclude(pk=self.process).values("pk")
        return Answer.objects.owned().filter(~Q(process__in=elsewhere))

    def _find_orphans(
        self, before: dict[Hashable, float], now: float, running: Collection[UUID]
    ) -> list[UUID]:
        """Those of processes that this one has declared dead, and those that stay orphans for twelve seconds.

        Of its own, those that it does not run: a late query saved them after the person was refused.
        """
        own = {*running, *self.claimed}
        return [
            id
            for id, process in self._orphans().exclude(pk__in=own).values_list("pk", "process_id")
            if process in self._revoked or self._suspect(id, before, now) >= SILENT_SECONDS
        ]

    def _interrupt(self, answers: list[UUID]) -> list[Answer]:
        """Interrupt and return the first of those that are still orphans.

        A process that lives after all has a new lease. Rows that another session has locked come later.
        """
        if not answers:
            return []
        with transaction.atomic():
            free = self._orphans().filter(pk__in=answers).unlocked()[:ENDS_AT_ONCE]
            return [one for one in free if Answer.objects.interrupt(one, self._revoked.get(one.process_id))]
