"""The people and their answers. One `Answer` row is one exchange: a question and what came of it.

A row goes from `queued` to `running` to exactly one end, and never back; the query sets here are the
only place that changes a status. The text of a running answer is written by the journal alone.
"""

import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.contrib.auth.models import AbstractUser
from django.db import connection, models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

MODEL_CHARS, FINISH_REASON_CHARS = 200, 40  # the API's words, which are cut to this
NOTE_CHARS = 500  # what a person may say about an answer
TOKEN_BYTES = 24  # of chance in the address of a shared thread: nobody finds one by trying


class User(AbstractUser):
    """A person. A guest is made at a browser's first question, and has a session but no password."""

    is_guest = models.BooleanField("guest", default=False)


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


class Progress(NamedTuple):
    """How far a running answer is."""

    answer: uuid.UUID
    text: str
    model: str
    started_at: datetime


class AnswerQuerySet(models.QuerySet["Answer"]):
    def ask(
        self,
        user: User,
        id: uuid.UUID,
        question: str,
        *,
        follows: uuid.UUID | None = None,
        revises: uuid.UUID | None = None,
        model_label: str = "",
    ) -> "Answer":
        """A new question of this person's: by itself, to follow up an answer, or as another version of one.

        Raises IntegrityError if there is a row with this id, `Answer.DoesNotExist` if the answer that it
        follows or revises is not this person's.
        """
        thread = id
        if revises is not None:
            follows, thread = self.values_list("follows_id", "thread").get(user=user, pk=revises)
        elif follows is not None:
            thread = self.values_list("thread", flat=True).get(user=user, pk=follows)
        return self.create(
            pk=id, user=user, question=question, follows_id=follows, thread=thread, model_label=model_label
        )

    def request_stop(self, user: User, id: uuid.UUID) -> bool:
        """Ask whoever runs it to stop, within a second. False: it is not this person's."""
        answers = self.filter(user=user, pk=id)
        return bool(answers.unfinished().update(stop_requested_at=timezone.now())) or answers.exists()

    def unfinished(self) -> "AnswerQuerySet":
        return self.filter(status__in=[Status.QUEUED, Status.RUNNING])

    def finished(self) -> "AnswerQuerySet":
        return self.exclude(status__in=[Status.QUEUED, Status.RUNNING])

    def newest_first(self) -> "AnswerQuerySet":
        return self.order_by("-asked_at", "-pk")

    def older_than(self, moment: datetime, id: uuid.UUID) -> "AnswerQuerySet":
        """What comes after this place in `newest_first`."""
        # The first condition is where an index starts; the second parts answers of the same microsecond.
        return self.filter(Q(asked_at__lt=moment) | Q(pk__lt=id), asked_at__lte=moment)

    def newer_than(self, moment: datetime, id: uuid.UUID) -> "AnswerQuerySet":
        return self.filter(Q(asked_at__gt=moment) | Q(pk__gt=id), asked_at__gte=moment)

    def silent_since(self, moment: datetime) -> "AnswerQuerySet":
        """Unfinished answers whose process has not said since `moment` that it lives."""
        return self.unfinished().filter(heartbeat_at__lt=moment)

    def with_stop_requested(self) -> "AnswerQuerySet":
        return self.unfinished().filter(stop_requested_at__isnull=False)

    def save_running(self, rows: "list[Progress]") -> set[uuid.UUID]:
        """Write how far running answers are. Returns those that somebody else has ended.

        By hand, since the ORM would build the same statement anew for each of hundreds of answers. Columns
        that stay as they are cost nothing: PostgreSQL sees by itself that no index is concerned.
        """
        table, key = self.model._meta.db_table, self.model._meta.pk
        statement = (
            f"UPDATE {table} SET text = %s, model = %s, started_at = %s, status = %s"  # noqa: S608
            " WHERE id = %s AND status IN (%s, %s)"
        )
        values = [
            (
                row.text,
                row.model,
                connection.ops.adapt_datetimefield_value(row.started_at),
                Status.RUNNING,
                key.get_db_prep_value(row.answer, connection),
                Status.QUEUED,
                Status.RUNNING,
            )
            for row in rows
        ]
        with connection.cursor() as cursor:
            cursor.executemany(statement, values)
            if cursor.rowcount == len(rows):
                return set()
        ids = {row.answer for row in rows}
        return ids - set(self.unfinished().filter(pk__in=ids).values_list("pk", flat=True))

    def save_progress(self, answer: uuid.UUID, **fields: Any) -> bool:
        """Write to a row that still runs. False: somebody else has ended it."""
        return bool(self.unfinished().filter(pk=answer).update(**fields))

    def interrupt(self, answer: "Answer") -> bool:
        """Close an answer whose process is gone. False: somebody else has ended it meanwhile."""
        answer.status, answer.finished_at = Status.INTERRUPTED, timezone.now()
        answer.seconds = (answer.heartbeat_at - answer.asked_at).total_seconds()
        fields = {name: getattr(answer, name) for name in ("status", "finished_at", "seconds")}
        # The heartbeat again: its process may have been slow, not gone.
        silent = self.unfinished().filter(pk=answer.pk, heartbeat_at=answer.heartbeat_at)
        return bool(silent.update(**fields))


