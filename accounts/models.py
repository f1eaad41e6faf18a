"""Users, the keys of guests, and invitations: if `ASKME_SIGNUP` is `invited`, each lets one person sign up.

django-allauth keeps email addresses, single sign-on and second factors in tables of its own.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.signing import BadSignature, Signer
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

USABLE_DAYS = 14

# A link contains the signed key, so that reading the database is not enough to use an invitation.
_signer = Signer(salt="accounts.invitation")


class User(AbstractUser):
    """A person. A guest is created when a browser asks its first question, and has no password."""

    is_guest = models.BooleanField("guest", default=False)

    class Meta(AbstractUser.Meta):
        # In the order of the admin's list. There are two more, for its search: see the migration.
        indexes = [
            models.Index(fields=["date_joined", "id"], name="user_by_age"),
            models.Index(fields=["is_guest", "date_joined", "id"], name="user_guests_by_age"),
            models.Index(fields=["date_joined", "id"], name="user_staff_by_age", condition=Q(is_staff=True)),
            models.Index(
                fields=["date_joined", "id"], name="user_superusers_by_age", condition=Q(is_superuser=True)
            ),
            models.Index(
                fields=["date_joined", "id"], name="user_inactive_by_age", condition=Q(is_active=False)
            ),
        ]


def in_two_weeks() -> datetime:
    return timezone.now() + timedelta(days=USABLE_DAYS)


class GuestKey(models.Model):
    """The key in a browser's cookie, from its first question on. Without a user, it has ended: a browser that
    has logged in, or has deleted what it asked, gets another key, and its old pages cannot ask any more."""

    key = models.CharField(max_length=40, primary_key=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="guest_key"
    )
    expires_at = models.DateTimeField(db_index=True)  # when the cookie does; then nobody has the key any more

    def __str__(self) -> str:
        return "the key in a guest's cookie"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def usable(self) -> "InvitationQuerySet":
        return self.filter(used_at=None, expires_at__gt=timezone.now())

    def for_token(self, token: str) -> "Invitation | None":
        """The invitation that a link's token belongs to, if it can still be used."""
        try:
            return self.usable().filter(pk=_signer.unsign(token)).first()
        except (BadSignature, ValueError):
            return None

    def use(self, pk: int, user: models.Model) -> bool:
        """Use an invitation. Of two concurrent calls, one succeeds. Returns False if it is not usable."""
        return bool(self.usable().filter(pk=pk).update(used_at=timezone.now(), used_by=user))


class Invitation(models.Model):
    for_whom = models.CharField(max_length=200, help_text="Who gets the link. Only operators see this.")
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(default=in_two_weeks)
    used_at = models.DateTimeField(null=True, blank=True, editable=False)
    used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return f"for {self.for_whom}"

    def get_absolute_url(self) -> str:
        return reverse("invitation", args=[_signer.sign(str(self.pk))])
