"""Invitations: where `ASKME_SIGNUP` is `invited`, each lets one person make an account.

The person's own row is `answers.models.User`; allauth keeps addresses, single sign-on and second factors.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import models
from django.urls import reverse
from django.utils import timezone

USABLE_DAYS = 14

# The link is made from the key by a signature, so that whoever reads the database cannot use an invitation.
_signer = Signer(salt="accounts.invitation")


def in_two_weeks() -> datetime:
    return timezone.now() + timedelta(days=USABLE_DAYS)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def usable(self) -> "InvitationQuerySet":
        return self.filter(used_at=None, expires_at__gt=timezone.now())

    def of_link(self, token: str) -> "Invitation | None":
        """The invitation that a link stands for, if it can still be used."""
        try:
            return self.usable().filter(pk=_signer.unsign(token)).first()
        except (BadSignature, ValueError):
            return None

    def use(self, pk: int, user: models.Model) -> bool:
        """Use one up. False: it is used, expired or gone. Of two at once, one gets it."""
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
