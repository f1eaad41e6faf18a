"""Limits on questions: per person, per network address, for the whole site, and for the whole queue.

They count the log of questions in the database, so they hold across all processes. Budgets, which limit what
the answers use, are in budgets.py. Synchronous, for the database thread.
"""

import math
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection
from django.db.models import Field
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from answers.asking import budgets
from answers.asking.duration import duration
from answers.engine.hooks import site_hooks
from answers.models import QuestionLog
from answers.protocol import Refused

WINDOWS = [
    (
        "MINUTE",
        60,
        ngettext_lazy(
            "You've reached the limit of %(limit)d question per minute.",
            "You've reached the limit of %(limit)d questions per minute.",
            "limit",
        ),
        gettext_lazy("Your network has reached its limit of questions per minute."),
    ),
    (
        "DAY",
        86_400,
        ngettext_lazy(
            "You've reached the limit of %(limit)d question per day.",
            "You've reached the limit of %(limit)d questions per day.",
            "limit",
        ),
        gettext_lazy("Your network has reached its limit of questions per day."),
    ),
]
PER_SITE = gettext_lazy("This site has reached its limit of questions per day.")
# When the question was asked that has to be older before the next one is allowed.
NEWEST = """
    (SELECT asked_at FROM answers_questionlog
    WHERE {}asked_at > %s ORDER BY asked_at DESC LIMIT 1 OFFSET %s)
"""
WHOSE = {
    "": "",
    "user": "user_id = %s AND ",
    # The second condition is that of the index, which SQLite has to see in the SQL.
    "address": "address = %s AND NOT (address = '') AND ",
}
BUSY_SECONDS = 30  # until it is worth trying again when the queue is full


def check(user: AbstractBaseUser, address: str, answer: UUID, *, waiting: int, unfinished: int) -> None:
    """Raises `Refused` if a limit is reached, with the seconds until this person may ask again.

    `waiting` is the length of the queue, `unfinished` how many answers of this person wait or run.
    """
    budget = budgets.budget_of(user.pk)
    own = {"MINUTE": settings.ASKME_QUESTIONS_PER_MINUTE, "DAY": budget.questions_limit}
    limits = []
    for window, seconds, per_person, per_network in WINDOWS:
        limits.append(Limit(own[window], seconds, per_person, "user", user.pk))
        per_address = getattr(settings, f"ASKME_ADDRESS_QUESTIONS_PER_{window}") if address else 0
        limits.append(Limit(per_address, seconds, per_network, "address", address))
    limits.append(Limit(settings.ASKME_SITE_QUESTIONS_PER_DAY, 86_400, PER_SITE))
    for one, wait in _waits([one for one in limits if one.number]):
        if wait:
            again = _("Please ask again in %(time)s.")
            if one.column == "address" and site_hooks().login_lifts_address_limit(user):
                again = _("Please ask again in %(time)s, or log in.")
            sentence = f"{one.sentence % {'limit': one.number}} {again % {'time': duration(wait)}}"
            raise Refused("too_many_questions", sentence, answer=answer, retry_after=wait)
    budgets.check(budget, answer, unfinished=unfinished)
    if settings.ASKME_QUEUE and waiting >= settings.ASKME_QUEUE:
        full = _("The site is very busy right now.")
        again = _("Please ask again in %(time)s.") % {"time": duration(BUSY_SECONDS)}
        raise Refused("busy", f"{full} {again}", answer=answer, retry_after=BUSY_SECONDS)


class Limit(NamedTuple):
    """So many questions in so many seconds, of one person, of one address, or of the site. 0: no limit."""

    number: int
    seconds: int
    sentence: Any  # lazy, so that it is in the language of who asks
    column: str = ""
    value: object = None

    def newest(self, now: datetime) -> tuple[str, list[Any]]:
        """The SQL of `NEWEST` for this limit, and its parameters."""
        own = [_for_database(self.column, self.value)] if self.column else []
        since = _for_database("asked_at", now - timedelta(seconds=self.seconds))
        return NEWEST.format(WHOSE[self.column]), [*own, since, self.number - 1]


def _waits(limits: list[Limit]) -> list[tuple[Limit, int]]:
    """Each limit with the seconds until another question is allowed. 0 means now.

    In one statement of our own, since each question waits for it. Django would need longer to write the SQL
    of so many querysets than the database needs to run it.
    """
    if not limits:
        return []
    now = timezone.now()
    parts = [one.newest(now) for one in limits]
    with connection.cursor() as cursor:
        parameters = [value for _sql, values in parts for value in values]
        cursor.execute("SELECT " + ", ".join(sql for sql, _values in parts), parameters)
        found = map(_as_datetime, cursor.fetchone())
    return [(one, _seconds_left(one, asked_at, now)) for one, asked_at in zip(limits, found, strict=True)]


def _seconds_left(one: Limit, asked_at: datetime | None, now: datetime) -> int:
    if asked_at is None:
        return 0
    return max(1, math.ceil(one.seconds - (now - asked_at).total_seconds()))


def _for_database(name: str, value: object) -> Any:
    field = cast("Field[Any, Any]", QuestionLog._meta.get_field(name))
    return field.get_db_prep_value(value, connection)


def _as_datetime(value: object) -> Any:
    """As the ORM would return it: SQLite has no type for times."""
    column = QuestionLog._meta.get_field("asked_at").get_col("answers_questionlog")
    for convert in connection.ops.get_db_converters(column):
        value = convert(value, column, connection)
    return value
