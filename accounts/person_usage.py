"""What people used, and how much of their budget is left, as the admin shows it."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any, NamedTuple

from django.template.loader import render_to_string
from django.utils import timezone

from accounts.models import User
from answers.admin.numbers import UNKNOWN, money
from answers.asking.budgets import Budget, budget_of
from answers.engine.retention import days_kept
from answers.models.figures import Use, of_people, of_person, today

RANGES = [("Today", 1), ("7 days", 7), ("30 days", 30), ("365 days", 365)]
RECENT_DAYS = 30  # in the list


class Limit(NamedTuple):
    """One line of a budget. `share` is in percent, or None without a limit."""

    name: str
    used: str
    limit: str
    share: int | None


def recent_use(people: Collection[Any]) -> dict[Any, Use]:
    """By key. Those who used nothing are left out."""
    until = today()
    return of_people(people, until - timedelta(days=RECENT_DAYS - 1), until)


def usage_of(user: User) -> str:
    """A table of what a person used, and their budget of today, as HTML."""
    until = today()
    uses = [(name, of_person(user.pk, until - timedelta(days=days - 1), until)) for name, days in RANGES]
    chosen = getattr(user, "personal_settings", None)
    budget = budget_of(user.pk)
    context = {
        "rows": [(name, f"{use.answers:,}", f"{use.tokens:,}", _cost(use)) for name, use in uses],
        "is_unknown": any(use.answers and not use.cost for _, use in uses),
        "limits": limits_of(user, budget),
        "days": days_kept(chosen.keep_days if chosen else None),
        "opens_at": budget.opens_at,
        "site_zone": timezone.get_default_timezone(),
    }
    return render_to_string("admin/accounts/user/usage.html", context)


def limits_of(user: User, budget: Budget) -> list[Limit]:
    asked = user.question_log.filter(asked_at__gt=timezone.now() - timedelta(days=1)).count()
    questions, tokens = budget.questions_limit, budget.tokens_limit
    return [
        Limit("Questions in 24 hours", f"{asked:,}", f"{questions:,}", _share(asked, questions)),
        Limit("Tokens today", f"{budget.tokens_used:,}", f"{tokens:,}", _share(budget.tokens_used, tokens)),
        Limit(
            "Cost today",
            money(budget.cost_used),
            money(budget.cost_limit),
            _share(budget.cost_used, budget.cost_limit),
        ),
    ]


def _cost(use: Use) -> str:
    """The figures of a person do not say whether a cost is unknown, but answers are hardly ever free."""
    return UNKNOWN if use.answers and not use.cost else money(use.cost)


def _share(used: Any, limit: Any) -> int | None:
    return min(100, int(used * 100 / limit)) if limit else None
