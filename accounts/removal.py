"""Removing people: everything that is stored about them, and their sessions on all devices.

People do it themselves on a page, operators in the admin or with `manage.py delete_person`.
"""

from collections.abc import Iterable
from typing import NamedTuple

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction

from accounts.models import GuestKey, User
from answers.models import Answer, Share, UsageLog, delete_in_batches


class Possessions(NamedTuple):
    """How many answers and shared links some people have."""

    answers: int
    running: int
    shares: int

    def __str__(self) -> str:
        running = f" ({self.running:,} running)" if self.running else ""
        return f"{_count(self.answers, 'answer')}{running}, {_count(self.shares, 'shared link')}"


def possessions(users: Iterable[User], most: int | None = None) -> Possessions:
    """With `most`, a larger number of answers is not counted to its end."""
    answers = Answer.objects.filter(user__in=users).order_by()
    number = (answers if most is None else answers[: most + 1]).count()
    running = answers.unfinished().count()
    return Possessions(number, running, Share.objects.filter(user__in=users).count())


def remove(*users: User) -> None:
    """Delete people. Their running answers are stopped: the processes notice that the rows are gone."""
    for user in users:
        Share.objects.filter(user=user).delete()
        delete_in_batches(Answer.objects.filter(user=user))
    delete_sessions(list(users))
    for user in users:
        # Before the lock: what is just being added to the figures of this person needs that lock, too.
        UsageLog.objects.filter(user=user).update(user=None)
        with transaction.atomic():
            # A guest's key first, as a question does; otherwise each could wait for the other.
            GuestKey.objects.select_for_update().filter(user=user).first()
            # A question that they ask at this moment waits for the lock, and then finds nobody.
            User.objects.select_for_update().filter(pk=user.pk).first()
            user.delete()


def delete_sessions(users: list[User]) -> None:
    """Delete all sessions of these users. Django does not store whose they are; allauth does."""
    keys = UserSession.objects.filter(user__in=users).values_list("session_key", flat=True)
    Session.objects.filter(pk__in=list(keys)).delete()


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
