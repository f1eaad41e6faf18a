"""What each person used on each day: for their budget, and for the operator to see."""

from django.conf import settings
from django.db import models


class PersonalUsageQuerySet(models.QuerySet["PersonalUsage"]):
    pass


class PersonalUsage(models.Model):
    """What one person used on one day. Deleting answers does not change it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,  # the constraint covers it
    )
    day = models.DateField()
    answers = models.PositiveIntegerField(default=0)
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    completion_tokens = models.PositiveBigIntegerField(default=0)
    cost = models.DecimalField(max_digits=20, decimal_places=8, default=0)

    objects = PersonalUsageQuerySet.as_manager()

    class Meta:
        verbose_name = "daily usage of a person"
        verbose_name_plural = "daily usage of people"
        default_permissions = []
        constraints = [models.UniqueConstraint(fields=["user", "day"], name="one_personal_usage_per_day")]
        indexes = [models.Index(fields=["day", "user"], name="personal_usage_by_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.answers}"
