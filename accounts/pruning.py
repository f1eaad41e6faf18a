"""What of this site's people is out of date: sessions, guests who never came back, unused invitations.

A guest's visits are not stored. But a visit renews a cookie that is valid for fewer than `RENEWED_DAYS` more,
so the time when its key expires shows roughly when it was last used.
"""

from collections.abc import Collection
from datetime import timedelta
from functools import cached_property

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.guest_cookie import RENEWED_DAYS
from accounts.models import GuestKey, Invitation, User
from answers.models import Answer, Prunable, QuestionLog

INVITATION_DAYS = 30  # that an operator still sees an invitation after it has expired
EMPTY_DAYS = 1  # for guests without answers; the limits remember them for as long
CHUNK = 500


def prunables() -> list[Prunable]:
    now = timezone.now()
    invitations = Invitation.objects.filter(
        used_at=None, expires_at__lt=now - timedelta(days=INVITATION_DAYS)
    )
    guests = [] if not settings.ASKME_GUEST_DAYS else StaleGuests(settings.ASKME_GUEST_DAYS).prunables()
    return [
        Prunable.rows("expired sessions", Session.objects.filter(expire_date__lt=now)),
        Prunable.rows("records of sessions that have ended", _records_of_ended_sessions()),
        *guests,
        Prunable.rows("expired guest keys", GuestKey.objects.filter(expires_at__lt=now)),
        Prunable.rows("expired invitations", invitations),
    ]


def _records_of_ended_sessions() -> QuerySet[UserSession]:
    sessions = Session.objects.filter(pk=OuterRef("session_key"))
    notes: QuerySet[UserSession] = UserSession.objects.filter(~Exists(sessions)).order_by()
    return notes


class StaleGuests:
    """Guests who have not visited the site for this many days, and those without any answers."""

    def __init__(self, days: int) -> None:
        now = timezone.now()
        since = now - timedelta(days=days)
        if_visited = now + timedelta(days=max(0, RENEWED_DAYS - days))
        visited = GuestKey.objects.filter(user=OuterRef("pk"), expires_at__gt=if_visited)
        guests = User.objects.filter(is_guest=True).order_by()
        answers = Answer.objects.filter(user=OuterRef("pk")).order_by()
        logged = QuestionLog.objects.filter(user=OuterRef("pk")).order_by()
        self._quiet = guests.filter(
            ~Exists(answers.filter(asked_at__gte=since)), ~Exists(visited), date_joined__lt=since
        )
        long_enough = now - timedelta(days=EMPTY_DAYS)
        self._empty = guests.filter(~Exists(answers), ~Exists(logged), date_joined__lt=long_enough)

    def prunables(self) -> list[Prunable]:
        # Answers first, since a guest may have any number of them.
        return [
            Prunable("answers of guests who never came back", self._count_answers, self._delete_answers),
            Prunable("guests who never came back", lambda: len(self._guests), self._delete_guests),
        ]

    @cached_property
    def _guests(self) -> list[int]:
        return sorted({pk for rows in (self._quiet, self._empty) for pk in rows.values_list("pk", flat=True)})

    def _count_answers(self) -> int:
        chunks = (self._guests[start : start + CHUNK] for start in range(0, len(self._guests), CHUNK))
        return sum(Answer.objects.filter(user__in=chunk).count() for chunk in chunks)

    @cached_property
    def _with_answers(self) -> list[int]:
        return list(self._guests)

    def _delete_answers(self, size: int) -> int | None:
        while chunk := self._with_answers[:CHUNK]:
            answers = Answer.objects.filter(user__in=chunk).order_by()
            if found := list(answers.values_list("pk", "user_id")[:size]):
                owners = {user for _, user in found}
                with transaction.atomic():
                    stale = self._lock(owners)
                    self._keep(owners - stale)
                    keys = [pk for pk, user in found if user in stale]
                    _, by_model = Answer.objects.filter(pk__in=keys).only("pk").delete()
                return by_model.get(Answer._meta.label, 0)
            del self._with_answers[:CHUNK]
        return None

    def _delete_guests(self, size: int) -> int | None:
        if not (chunk := self._guests[:size]):
            return None
        with transaction.atomic():
            stale = self._lock(chunk)
            User.objects.filter(pk__in=stale).delete()
        del self._guests[:size]
        return len(stale)

    def _lock(self, guests: Collection[int]) -> set[int]:
        """Those who are still stale, locked: a question that one of them asks now waits, and finds nobody."""
        skip = connection.features.has_select_for_update_skip_locked  # one who is asking at this moment
        # Their keys first, as a question does; otherwise each could wait for the other.
        keys = GuestKey.objects.filter(user__in=guests).order_by()
        free = set(keys.select_for_update(skip_locked=skip).values_list("user", flat=True))
        asking = set(keys.values_list("user", flat=True)) - free
        rows = User.objects.filter(pk__in=set(guests) - asking).select_for_update(skip_locked=skip)
        locked = list(rows.values_list("pk", flat=True))
        # In a second statement: the first may not see a question that it had to wait for.
        return {pk for rows in (self._quiet, self._empty) for pk in _keys(rows, locked)}

    def _keep(self, guests: set[int]) -> None:
        for kept in (self._guests, self._with_answers):
            kept[:] = [guest for guest in kept if guest not in guests]


def _keys(rows: QuerySet[User], among: list[int]) -> QuerySet[User, int]:
    return rows.filter(Q(pk__in=among)).values_list("pk", flat=True)
