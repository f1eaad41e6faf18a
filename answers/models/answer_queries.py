"""Queries for answers. Only these change a status. Only the saver calls those that write text."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import timezone

from answers.models.daily_usage import DailyUsage
from answers.models.literal import Literal
from answers.models.status import Status
from answers.models.usage_log import UsageLog

if TYPE_CHECKING:
    from answers.models.answer import Answer


class AnswerQuerySet(models.QuerySet["Answer"]):
    def ask(
        self,
        user: AbstractBaseUser,
        id: uuid.UUID,
        question: str,
        *,
        follows: uuid.UUID | None = None,
        revises: uuid.UUID | None = None,
        **fields: Any,
    ) -> "Answer":
        """Save a question: on its own, as a follow-up to an answer, or as another version of one.

        Raises IntegrityError if there is a row with this id, and `Answer.DoesNotExist` if the answer that it
        follows or revises is not this person's.
        """
        thread = id
        if revises is not None:
            # Locked, because no foreign key keeps a prune from deleting the thread at this moment.
            revised = self.select_for_update(no_key=True).order_by()
            follows, thread = revised.values_list("follows_id", "thread").get(user_id=user.pk, pk=revises)
        elif follows is not None:
            thread = self.values_list("thread", flat=True).get(user_id=user.pk, pk=follows)
        return self.create(
            pk=id,
            user_id=user.pk,
            question=question,
            follows_id=follows,
            thread=thread,
            **fields,
        )

    def request_stop(self, user: AbstractBaseUser, id: uuid.UUID) -> bool:
        """Have the process that runs it stop it within a second. Returns False if it is not this person's."""
        answers = self.filter(user_id=user.pk, pk=id)
        return bool(answers.unfinished().update(stop_requested_at=timezone.now())) or answers.exists()

    def of_thread(self, answer: "Answer") -> "AnswerQuerySet":
        """The thread of this answer. Threads of two people may have the same id, see `Share.Meta`."""
        return self.filter(user=answer.user_id, thread=answer.thread)

    def unfinished(self) -> "AnswerQuerySet":
        return self.filter(status__in=[Status.QUEUED, Status.RUNNING])

    def finished(self) -> "AnswerQuerySet":
        return self.exclude(status__in=[Status.QUEUED, Status.RUNNING])

    def newest_first(self) -> "AnswerQuerySet":
        return self.order_by("-asked_at", "-pk")

    def older_than(self, moment: datetime, id: uuid.UUID) -> "AnswerQuerySet":
        """The answers after this position in `newest_first`."""
        # `asked_at` finds the position in the index; the id orders answers of the same microsecond.
        return self.filter(Q(asked_at__lt=moment) | Q(pk__lt=id), asked_at__lte=moment)

    def newer_than(self, moment: datetime, id: uuid.UUID) -> "AnswerQuerySet":
        return self.filter(Q(asked_at__gt=moment) | Q(pk__gt=id), asked_at__gte=moment)

    def queued(self) -> "AnswerQuerySet":
        """Questions that wait, unordered. In the default order, a database may scan all answers by time."""
        return self.filter(status=Literal(Status.QUEUED)).order_by()

    def owned(self) -> "AnswerQuerySet":
        """Unfinished answers that name their process, unordered."""
        return self.order_by().filter(process__isnull=False)

    def running(self) -> "AnswerQuerySet":
        return self.owned().filter(status=Status.RUNNING)

    def unlocked(self) -> "AnswerQuerySet":
        """Lock these rows until the transaction ends. Skips those that another session has locked."""
        return self.select_for_update(skip_locked=True, no_key=True)

    def with_stop_requested(self) -> "AnswerQuerySet":
        return self.unfinished().filter(stop_requested_at__isnull=False)

    def save_running(self, columns: list[str], values: dict[uuid.UUID, tuple[Any, ...]]) -> set[uuid.UUID]:
        """Save these columns of running answers. Returns the ids of those ended or deleted elsewhere.

        In SQL, because the ORM would build the same statement again for each of hundreds of answers.
        """
        if not values:
            return set()
        table, key = self.model._meta.db_table, self.model._meta.pk
        assignments = ", ".join(f"{column} = %s" for column in columns)
        statement = f"UPDATE {table} SET {assignments} WHERE id = %s AND status = %s"  # noqa: S608
        rows = [(*row, key.get_db_prep_value(id, connection), Status.RUNNING) for id, row in values.items()]
        with connection.cursor() as cursor:
            cursor.executemany(statement, rows)
            if cursor.rowcount == len(rows):
                return set()
        return values.keys() - set(self.unfinished().filter(pk__in=values).values_list("pk", flat=True))

    def finish(self, answer: uuid.UUID, **fields: Any) -> bool:
        """Write the end of an answer, log what it used, and remove its process.

        Returns False if it had already ended, or is deleted.
        """
        fields = {"finished_at": timezone.now(), "process": None} | fields
        with transaction.atomic(savepoint=False):
            if not self.unfinished().filter(pk=answer).update(**fields):
                return False
            UsageLog.objects.record([answer])
            return True

    def interrupt(self, answer: "Answer", last_heartbeat: datetime | None) -> bool:
        """End an answer whose process is dead. Returns False if it had already ended."""
        answer.status, answer.finished_at = Status.INTERRUPTED, timezone.now()
        if last_heartbeat is not None:
            answer.seconds = max(0.0, (last_heartbeat - answer.asked_at).total_seconds())
        fields = {name: getattr(answer, name) for name in ("status", "finished_at", "seconds")}
        return self.finish(answer.pk, **fields)

    def rate(self, answer: uuid.UUID, rating: int | None, **fields: Any) -> bool:
        """Rate an answer and count the rating in the figures. Returns False if it has not ended."""
        with transaction.atomic():
            # Locked, so that of two ratings at once the second one replaces the first.
            columns = self.finished().order_by().only("asked_at", "status", "model", "error_code", "rating")
            row = columns.select_for_update(no_key=True).filter(pk=answer).first()
            if row is None:
                return False
            self.filter(pk=answer).update(rating=rating, **fields)
            DailyUsage.objects.change_rating(row, row.rating, rating)
            return True
