"""Guests: a browser that asks its first question becomes a user. After sign-up, the account gets its answers.

Synchronous functions, for the database thread or a request's.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import uuid4

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from accounts.models import GuestKey, User
from answers.engine.hooks import logged_in_user, open_session
from answers.models import Answer, PersonalSettings, PersonalUsage, QuestionLog, Share, UsageLog


class Browser(NamedTuple):
    """What a browser's cookies say about who it is. Either may be empty."""

    session_key: str
    guest_key: str

    def user(self) -> User | None:
        """The account that is logged in, or else the guest."""
        account, is_over = self._account()
        if account is not None or is_over:
            return account
        return guest_of(self.guest_key)

    def user_or_new_guest(self) -> User | None:
        """The same, or a new guest. Call it in a transaction.

        Returns None if a session or a guest has ended: the page may still show somebody who is logged in, so
        the question must not be a guest's. Also returns None if a guest is needed and `ASKME_GUESTS` is off.
        Raises IntegrityError if another tab is just becoming the guest: then the next transaction finds it.
        """
        account, is_over = self._account()
        if account is not None or is_over:
            return account
        return _guest_or_new_one(self.guest_key) if self.guest_key else None

    def has_session(self) -> bool:
        """For somebody who is not logged in: whether they could ask a question."""
        _, is_over = self._account()
        return not is_over and not (self.guest_key and has_ended(self.guest_key))

    def _account(self) -> tuple[User | None, bool]:
        """The user of the session, and whether the session has ended."""
        if not self.session_key:
            return None, False
        session = open_session(self.session_key)
        user = logged_in_user(session)
        if isinstance(user, User):
            return user, False
        # Without a user, it may still be one that keeps an invitation, or the first step of a login.
        return None, session.session_key is None or auth.SESSION_KEY in session


def is_guest(user: AbstractBaseUser | AnonymousUser) -> bool:
    return isinstance(user, User) and user.is_guest


def guest_of(key: str) -> User | None:
    """The guest to whom a key belongs."""
    found = GuestKey.objects.select_related("user").filter(pk=key).first() if key else None
    return _active_guest(found)


def has_ended(key: str) -> bool:
    """Whether a key is stored, but can no longer be used."""
    found = GuestKey.objects.filter(pk=key).first()
    return found is not None and _is_over(found)


def renew(key: str) -> None:
    GuestKey.objects.filter(pk=key).update(expires_at=_in_a_year())


def end(key: str) -> User | None:
    """End a key: pages that are open in its browser cannot ask as a guest any more. Returns the guest.

    Call it in a transaction. Until the transaction ends, nobody can ask a question with the key.
    """
    GuestKey.objects.bulk_create([GuestKey(key=key, expires_at=_in_a_year())], ignore_conflicts=True)
    guest = _active_guest(_lock(key))
    # Its cookie may have been renewed until now.
    GuestKey.objects.filter(pk=key).update(user=None, expires_at=_in_a_year())
    return guest


def hand_over(guest: User, user: User) -> None:
    """Give everything that a guest has to an account, and delete the guest. Running answers continue."""
    if Answer.objects.filter(user=user).exists():
        # What the account asked before must not be deleted because a guest chose to keep less.
        PersonalSettings.objects.filter(user=guest).update(keep_days=None)
    shared = Share.objects.filter(user=user).values("thread")
    Share.objects.filter(user=guest, thread__in=shared).delete()  # a thread has one link
    # After the answers, whose end may just be logged; before the figures, to which it may just be added.
    for model in (Answer, Share, QuestionLog, UsageLog):
        model.objects.filter(user=guest).update(user=user)
    # A fold that is adding the account's own entries ends first, and the next one skips them.
    list(UsageLog.objects.filter(user=user).select_for_update().values_list("pk", flat=True))
    PersonalUsage.objects.hand_over(guest.pk, user.pk)
    PersonalSettings.objects.hand_over(guest.pk, user.pk)
    guest.delete()


def _guest_or_new_one(key: str) -> User | None:
    found = _lock(key)
    if found is None and settings.ASKME_GUESTS:
        guest = User.objects.create_user(f"guest-{uuid4().hex[:16]}", is_guest=True)
        GuestKey.objects.create(key=key, user=guest, expires_at=_in_a_year())
        return guest
    return _active_guest(found)


def _lock(key: str) -> GuestKey | None:
    """Lock a key until the transaction ends."""
    return GuestKey.objects.select_related("user").select_for_update(of=("self",)).filter(pk=key).first()


def _active_guest(key: GuestKey | None) -> User | None:
    guest = key.user if key is not None and not _is_over(key) else None
    return guest if guest is not None and guest.is_active else None


def _is_over(key: GuestKey) -> bool:
    return key.user_id is None or key.expires_at <= timezone.now()


def _in_a_year() -> datetime:
    return timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE)
