"""Deleting what is out of date: of `answers` itself, and what the site adds with its hook `prunable`.

What answers used is added to the figures first.
`manage.py prune` does it, and so does one of the running processes, every hour (answers/engine/pruner.py).
"""

from collections.abc import Callable, Iterator

from answers.engine.hooks import site_hooks
from answers.engine.usage import fold
from answers.models import Prunable, QuestionLog, Share, in_batches


def prunables() -> list[Prunable]:
    """Everything that may be out of date, in the order in which it is deleted."""
    return [
        Prunable.rows("question log entries", QuestionLog.objects.expired()),
        Prunable.rows("links to deleted threads", Share.objects.of_deleted_threads()),
        *site_hooks().prunable(),
    ]


def prune(pause: Callable[[float], object]) -> Iterator[tuple[str, int]]:
    """Delete it in short transactions, after the figures. Yields what was deleted, with its number.

    `pause` is called after each transaction with the seconds that others should get.
    """
    fold(pause)
    for kind in prunables():
        if number := in_batches(kind.delete, pause):
            yield kind.name, number
