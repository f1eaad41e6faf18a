"""Deactivating people: they cannot log in, their sessions end, and their answers are stopped.

Every process disconnects their open pages within seconds (answers/live/open_sockets.py). Nothing is deleted,
so everything is there again once they are activated.
"""

from collections.abc import Collection

from accounts.models import User
from accounts.removal import delete_sessions
from answers.admin.stopping import stop_answers
from answers.models import Answer


def deactivate(users: Collection[User]) -> int:
    """Returns how many of their answers are stopped."""
    User.objects.filter(pk__in=[user.pk for user in users]).update(is_active=False)
    delete_sessions(list(users))
    # After that, since a question that is being asked may still be saved until then.
    unfinished = Answer.objects.filter(user__in=users).unfinished().order_by()
    return len(stop_answers(unfinished.values_list("pk", flat=True)))


def activate(users: Collection[User]) -> None:
    User.objects.filter(pk__in=[user.pk for user in users]).update(is_active=True)
