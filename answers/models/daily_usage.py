"""Figures by day, which contain no person and no text. Nothing that is deleted changes them."""

from django.db import models

from answers.models.status import Status


class DailyUsageQuerySet(models.QuerySet["DailyUsage"]):
    pass


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
