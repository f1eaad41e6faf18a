"""The status of an answer, and how a person rated it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    COMPLETE = "complete", _("Complete")
    STOPPED = "stopped", _("Stopped")
    FAILED = "failed", _("Failed")
    INTERRUPTED = "interrupted", _("Interrupted")

    @property
    def is_end(self) -> bool:
        return self not in (Status.QUEUED, Status.RUNNING)


class Rating(models.IntegerChoices):
    GOOD = 1, _("Good")
    BAD = -1, _("Bad")
