"""Retention: which threads are too old to be kept, and their deletion.

A thread is outdated as a whole, once its newest answer is older than `ASKME_KEEP_DAYS`, or than the days that
its owner has chosen, if those are fewer. A thread in which an answer waits or runs is never outdated.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from answers.models import Answer, AnswerQuerySet, PersonalSettings, Prunable, Share

MOST_DAYS = 36_500  # dates before the year 1 cannot be computed
PAGE_ROWS = 500  # that one statement reads
CHUNK = 500  # people

Thread = tuple[Any, UUID]  # its owner and its id: threads of two people may have the same id


class Row(NamedTuple):
    asked_at: datetime
    id: UUID
    user: Any
    thread: UUID
    is_kept: bool  # because its thread has a newer answer

    @property
    def owned_thread(self) -> Thread:
        return self.user, self.thread


def prunables() -> list[Prunable]:
    personal = PersonalRetention()
    kinds = [Prunable("answers that people keep for less time", personal.total, personal.delete)]
    if settings.ASKME_KEEP_DAYS:
        site = OutdatedThreads(Answer.objects.all(), settings.ASKME_KEEP_DAYS)
        kinds.insert(0, Prunable("answers older than ASKME_KEEP_DAYS", site.total, site.delete))
    return kinds


class OutdatedThreads:
    """Those among some answers: of everybody, or of one person.

    It walks from the oldest answer on. Each statement reads few rows, however many there are.
    """

    def __init__(self, answers: AnswerQuerySet, days: int) -> None:
        self._answers = answers
        self._before = timezone.now() - timedelta(days=min(days, MOST_DAYS))
        self._last: Row | None = None  # where `delete` is
        self._skipped: set[Thread] = set()  # another session holds one of their answers; the next prune comes

    def total(self, most: int | None = None) -> int:
        """How many answers they have. With `most`, counting ends soon after it."""
        unfinished, total, last = self._unfinished(), 0, None
        while page := self._page(last, PAGE_ROWS):
            total += sum(not row.is_kept and row.owned_thread not in unfinished for row in page)
            last = page[-1]
            if most is not None and total > most:
                break
        return total

    def delete(self, size: int) -> int | None:
        """Delete threads with up to so many answers. Returns how many, and None at the end."""
        page = self._page(self._last, size)
        if not page:
            return None
        outdated = {row.owned_thread for row in page if not row.is_kept} - self._skipped
        if not outdated:  # no transaction, since on SQLite one keeps all other writers waiting
            self._last = page[-1]
            return 0
        with transaction.atomic():
            ids, is_all = self._lock(outdated, size)
            deleted = _delete(ids)
        if is_all:
            self._last = page[-1]
        return deleted

    def _page(self, last: Row | None, size: int) -> list[Row]:
        rest = self._answers if last is None else self._answers.newer_than(last.asked_at, last.id)
        rest = rest.filter(asked_at__lt=self._before).order_by("asked_at", "pk")
        columns = ("asked_at", "pk", "user_id", "thread", "is_kept")
        rows = rest.annotate(is_kept=Exists(self._newer())).values_list(*columns)[:size]
        return [Row(*row) for row in rows]

    def _newer(self) -> AnswerQuerySet:
        same = Answer.objects.filter(thread=OuterRef("thread"), user=OuterRef("user"))
        return same.filter(asked_at__gte=self._before).order_by()

    def _unfinished(self) -> set[Thread]:
        """Threads in which an answer waits or runs, although it was asked that long ago."""
        both = (Answer.objects.queued(), Answer.objects.owned())
        return {pair for rows in both for pair in rows.values_list("user_id", "thread")}

    def _lock(self, threads: set[Thread], size: int) -> tuple[dict[UUID, Thread], bool]:
        """Lock up to `size` answers of these threads: whole ones, or the beginning of a very long one.

        Returns them with their threads, and whether that is all of these threads but those that must stay.
        Whoever wants to follow up one of these answers now waits for the lock, and finds the answer gone.
        """
        users, ids = {user for user, _ in threads}, {thread for _, thread in threads}
        rows = Answer.objects.filter(user__in=users, thread__in=ids).order_by("thread", "user", "asked_at")
        read = list(rows.values_list("pk", "user_id", "thread")[: size + 1])
        found = {id: (user, thread) for id, user, thread in read if (user, thread) in threads}
        is_all = len(read) <= size
        if not is_all:
            last = read[-1][1:]  # may have more answers than were read
            found = {id: thread for id, thread in found.items() if thread != last} or found
            if not found:  # only threads of other people that have the same ids
                self._skipped |= threads
        free = set(_locked(list(found)))
        # In later statements, which see what was committed before the locks were free.
        kept = Answer.objects.filter(Exists(self._newer()), pk__in=free).order_by()
        stay = set(kept.values_list("user_id", "thread")) | self._unfinished()
        self._skipped |= {thread for id, thread in found.items() if id not in free or thread in stay}
        return {id: thread for id, thread in found.items() if thread not in self._skipped}, is_all


class PersonalRetention:
    """The outdated threads of people who want theirs to be kept for less time than the site does."""

    def __init__(self) -> None:
        self._people = self._outdated()
        self._current: OutdatedThreads | None = None

    def total(self) -> int:
        return sum(threads.total() for threads in self._outdated())

    def delete(self, size: int) -> int | None:
        while True:
            if self._current is not None and (deleted := self._current.delete(size)) is not None:
                return deleted
            self._current = next(self._people, None)
            if self._current is None:
                return None

    def _outdated(self) -> Iterator[OutdatedThreads]:
        """Of one person after the other, those who have answers that are old enough."""
        chosen = PersonalSettings.objects.filter(keep_days__gt=0).order_by("pk")
        if settings.ASKME_KEEP_DAYS:
            chosen = chosen.filter(keep_days__lt=settings.ASKME_KEEP_DAYS)
        rest = chosen
        while chunk := list(rest.values_list("pk", "keep_days")[:CHUNK]):
            people = defaultdict(list)
            for user, days in chunk:
                people[days or 0].append(user)
            for days, users in people.items():
                for user in _old(users, days):
                    if not PersonalSettings.objects.filter(pk=user, keep_days=days).exists():
                        continue  # chosen anew meanwhile
                    yield OutdatedThreads(Answer.objects.filter(user=user), days)
            rest = chosen.filter(pk__gt=chunk[-1][0])


def days_kept(chosen: int | None) -> int:
    """After how many days threads are deleted if their owner has chosen this. 0 means never."""
    return min((days for days in (settings.ASKME_KEEP_DAYS, chosen) if days), default=0)


def _old(users: list[Any], days: int) -> list[Any]:
    """Those of these people who have answers that are older."""
    before = timezone.now() - timedelta(days=min(days, MOST_DAYS))
    answers = Answer.objects.filter(user=OuterRef("pk"), asked_at__lt=before).order_by()
    rows = PersonalSettings.objects.filter(Exists(answers), pk__in=users)
    return list(rows.values_list("pk", flat=True))


def _locked(ids: list[UUID]) -> list[UUID]:
    """Lock these answers. Skips those that another session has locked, such as for a follow-up."""
    rows = Answer.objects.filter(pk__in=ids).order_by()
    skip = connection.features.has_select_for_update_skip_locked
    return list(rows.select_for_update(skip_locked=skip).values_list("pk", flat=True))


def _delete(ids: dict[UUID, Thread]) -> int:
    """Delete these answers, and the links to their threads."""
    if not ids:
        return 0
    threads = set(ids.values())
    links = Share.objects.filter(user__in={user for user, _ in threads})
    links = links.filter(thread__in={thread for _, thread in threads})
    found = links.values_list("pk", "user_id", "thread")
    Share.objects.filter(pk__in=[token for token, *thread in found if tuple(thread) in threads]).delete()
    # Only the key: long texts need not be read.
    _, by_model = Answer.objects.filter(pk__in=ids).order_by().only("pk").delete()
    return by_model.get(Answer._meta.label, 0)
