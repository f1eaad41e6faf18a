"""The lease of this process, and the end of answers whose process is dead. Runs in the saver's thread.

A process writes a heartbeat every two seconds. If it has sent none for twelve seconds, any other process may
revoke its lease and interrupt its answers, since it can no longer do so itself.
"""

import logging
import time
from collections.abc import Collection, Hashable
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from answers.engine import queue
from answers.engine.loop_lag import LoopLag
from answers.models import Answer, Process

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 2.0
SILENT_SECONDS = 12.0  # without a heartbeat for this long, a process counts as dead
SWEEP_SECONDS = 3.0
# After a database outage all heartbeats are old, so living processes first get time to renew theirs.
GRACE_SECONDS = 5.0


class Lease:
    def __init__(self, process: UUID) -> None:
        self.process = process
        self.draining = False  # set on the event loop; written with the next heartbeat
        self.lag = LoopLag()
        self.renewed_at: float | None = None  # the Unix time of the last heartbeat
        self._next_heartbeat = self._next_sweep = 0.0
        self._suspected_since: dict[Hashable, float] = {}
        self._revoked: set[UUID] = set()  # processes that this one has declared dead

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

    def sweep(self, running: Collection[UUID]) -> list[Answer]:
        """If it is due, interrupt and return answers that nobody runs, and questions that waited too long.

        `running` are this process's own.
        """
        now = time.monotonic()
        if now < self._next_sweep:
            return []
        self._next_sweep = now + SWEEP_SECONDS
        before, self._suspected_since = self._suspected_since, {}
        dead = self._end_dead_processes(before, now)
        return [*dead, *self._end_orphans(before, now, running), *queue.expire()]

    def _suspect(self, key: Hashable, before: dict[Hashable, float], now: float) -> float:
        """Seconds since it was first suspected, without a database failure since then."""
        since = self._suspected_since[key] = before.get(key, now)
        return now - since

    def _end_dead_processes(self, before: dict[Hashable, float], now: float) -> list[Answer]:
        silent_at = timezone.now() - timedelta(seconds=SILENT_SECONDS)
        early = silent_at + timedelta(seconds=GRACE_SECONDS)
        interrupted: list[Answer] = []
        for process in Process.objects.exclude(pk=self.process).silent_since(early):
            seconds = self._suspect((process.pk, process.heartbeat_at), before, now)
            if process.heartbeat_at < silent_at and seconds >= GRACE_SECONDS:
                with transaction.atomic():
                    if Process.objects.revoke(process):
                        self._revoked.add(process.pk)
                        # Rows that another session has locked become orphans.
                        owned = Answer.objects.owned().filter(process=process.pk).unlocked()
                        ended = [one for one in owned if Answer.objects.interrupt(one, process.heartbeat_at)]
                        interrupted += ended
                        log.warning(
                            "process %s:%s was killed, or could not reach the database for %g s;"
                            " %d of its answers are interrupted",
                            process.host,
                            process.pid,
                            SILENT_SECONDS,
                            len(ended),
                        )
        return interrupted

    def _end_orphans(
        self, before: dict[Hashable, float], now: float, running: Collection[UUID]
    ) -> list[Answer]:
        """Interrupt answers whose process has no lease, or that a late query saved for this process."""
        elsewhere = Process.objects.exclude(pk=self.process).values("pk")
        orphans = Answer.objects.owned().filter(~Q(process__in=elsewhere)).exclude(pk__in=running)
        silent = [
            id
            for id, process in orphans.values_list("pk", "process_id")
            if process in self._revoked or self._suspect(id, before, now) >= SILENT_SECONDS
        ]
        if not silent:
            return []
        with transaction.atomic():
            free = orphans.filter(pk__in=silent).unlocked()
            return [answer for answer in free if Answer.objects.interrupt(answer, None)]
