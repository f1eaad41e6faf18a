"""The lease of a running process. While it sends heartbeats, it owns the answers that name it."""

import os
import socket
import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.utils import timezone

HOST_CHARS = 255


class ProcessQuerySet(models.QuerySet["Process"]):
    def renew(self, id: uuid.UUID, *, draining: bool = False, lag_seconds: float | None = None) -> None:
        """Write a heartbeat. A process that has just started, or was declared dead, gets a new row."""
        fields = {"heartbeat_at": timezone.now(), "draining": draining, "lag_seconds": lag_seconds}
        if not self.filter(pk=id).update(**fields):
            self.create(pk=id, host=socket.gethostname()[:HOST_CHARS], pid=os.getpid(), **fields)

    def silent_since(self, moment: datetime) -> Self:
        return self.filter(heartbeat_at__lt=moment)

    def revoke(self, process: "Process") -> bool:
        """Declare a process dead. Returns False if it has sent a heartbeat since this row was read."""
        # In a transaction, a concurrent heartbeat waits for this row, and then finds it gone.
        silent = self.filter(pk=process.pk, heartbeat_at=process.heartbeat_at)
        return bool(silent.delete()[0])


class Process(models.Model):
    """One row per running process. It is deleted when the process ends or is declared dead."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    started_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField(help_text="Updated every two seconds.")
    host = models.CharField(
        max_length=HOST_CHARS, blank=True, help_text="The name of its machine or container."
    )
    pid = models.PositiveIntegerField(null=True, help_text="Its id on that machine.")
    lag_seconds = models.FloatField(
        null=True, help_text="How late its event loop was at worst since the last heartbeat."
    )
    draining = models.BooleanField(default=False, help_text="It is shutting down, and finishes its answers.")

    objects = ProcessQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "processes"
        default_permissions = ["view"]

    def __str__(self) -> str:
        return f"process {self.pk}"
