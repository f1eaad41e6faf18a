"""What each answer used, without its text and independent of its row: the source of all figures and budgets.

The end of an answer adds one entry, in the same transaction. Every minute one process adds the entries
to `DailyUsage` and `PersonalUsage`, and deletes them. So the end of an answer only inserts: no answer waits
for a row in which another one is being counted.
"""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from django.conf import settings
from django.db import connection, models

from answers.models.days import end_of, start_of
from answers.models.status import Status

# Of an entry and of an answer's row alike.
COPIED = [
    "user_id",
    "asked_at",
    "status",
    "model",
    "error_code",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "reasoning_tokens",
    "tokens_estimated",
    "cost",
    "first_text_seconds",
    "seconds",
]


class UsageLogQuerySet(models.QuerySet["UsageLog"]):
    def of_days(self, since: date, until: date) -> "UsageLogQuerySet":
        """Answers to questions of these days, both included, in the order in which they are folded."""
        return self.filter(asked_at__gte=start_of(since), asked_at__lt=end_of(until)).order_by("pk")

    def record(self, answers: Collection[UUID]) -> None:
        """Add the entries of answers that have just ended. Call it in the transaction in which they do.

        In SQL, because the ORM would read the rows first. What is logged is what the row says, so its person
        is the current one even if a guest has become an account since the answer began.
        """
        key = self.model._meta.get_field("answer")
        columns, marks = ", ".join(COPIED), ", ".join(["%s"] * len(answers))
        # A caller without limits may use the id of a deleted answer again, before its entry is folded.
        statement = f"""
            INSERT INTO {self.model._meta.db_table} (answer, {columns})
            SELECT id, {columns} FROM answers_answer WHERE id IN ({marks})
            ON CONFLICT (answer) DO NOTHING
        """  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(statement, [key.get_db_prep_value(id, connection) for id in answers])


class UsageLog(models.Model):
    """One answer that has ended and is not yet in the daily figures."""

    answer = models.UUIDField(unique=True, editable=False)
    # No constraint: an answer must be able to end while its person's account is being deleted.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,  # usage_log_by_user covers it
    )
    asked_at = models.DateTimeField()
    status = models.CharField(max_length=12, choices=Status)
    model = models.CharField(max_length=200, blank=True)
    error_code = models.CharField(max_length=20, blank=True)
    prompt_tokens = models.PositiveIntegerField(null=True)
    completion_tokens = models.PositiveIntegerField(null=True)
    cached_tokens = models.PositiveIntegerField(null=True)
    reasoning_tokens = models.PositiveIntegerField(null=True)
    tokens_estimated = models.BooleanField(default=False)
    cost = models.DecimalField(max_digits=14, decimal_places=8, null=True)
    first_text_seconds = models.FloatField(null=True)
    seconds = models.FloatField(null=True)

    objects = UsageLogQuerySet.as_manager()

    class Meta:
        verbose_name = "logged usage"
        indexes = [
            models.Index(fields=["user", "asked_at"], name="usage_log_by_user"),
            models.Index(fields=["asked_at"], name="usage_log_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.status} at {self.asked_at:%H:%M}"

    @property
    def has_unknown_tokens(self) -> bool:
        return self.prompt_tokens is None and self.completion_tokens is None
