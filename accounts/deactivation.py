"""Deactivating people: they cannot log in, their sessions end, and what is running for them stops.

Every process closes their open pages within seconds (answers/live/open_sockets.py). Nothing is deleted, so
everything is there again once they are activated.
"""

from collections.abc import Collection

from accounts.models import User
from accounts.removal import delete_sessions
from answers.engine import queue
from answers.models import Answer


def deactivate(users: Collection[User]) -> int:
    """Returns how many of their answers are stopped."""
    User.objects.filter(pk__in=[user.pk for user in users]).update(is_active=False)
    delete_sessions(list(users))
    # After that, since a question that is being asked may still be saved until then.
    return sum(_stop(user) for user in users)


def activate(users: Collection[User]) -> None:
    User.objects.filter(pk__in=[user.pk for user in users]).update(is_active=True)


def _stop(user: User) -> int:
    """Stop what waits at once, and have the processes stop what runs, within a second."""
    unfinished = Answer.objects.filter(user=user).unfinished().order_by()
    ids = list(unfinished.values_list("pk", flat=True))
    waiting = [id for id in ids if queue.stop(user, id) is not None]
    running = [id for id in ids if id not in waiting and Answer.objects.request_stop(user, id)]
    return len(waiting) + len(running)
