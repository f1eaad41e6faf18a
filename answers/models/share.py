"""Links that let anybody read a thread."""

import re
import secrets

from django.conf import settings
from django.db import models
from django.urls import reverse

from answers.models.answer import Answer
from answers.models.answer_queries import AnswerQuerySet

TOKEN_BYTES = 24  # of randomness in a shared link, so that nobody can guess one


def make_token() -> str:
    while (token := secrets.token_urlsafe(TOKEN_BYTES)).startswith("-"):
        pass  # a command would take it for an option
    return token


class ShareQuerySet(models.QuerySet["Share"]):
    def valid(self, token: str) -> "ShareQuerySet":
        """At most one. The links of a deactivated user are not valid."""
        return self.filter(pk=token, user__is_active=True)

    def of_thread(self, answer: Answer) -> "ShareQuerySet":
        """At most one."""
        return self.filter(user=answer.user_id, thread=answer.thread)

    def of_deleted_threads(self) -> "ShareQuerySet":
        answers = Answer.objects.filter(thread=models.OuterRef("thread"), user=models.OuterRef("user"))
        return self.filter(~models.Exists(answers.order_by()))

    def of_link(self, link: str) -> "ShareQuerySet":
        """At most one, by its address or its token."""
        found = re.search(r"(?:^|/)([\w-]{32})(?=[/?#]|$)", link.strip())
        return self.filter(pk=found[1]) if found else self.none()


class Share(models.Model):
    """A link that lets anybody read one thread. When its owner revokes it, the row is deleted.

    The token is stored in plain text, since its owner sees it again. Anyone who can read this table can read
    the answers too.
    """

    token = models.CharField(primary_key=True, max_length=32, default=make_token, editable=False)
    thread = models.UUIDField(editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="shares",
        db_index=False,  # one_share_per_thread covers it
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ShareQuerySet.as_manager()

    class Meta:
        verbose_name = "shared link"
        # A second link would outlive the first. Per user: a thread has the id of its first answer, and once
        # that is deleted, somebody else's answer may get the same one.
        constraints = [models.UniqueConstraint(fields=["user", "thread"], name="one_share_per_thread")]
        indexes = [models.Index(fields=["-created_at", "-token"], name="share_by_time")]  # for the admin

    def __str__(self) -> str:
        return f"thread {self.thread}"  # never the token

    def get_absolute_url(self) -> str:
        return reverse("shared", args=[self.token])

    @property
    def answers(self) -> AnswerQuerySet:
        return Answer.objects.filter(user=self.user_id, thread=self.thread)
