"""What applies to one person instead of the site's settings. Most people have no row."""

from typing import Any

from django.conf import settings
from django.db import models


class PersonalSettingsQuerySet(models.QuerySet["PersonalSettings"]):
    def hand_over(self, guest: Any, user: Any) -> None:
        """Give an account that has none the settings of a guest. Both are keys."""
        if not self.filter(user=user).exists():
            self.filter(user=guest).update(user=user)


class PersonalSettings(models.Model):
    """Limits that an operator gave a person, and for how long the person wants answers to be kept.

    None means that the setting of the site applies; 0 means no limit.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="personal_settings"
    )
    questions_per_day = models.PositiveIntegerField(
        null=True, blank=True, help_text="Empty: ASKME_QUESTIONS_PER_DAY. 0: no limit."
    )
    tokens_per_day = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="Empty: ASKME_TOKENS_PER_DAY. 0: no limit."
    )
    cost_per_day = models.DecimalField(
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Empty: ASKME_COST_PER_DAY. 0: no limit.",
    )
    keep_days = models.PositiveIntegerField(
        null=True, blank=True, help_text="Chosen by the person. Empty: ASKME_KEEP_DAYS."
    )

    objects = PersonalSettingsQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "limits of this person"

    def __str__(self) -> str:
        return str(self.user_id)
