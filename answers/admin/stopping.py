"""Stopping answers, whichever process runs them."""

from collections.abc import Iterable
from uuid import UUID

from django.utils import timezone

from answers.engine import queue
from answers.models import Answer


def stop_answers(ids: Iterable[UUID]) -> list[Answer]:
    """Stop those of these answers that have not ended, and return them, without their texts.

    A question that waits ends here and now. A running answer is stopped by its process, within a second. The
    page of whoever asked notices either by itself.
    """
    chosen = Answer.objects.filter(pk__in=list(ids)).order_by().unfinished()
    rows = chosen.select_related("user").only("pk", "status", "user")
    return [answer for answer in rows if _stop(answer)]


def _stop(answer: Answer) -> bool:
    """False if it has just ended."""
    if queue.stop(answer.user, answer.pk) is not None:
        return True
    unfinished = Answer.objects.filter(pk=answer.pk).unfinished()
    return bool(unfinished.update(stop_requested_at=timezone.now()))
