"""Deleting answers as a person would: what follows a deleted answer then follows the one before it."""

from collections.abc import Iterable
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from answers.models import Answer, Share, in_batches


def delete_answers(ids: Iterable[UUID]) -> int:
    """Delete them in short transactions, with the links to threads of which nothing is left.

    Answers that are running are stopped: their processes notice that the rows are gone. Returns how many were
    deleted.
    """
    waiting = list(ids)
    threads: set[tuple[UUID, Any]] = set()
    deleted = in_batches(partial(_delete_some, waiting, threads))
    for thread, user in threads:
        if not Answer.objects.filter(thread=thread, user=user).order_by().exists():
            Share.objects.filter(thread=thread, user=user).delete()
    return deleted


def _delete_some(waiting: list[UUID], threads: set[tuple[UUID, Any]], size: int) -> int | None:
    if not waiting:
        return None
    chosen, waiting[:size] = waiting[:size], []
    with transaction.atomic():
        rows = Answer.objects.filter(pk__in=chosen).order_by()
        before: dict[UUID, UUID | None] = {}
        for id, follows, thread, user in rows.values_list("pk", "follows", "thread", "user"):
            before[id] = follows
            threads.add((thread, user))
        following = Answer.objects.filter(follows__in=before).exclude(pk__in=before).order_by()
        for id, follows in following.values_list("pk", "follows"):
            kept: UUID | None = follows
            while kept in before:
                kept = before[kept]
            Answer.objects.filter(pk=id).update(follows=kept)
        _, by_model = rows.only("pk").delete()
        return by_model.get(Answer._meta.label, 0)
