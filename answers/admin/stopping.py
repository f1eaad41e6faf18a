"""Stopping answers, whichever process runs them."""

from collections.abc import Iterable
from uuid import UUID

from django.contrib.auth import get_user_model

from answers.engine import queue
from answers.models import Answer


def stop_answers(ids: Iterable[UUID]) -> list[Answer]:
    """Stop those of these answers that have not ended, and return them, without their texts.

    A question that waits ends here and now. A running answer is stopped by its process, within a second. The
    page of whoever asked notices either by itself.
    """
    unfinished = Answer.objects.filter(pk__in=list(ids)).order_by().unfinished()
    stopped = []
    for answer in unfinished.select_related("user").only("pk", "status", f"user__{_name_field()}"):
        waited = queue.stop(answer.user, answer.pk) is not None
        if waited or Answer.objects.request_stop(answer.user, answer.pk):
            stopped.append(answer)
    return stopped


def _name_field() -> str:
    return get_user_model().USERNAME_FIELD
