"""The hooks of this site: guests may ask if `ASKME_GUESTS` is on, and who shares the limits of an address."""

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Exists, OuterRef, Q

from accounts import guests, pruning
from accounts.models import Invitation, User
from answers.engine.hooks import Hooks
from answers.models import Prunable


class SiteHooks(Hooks):
    def user_who_asks(self, session_key: str) -> AbstractBaseUser | None:
        return guests.user_or_guest(session_key)

    def may_ask(self, user: AbstractBaseUser | None) -> bool:
        """If guests are switched off, an existing guest may still read."""
        return bool(settings.ASKME_GUESTS) or (user is not None and not guests.is_guest(user))

    def counts_by_address(self, user: AbstractBaseUser) -> bool:
        """For guests, who are a new user without their cookie, and for accounts that anybody can make."""
        return guests.is_guest(user) or not _is_vouched_for(user)

    def login_lifts_address_limit(self, user: AbstractBaseUser) -> bool:
        """If every account that a guest can log in to, or make, is one that somebody vouches for."""
        if not guests.is_guest(user):
            return False
        is_open = settings.ASKME_SIGNUP == "open" and not settings.ASKME_VERIFY_EMAIL
        return bool(settings.ASKME_OIDC_ISSUER) or not (is_open or settings.ASKME_SIGNUP == "closed")

    def prunable(self) -> list[Prunable]:
        return pruning.prunables()


def _is_vouched_for(user: AbstractBaseUser) -> bool:
    """Whether an address is proven to be theirs, or they came by single sign-on, or the operator knows them.

    In one statement, since each question waits for it.
    """
    theirs = OuterRef("pk")
    return User.objects.filter(
        Q(is_staff=True)
        | Exists(EmailAddress.objects.filter(user=theirs, verified=True))
        | Exists(SocialAccount.objects.filter(user=theirs))
        | Exists(Invitation.objects.filter(used_by=theirs)),
        pk=user.pk,
    ).exists()
