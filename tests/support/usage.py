"""Figures of days, as they are in the database after answers have ended, and the staff who sees them."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from answers.models import DailyUsage, PersonalUsage, figures
from answers.models.buckets import bucket


def day(number: int) -> date:
    """So many days ago."""
    return figures.today() - timedelta(days=number)


def make_usage(number: int = 0, *, times: Iterable[float] = (), cost: str = "0", **fields: Any) -> DailyUsage:
    """Answers of the day that is so many days ago, of which some had their first text after these seconds."""
    first_text = dict(Counter(map(bucket, times)))
    values = {"status": "complete", "model": "luna", "answers": 1} | fields
    return DailyUsage.objects.create(day=day(number), first_text=first_text, cost=Decimal(cost), **values)


def make_people(number: int, people: int) -> None:
    DailyUsage.objects.create(day=day(number), people=people)


def make_personal(user: User, number: int = 0, **fields: Any) -> None:
    PersonalUsage.objects.create(user=user, day=day(number), **fields)


def log_in_staff(client: Client, *permissions: str, name: str = "staff") -> User:
    """Log in somebody with these rights alone, such as `view_answer`."""
    user = User.objects.create_user(name, is_staff=True)
    found = Permission.objects.filter(codename__in=permissions)
    assert found.count() == len(permissions)
    user.user_permissions.set(found)
    client.force_login(user)
    return user
