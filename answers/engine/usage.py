"""What answers used: logs it where the row is gone, and adds it to the figures by day and by person.

One process folds at a time: it takes the oldest entries of the log, adds them to the figures, and deletes
them, all in one transaction. So each answer is counted exactly once, whatever fails in between.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction

from answers.engine.running_answer import RunningAnswer
from answers.models import Answer, DailyUsage, PersonalUsage, QuestionLog, UsageLog, in_batches
from answers.models.days import day_of
from answers.models.figures import Figures, by_key
from answers.models.usage_log import COPIED

FOLD_LOCK = 7_215_640_163_522_712  # a PostgreSQL advisory lock; any number that nothing else uses


def record_deleted(ended: Sequence[RunningAnswer]) -> None:
    """Log what answers used whose rows were deleted while they ran: deleting must not evade a budget.

    Call it for answers whose end could not be written. Answers that another process ended are logged there.
    """
    ids = {one.id for one in ended}
    ids -= set(Answer.objects.filter(pk__in=ids).order_by().values_list("pk", flat=True)) if ids else set()
    if not ids:
        return
    # The log of questions knows if a guest has become an account meanwhile, or if the account is gone.
    owners = dict(QuestionLog.objects.filter(answer__in=ids).values_list("answer", "user_id"))
    entries = [
        UsageLog(
            answer=one.id,
            user_id=owners.get(one.id, one.user_id),
            asked_at=one.asked_at,
            **{name: one.end_fields[name] for name in COPIED if name in one.end_fields},
        )
        for one in ended
        if one.id in ids
    ]
    UsageLog.objects.bulk_create(entries, ignore_conflicts=True)


def fold(pause: Callable[[float], object] = time.sleep) -> int:
    """Add all that is logged to the figures. Returns the number of answers.

    `pause` is called after each transaction with the seconds that others should get. If another process is
    folding, this one leaves it to that.
    """
    newest = UsageLog.objects.order_by("-pk").values_list("pk", flat=True).first()
    if newest is None:
        return 0  # without a write, for which SQLite has one lock
    return in_batches(partial(_fold, newest), pause)  # what is logged meanwhile is for the next fold


def _fold(newest: int, size: int) -> int | None:
    logged = UsageLog.objects.filter(pk__lte=newest)
    if not logged.exists():
        return None
    with transaction.atomic():
        if not _is_alone():
            return None
        # Without entries that are just now given to the account that a guest has become.
        oldest = logged.order_by("pk").select_for_update(skip_locked=True)
        entries = list(oldest[:size])
        if not entries:
            return None
        _add_to_days(entries)
        _add_to_people(entries)
        UsageLog.objects.filter(pk__in=[one.pk for one in entries]).delete()
        return len(entries)


def _is_alone() -> bool:
    """Whether no other process is folding. Holds until the end of the transaction."""
    if connection.vendor != "postgresql":  # SQLite's transactions take turns anyway
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [FOLD_LOCK])
        return bool(cursor.fetchone()[0])


def _add_to_days(entries: list[UsageLog]) -> None:
    for (day, status, model, code), figures in sorted(by_key(entries).items()):
        DailyUsage.objects.add(day, status, model, code, figures)


def _add_to_people(entries: list[UsageLog]) -> None:
    users = {one.user_id for one in entries if one.user_id is not None}
    # The log may name people whose account has been deleted.
    existing = set(get_user_model().objects.filter(pk__in=users).values_list("pk", flat=True))
    groups: dict[tuple[Any, date], list[UsageLog]] = defaultdict(list)
    for one in entries:
        if one.user_id in existing:
            groups[one.user_id, day_of(one.asked_at)].append(one)
    new = PersonalUsage.objects.add({key: Figures.of(group) for key, group in groups.items()})
    for day in sorted({day for _, day in new}):
        DailyUsage.objects.add_people(day, sum(one == day for _, one in new))
