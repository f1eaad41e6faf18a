"""What the staff did with what people wrote. The admin shows these entries and lets nobody change them."""

from django.conf import settings
from django.db import models


class Action(models.TextChoices):
    READ = "read", "Read"
    SEARCHED = "searched", "Searched"
    EXPORTED = "exported", "Exported"
    STOPPED = "stopped", "Stopped"
    DELETED = "deleted", "Deleted"
    CHANGED = "changed", "Changed"


class AuditEntry(models.Model):
    """One thing that one member of the staff did."""

    at = models.DateTimeField(auto_now_add=True)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    staff_name = models.CharField(max_length=150, help_text="It stays when the account is deleted.")
    action = models.CharField(max_length=12, choices=Action)
    what = models.CharField(max_length=200, help_text="Such as an answer, a person, or what was exported.")
    person = models.CharField(max_length=150, blank=True, help_text="Whose it was.")
    words = models.CharField(max_length=500, blank=True, help_text="What was searched for.")
    number = models.PositiveIntegerField(null=True, help_text="Of how many rows.")

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        default_permissions = ["view"]
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
            # For the filters of the admin, in the order of its list.
            models.Index(fields=["staff_name", "-at", "-id"], name="audit_by_staff"),
            models.Index(fields=["action", "-at", "-id"], name="audit_by_action"),
            models.Index(fields=["staff_name", "action", "-at", "-id"], name="audit_by_staff_and_action"),
            models.Index(fields=["person", "-at", "-id"], name="audit_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.staff_name} {self.action} {self.what}"