class Answer(models.Model):
    """One question and its answer.

    `text` is what was shown. Positions and lengths everywhere count code points, as `len(text)` does.
    `seconds` and `first_text_seconds` count from when the question was accepted, waiting included.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="answers")
    follows = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    thread = models.UUIDField(editable=False)  # the id of its first answer; its own if it is the first
    question = models.TextField()
    text = models.TextField("answer", blank=True)
    status = models.CharField(max_length=12, choices=Status, default=Status.QUEUED)

    model = models.CharField(max_length=MODEL_CHARS, blank=True, help_text="As the API calls it.")
    model_label = models.CharField(
        max_length=MODEL_CHARS, blank=True, default="", db_default="", help_text="As it was chosen."
    )
    finish_reason = models.CharField(max_length=FINISH_REASON_CHARS, blank=True)
    prompt_tokens = models.PositiveIntegerField(null=True, blank=True)
    completion_tokens = models.PositiveIntegerField(null=True, blank=True)
    tokens_estimated = models.BooleanField(default=False, help_text="The API did not say how many.")
    error_code = models.CharField(max_length=20, blank=True)
    error_message = models.TextField("error", blank=True, help_text="What the person was told.")
    error_detail = models.TextField(blank=True, help_text="What the API said: for the operator only.")

    asked_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    first_text_seconds = models.FloatField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(auto_now_add=True)
    stop_requested_at = models.DateTimeField(null=True, blank=True)

    rating = models.SmallIntegerField(choices=Rating, null=True, blank=True)
    rating_note = models.CharField(max_length=NOTE_CHARS, blank=True, help_text="What the person said of it.")

    objects = AnswerQuerySet.as_manager()

    class Meta:
        # In PostgreSQL there is one column more, `search`, which nobody reads here; see answers/search.py.
        ordering = [F("asked_at").desc()]
        indexes = [
            # Down to the id, as `newest_first` goes, so that nothing is sorted.
            models.Index(fields=["user", "-asked_at", "-id"], name="answer_by_user"),
            models.Index(fields=["user", "status", "-asked_at", "-id"], name="answer_by_status"),
            models.Index(fields=["-asked_at"], name="answer_by_time"),
            models.Index(fields=["thread", "asked_at"], name="answer_by_thread"),
            models.Index(
                fields=["heartbeat_at"],
                name="answer_unfinished",
                condition=Q(status__in=[Status.QUEUED, Status.RUNNING]),
            ),
            models.Index(
                fields=["rating", "-asked_at"], name="answer_rated", condition=Q(rating__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.question[:80]

    def get_absolute_url(self) -> str:
        return reverse("answer", args=[self.pk])

    @property
    def shown_model(self) -> str:
        """As a person knows it: by the label, where there was a choice."""
        return self.model_label or self.model


class AskedQuerySet(models.QuerySet["Asked"]):
    def too_old(self) -> "AskedQuerySet":
        return self.filter(at__lt=timezone.now() - timedelta(days=1))


class Asked(models.Model):
    """That a question was asked, for a day, so that deleting its answer gives no right to another.

    `address` is where a guest came from, as `answers.address` tells it; who has an account is known without.
    """

    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="asked")
    address = models.CharField(max_length=43, blank=True)  # an IPv6 network is the longest
    at = models.DateTimeField(auto_now_add=True)

    objects = AskedQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "asked"
        indexes = [
            models.Index(fields=["user", "-at"], name="asked_by_user"),
            models.Index(fields=["address", "-at"], name="asked_by_address", condition=~Q(address="")),
            models.Index(fields=["at"], name="asked_by_time"),
        ]

    def __str__(self) -> str:
        return f"a question at {self.at:%H:%M}"


def make_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


class ShareQuerySet(models.QuerySet["Share"]):
    def valid(self, token: str) -> "ShareQuerySet":
        """At most one. What a deactivated person has shared is not shown either."""
        return self.filter(pk=token, user__is_active=True)


class Share(models.Model):
    """A link by which anybody may read one thread, until its owner revokes it: then the row is gone.

    The token is kept as it is, since its owner is shown it again; who reads this table reads the answers too.
    """

    token = models.CharField(primary_key=True, max_length=32, default=make_token, editable=False)
    thread = models.UUIDField(unique=True, editable=False)  # one link; a second would outlive a revoked one
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="shares")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ShareQuerySet.as_manager()

    def __str__(self) -> str:
        return f"thread {self.thread}"  # never the token

    def get_absolute_url(self) -> str:
        return reverse("shared", args=[self.token])

    @property
    def answers(self) -> AnswerQuerySet:
        return Answer.objects.filter(user=self.user_id, thread=self.thread)
