"""Which process prunes: the one that writes the time into this table's only row."""

from datetime import UTC, datetime, timedelta

from django.db import models
from django.utils import timezone

EVERY = timedelta(hours=1)
THE_ROW = 1
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class PruneRunQuerySet(models.QuerySet["PruneRun"]):
    def claim(self) -> bool:
        """Whether this process should prune now. If several ask at once, only one gets True."""
        due = {"pk": THE_ROW, "active_at__lte": timezone.now() - EVERY}
        if self.filter(pk=THE_ROW).exists() and not self.filter(**due).exists():
            return False  # without a write, for which SQLite has one lock
        self.bulk_create([PruneRun(pk=THE_ROW, active_at=NEVER)], ignore_conflicts=True)
        return bool(self.filter(**due).update(active_at=timezone.now()))

    def renew(self) -> None:
        """Called while a prune takes long, and when one is started by hand."""
        self.update_or_create(pk=THE_ROW, defaults={"active_at": timezone.now()})

    def record(self, deleted: dict[str, int]) -> None:
        """Called when a prune is complete, with how many rows of each kind it deleted."""
        now = timezone.now()
        ended = {"ended_at": now, "deleted": deleted}
        self.update_or_create(pk=THE_ROW, defaults=ended, create_defaults={"active_at": now, **ended})

    def last_end(self) -> datetime | None:
        """When the last prune was complete."""
        return self.filter(pk=THE_ROW).values_list("ended_at", flat=True).first()


class PruneRun(models.Model):
    """The last prune."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=THE_ROW, editable=False)
    active_at = models.DateTimeField(help_text="When a process last began or continued it.")
    ended_at = models.DateTimeField(null=True, help_text="When the last prune was complete.")
    deleted = models.JSONField(default=dict, help_text="How many rows of each kind it deleted.")

    objects = PruneRunQuerySet.as_manager()

    def __str__(self) -> str:
        return f"pruned at {self.active_at:%Y-%m-%d %H:%M}"
