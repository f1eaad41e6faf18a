"""Deleting what is out of date: of `answers` itself, and what the site adds with its hook `prunable`.

What answers used is added to the figures first.
`manage.py prune` does it, and so does one of the running processes, every hour (answers/engine/pruner.py).
"""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from answers.engine import retention
from answers.engine.hooks import site_hooks
from answers.engine.usage import fold
from answers.models import AuditEntry, PersonalUsage, Prunable, PruneRun, QuestionLog, Share, in_batches
from answers.models.days import today

log = logging.getLogger(__name__)

USAGE_DAYS = 400  # of each person, so that the admin can show a year


def prunables() -> list[Prunable]:
    """Everything that may be out of date, in the order in which it is deleted."""
    now = timezone.now()
    usage = PersonalUsage.objects.filter(day__lt=today() - timedelta(days=USAGE_DAYS))
    audit = AuditEntry.objects.filter(at__lt=now - timedelta(days=settings.ASKME_AUDIT_DAYS))
    return [
        Prunable.rows("question log entries", QuestionLog.objects.expired()),
        *retention.prunables(),
        Prunable.rows("links to deleted threads", Share.objects.of_deleted_threads()),
        Prunable.rows("days of people's usage", usage),
        *([Prunable.rows("audit entries", audit)] if settings.ASKME_AUDIT_DAYS else []),
        *site_hooks().prunable(),
    ]


def prune(pause: Callable[[float], object]) -> Iterator[tuple[str, int]]:
    """Delete it in short transactions, after the figures. Yields what was deleted, with its number.

    At the end it is recorded, for the admin.

    `pause` is called after each transaction with the seconds that others should get.
    """
    try:
        fold(pause)
    except DatabaseError as error:  # such as a locked row; the entries stay for the next fold
        log.warning("answers could not be added to the daily figures: %s", error)
    deleted = {}
    for kind in prunables():
        if number := in_batches(kind.delete, pause):
            deleted[kind.name] = number
            yield kind.name, number
    PruneRun.objects.record(deleted)
