"""Figures by day, which contain no person and no text. Nothing that is deleted changes them."""

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F
from django.db.models.functions import Greatest

from answers.models.days import day_of
from answers.models.status import Rating, Status

if TYPE_CHECKING:
    from answers.models.answer import Answer
    from answers.models.figures import Figures


class DailyUsageQuerySet(models.QuerySet["DailyUsage"]):
    def add(self, day: date, status: str, model: str, error_code: str, figures: "Figures") -> None:
        """Add these figures to a row. Only one process at a time may call it: answers/engine/usage.py."""
        row, _ = self.get_or_create(day=day, status=status, model=model, error_code=error_code)
        names = [name for name in figures.__annotations__ if name not in ("first_text", "good", "bad")]
        for name in names:
            setattr(row, name, getattr(row, name) + getattr(figures, name))
        row.first_text = dict(Counter(row.first_text) + figures.first_text)
        row.save(update_fields=[*names, "first_text"])  # without the ratings, which may change meanwhile

    def add_people(self, day: date, number: int) -> None:
        row, _ = self.get_or_create(day=day, status="", model="", error_code="")
        self.filter(pk=row.pk).update(people=Greatest(F("people") + number, 0))

    def change_rating(self, answer: "Answer", before: int | None, after: int | None) -> None:
        """Count the new rating of an answer instead of the one before. None is no rating."""
        good = (after == Rating.GOOD) - (before == Rating.GOOD)
        bad = (after == Rating.BAD) - (before == Rating.BAD)
        if not good and not bad:
            return
        row, _ = self.get_or_create(
            day=day_of(answer.asked_at),
            status=answer.status,
            model=answer.model,
            error_code=answer.error_code,
        )
        self.filter(pk=row.pk).update(good=Greatest(F("good") + good, 0), bad=Greatest(F("bad") + bad, 0))


class DailyUsage(models.Model):
    """All answers of a day with the same model, status and error code.

    A row with an empty status is the day's: it only says how many people asked.
    The day is that on which the question was asked, in the time zone of the site (`TIME_ZONE`).
    """

    day = models.DateField()
    status = models.CharField(max_length=12, choices=Status, blank=True)
    model = models.CharField(max_length=200, blank=True)
    error_code = models.CharField(max_length=20, blank=True)
    answers = models.PositiveIntegerField(default=0)
    people = models.PositiveIntegerField(default=0)
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    completion_tokens = models.PositiveBigIntegerField(default=0)
    cached_tokens = models.PositiveBigIntegerField(default=0)
    reasoning_tokens = models.PositiveBigIntegerField(default=0)
    tokens_estimated = models.PositiveIntegerField(default=0, help_text="Answers whose tokens are estimated.")
    tokens_unknown = models.PositiveIntegerField(default=0, help_text="Answers whose tokens are not known.")
    cost = models.DecimalField(max_digits=20, decimal_places=8, default=0)
    cost_unknown = models.PositiveIntegerField(default=0, help_text="Answers whose cost is not known.")
    first_text = models.JSONField(
        default=dict,
        help_text="Answers by seconds to the first text, in buckets; see answers/models/buckets.py.",
    )
    good = models.PositiveIntegerField(default=0, help_text="Answers that are rated good.")
    bad = models.PositiveIntegerField(default=0, help_text="Answers that are rated bad.")

    objects = DailyUsageQuerySet.as_manager()

    class Meta:
        verbose_name = "daily usage"
        verbose_name_plural = "usage"
        default_permissions = ["view"]
        constraints = [
            models.UniqueConstraint(fields=["day", "status", "model", "error_code"], name="one_usage_per_day")
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.status} {self.model} {self.error_code}".rstrip()
