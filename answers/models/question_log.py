"""A log of questions, kept for a day, which rate limits count. Deleting an answer does not change it."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class QuestionLogQuerySet(models.QuerySet["QuestionLog"]):
    def expired(self) -> "QuestionLogQuerySet":
        return self.filter(asked_at__lt=timezone.now() - timedelta(days=1))


class QuestionLog(models.Model):
    """A question that somebody asked, without its text.

    `address` is the network address of somebody who can get a new account at any time, such as a guest, as
    returned by `answers.asking.address`. It is empty for others, who are identified by their account. Clients
    choose the ids of answers. Here each is unique, so an id that is free again since its answer was deleted
    is not given to another answer that day. The process that runs the deleted answer may notice the deletion
    some seconds later.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="question_log",
        db_index=False,  # question_log_by_user covers it
    )
    answer = models.UUIDField(null=True, unique=True, editable=False)
    address = models.CharField(max_length=43, blank=True)  # an IPv6 network is the longest
    asked_at = models.DateTimeField(auto_now_add=True)

    objects = QuestionLogQuerySet.as_manager()

    class Meta:
        verbose_name = "logged question"
        indexes = [
            models.Index(fields=["user", "-asked_at"], name="question_log_by_user"),
            models.Index(
                fields=["address", "-asked_at"], name="question_log_by_address", condition=~Q(address="")
            ),
            models.Index(fields=["asked_at"], name="question_log_by_time"),
        ]

    def __str__(self) -> str:
        return f"a question at {self.asked_at:%H:%M}"
