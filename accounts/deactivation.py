"""Deactivating people: they cannot log in, their sessions end, and their answers are stopped.

Every process disconnects their open pages within seconds (answers/live/open_sockets.py). Nothing is deleted,
so everything is there again once they are activated.
"""

from collections.abc import Collection

from accounts.models import User
from accounts.removal import delete_sessions
from answers.admin.stopping import stop_answers
from answers.models import Action, Answer, AuditEntry

LOOKED_AT = 1_000  # entries of the audit about one person, the newest
WORDS = ("deactivated", "Active")  # of the action, and of Django's own message when the form changes it


def deactivation_of(user: User) -> AuditEntry | None:
    """The entry of the audit that says who deactivated somebody who is deactivated now, if it is known."""
    about = AuditEntry.objects.filter(person=user.get_username()).order_by("-at", "-pk")[:LOOKED_AT]
    for entry in about:
        _, _, change = entry.what.rpartition(": ")
        if entry.action == Action.CHANGED and any(word in change for word in WORDS):
            return entry
    return None


def deactivate(users: Collection[User]) -> int:
    """Returns how many of their answers are stopped."""
    User.objects.filter(pk__in=[user.pk for user in users]).update(is_active=False)
    delete_sessions(list(users))
    # After that, since a question that is being asked may still be saved until then.
    unfinished = Answer.objects.filter(user__in=users).unfinished().order_by()
    return len(stop_answers(unfinished.values_list("pk", flat=True)))


def activate(users: Collection[User]) -> None:
    User.objects.filter(pk__in=[user.pk for user in users]).update(is_active=True)
