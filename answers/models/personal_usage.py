"""What each person used on each day: for their budget, and for the operator to see."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, models
from django.db.models import F

from answers.models.daily_usage import DailyUsage

if TYPE_CHECKING:
    from answers.models.figures import Figures

ADDED = ("answers", "prompt_tokens", "completion_tokens", "cost")


class PersonalUsageQuerySet(models.QuerySet["PersonalUsage"]):
    def add(self, figures: "Mapping[tuple[Any, date], Figures]") -> "set[tuple[Any, date]]":
        """Add figures to the rows of these people and days. Returns those that had no row.

        In SQL, because the ORM has no upsert that adds.
        """
        if not figures:
            return set()
        users, days = zip(*figures, strict=True)
        known = set(self.filter(user__in=set(users), day__in=set(days)).values_list("user_id", "day"))
        table = self.model._meta.db_table
        columns: list[Any] = [self.model._meta.get_field(name) for name in ("user", "day", *ADDED)]
        names = ", ".join(field.column for field in columns)
        sums = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in ADDED)
        statement = f"""
            INSERT INTO {table} ({names}) VALUES (%s, %s, %s, %s, %s, %s)
            ON CONFLICT (user_id, day) DO UPDATE SET {sums}
        """  # noqa: S608
        rows = [
            [
                field.get_db_prep_save(value, connection)
                for field, value in zip(columns, [*key, *(getattr(one, name) for name in ADDED)], strict=True)
            ]
            for key, one in sorted(figures.items(), key=lambda item: (item[0][1], str(item[0][0])))
        ]
        with connection.cursor() as cursor:
            cursor.executemany(statement, rows)
        return figures.keys() - known

    def hand_over(self, guest: Any, user: Any) -> None:
        """Add what a guest used to what an account used. Both are keys. Call it in a transaction."""
        own = {row.day: row for row in self.filter(user=user)}
        both = []
        for row in self.filter(user=guest).order_by("day"):
            if row.day not in own:
                self.filter(pk=row.pk).update(user=user)
                continue
            self.filter(pk=own[row.day].pk).update(**{name: F(name) + getattr(row, name) for name in ADDED})
            both.append(row.day)
        for day in both:  # after the usage of people, in the order in which a fold locks them
            DailyUsage.objects.add_people(day, -1)  # the two were one person


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
        indexes = [
            models.Index(fields=["day", "user"], name="personal_usage_by_day"),
            # For the busiest of a day, with the expression of answers/models/busiest.py.
            models.Index(
                F("day"), (F("prompt_tokens") + F("completion_tokens")).desc(), name="personal_usage_busiest"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.answers}"
