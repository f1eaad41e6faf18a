"""Budgets: how many tokens and how much money the answers of a person, and of all people, may use per day.

They read the figures and the log of what answers used, so they hold across all processes, and deleting an
answer does not change them. An answer counts once it has ended. So whoever has a budget may wait for a few
answers at a time: otherwise, questions that are asked before the first of them has ended would exceed it.
The day is the site's (`TIME_ZONE`).
"""

import math
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from answers.asking.duration import duration
from answers.models import PersonalUsage
from answers.models.days import end_of, start_of, today
from answers.protocol import Refused

UNFINISHED = 3  # answers of a person with a budget, if ASKME_RUNNING_PER_USER sets no limit
COST_STEP = Decimal("1e-8")  # SQLite adds costs as binary fractions

# Each is one statement, so that an answer that is just being added to the figures is counted exactly once.
SETTINGS = "(SELECT {column} FROM answers_personalsettings WHERE user_id = %s)"
LOGGED = """
    SELECT coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0), coalesce(cost, 0)
    FROM answers_usagelog WHERE asked_at >= %s
"""
OF_PERSON = f"""
    WITH used (tokens, cost) AS (
        SELECT prompt_tokens + completion_tokens, cost
        FROM answers_personalusage WHERE user_id = %s AND day = %s
        UNION ALL {LOGGED} AND user_id = %s
    )
    SELECT {", ".join(SETTINGS.format(column=f"{name}_per_day") for name in ("questions", "tokens", "cost"))},
        (SELECT coalesce(sum(tokens), 0) FROM used), (SELECT coalesce(sum(cost), 0) FROM used)
"""  # noqa: S608
OF_SITE = f"""
    WITH used (tokens, cost) AS (
        SELECT prompt_tokens + completion_tokens, cost FROM answers_dailyusage WHERE day = %s
        UNION ALL {LOGGED}
    )
    SELECT coalesce(sum(tokens), 0), coalesce(sum(cost), 0) FROM used
"""  # noqa: S608


class Budget(NamedTuple):
    """What somebody has used today, and may use. A limit of 0 is none."""

    tokens_used: int
    tokens_limit: int
    cost_used: Decimal  # in ASKME_CURRENCY, and so is the limit
    cost_limit: Decimal
    questions_limit: int  # per day
    opens_at: datetime  # the next midnight

    @property
    def is_limited(self) -> bool:
        return self.tokens_limit > 0 or self.cost_limit > 0

    @property
    def is_out_of_tokens(self) -> bool:
        return 0 < self.tokens_limit <= self.tokens_used

    @property
    def is_out_of_money(self) -> bool:
        return 0 < self.cost_limit <= self.cost_used


def budget_of(user_id: Any) -> Budget:
    """One person's, whose own limits replace those of the settings. One statement."""
    key = PersonalUsage._meta.get_field("user").target_field.get_db_prep_value(user_id, connection)
    day, midnight = _today()
    questions, tokens, cost, *used = _row(OF_PERSON, [key, day, midnight, key, key, key, key])
    return _budget(
        used,
        tokens_limit=settings.ASKME_TOKENS_PER_DAY if tokens is None else tokens,
        cost_limit=settings.ASKME_COST_PER_DAY if cost is None else cost,
        questions_limit=settings.ASKME_QUESTIONS_PER_DAY if questions is None else questions,
    )


def budget_of_site() -> Budget:
    """All people's together. One statement."""
    return _budget(
        _row(OF_SITE, [*_today()]),
        tokens_limit=settings.ASKME_SITE_TOKENS_PER_DAY,
        cost_limit=settings.ASKME_SITE_COST_PER_DAY,
        questions_limit=settings.ASKME_SITE_QUESTIONS_PER_DAY,
    )


def check(budget: Budget, answer: UUID, *, unfinished: int) -> None:
    """Raises `Refused` if this person's budget or that of the site is used up, until midnight.

    Also if the person has a budget, and as many `unfinished` answers as may run at once.
    """
    if budget.is_out_of_tokens:
        limit = number_format(budget.tokens_limit, use_l10n=True, force_grouping=True)
        sentence = _("You've reached the limit of %(limit)s tokens per day.") % {"limit": limit}
        raise _refusal(sentence, budget, answer)
    if budget.is_out_of_money:
        amount = number_format(budget.cost_limit, 2, use_l10n=True, force_grouping=True)
        limit = f"{amount} {settings.ASKME_CURRENCY}"
        sentence = _("You've reached the limit of %(limit)s per day.") % {"limit": limit}
        raise _refusal(sentence, budget, answer)
    most = settings.ASKME_RUNNING_PER_USER or UNFINISHED
    if budget.is_limited and unfinished >= most:
        sentence = ngettext(
            "You're already waiting for an answer. Please ask again when it is finished.",
            "You're already waiting for %(most)d answers. Please ask again when one of them is finished.",
            most,
        )
        raise Refused("too_many_questions", sentence % {"most": most}, answer=answer)
    if settings.ASKME_SITE_TOKENS_PER_DAY or settings.ASKME_SITE_COST_PER_DAY:
        site = budget_of_site()
        if site.is_out_of_tokens or site.is_out_of_money:
            raise _refusal(_("This site has reached its budget for today."), site, answer)


def _refusal(sentence: str, budget: Budget, answer: UUID) -> Refused:
    wait = max(1, math.ceil((budget.opens_at - timezone.now()).total_seconds()))
    again = _("Please ask again in %(time)s.") % {"time": duration(wait)}
    return Refused("budget_used", f"{sentence} {again}", answer=answer, retry_after=wait)


def _today() -> tuple[Any, Any]:
    """The day and its midnight, as the database compares them."""
    day = today()
    operations = connection.ops
    return operations.adapt_datefield_value(day), operations.adapt_datetimefield_value(start_of(day))


def _row(sql: str, params: list[Any]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        row: tuple[Any, ...] = cursor.fetchone()
    return row


def _budget(used: Any, *, tokens_limit: int, cost_limit: Any, questions_limit: int) -> Budget:
    tokens, cost = used
    return Budget(
        tokens_used=int(tokens),
        tokens_limit=tokens_limit,
        cost_used=Decimal(str(cost)).quantize(COST_STEP),
        cost_limit=Decimal(str(cost_limit)),
        questions_limit=questions_limit,
        opens_at=end_of(today()),
    )
