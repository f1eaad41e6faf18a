"""Which process prunes: one row, in which the process that does it writes the time."""

from datetime import UTC, datetime, timedelta

from django.db import models
from django.utils import timezone

EVERY = timedelta(hours=1)
THE_ROW = 1
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class PruneRunQuerySet(models.QuerySet["PruneRun"]):
    def claim(self) -> bool:
        """Whether this process is to prune now. Of several that ask at once, one is."""
        due = {"pk": THE_ROW, "active_at__lte": timezone.now() - EVERY}
        if self.filter(pk=THE_ROW).exists() and not self.filter(**due).exists():
            return False  # without a write, for which SQLite has one lock
        self.bulk_create([PruneRun(pk=THE_ROW, active_at=NEVER)], ignore_conflicts=True)
        return bool(self.filter(**due).update(active_at=timezone.now()))

    def renew(self) -> None:
        """While it takes long, and when it was started by hand."""
        self.update_or_create(pk=THE_ROW, defaults={"active_at": timezone.now()})


class PruneRun(models.Model):
    """The last prune."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=THE_ROW, editable=False)
    active_at = models.DateTimeField(help_text="When a process last began or continued it.")

    objects = PruneRunQuerySet.as_manager()

    def __str__(self) -> str:
        return f"pruned at {self.active_at:%Y-%m-%d %H:%M}"
