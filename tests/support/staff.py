"""People who use the admin, with few rights or with all, and entries in its logs."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from answers.models import Action, AuditEntry

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def staff_with(*rights: str, name: str = "staff") -> Client:
    """A client that is logged in as somebody with these rights, such as `answers.view_answer`."""
    user = User.objects.create_user(name, is_staff=True)
    for right in rights:
        app, _, codename = right.partition(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    client = Client()
    client.force_login(user)
    return client


def superuser(name: str = "operator") -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser(name))
    return client


def make_entry(what: str, *, days: float = 0, **fields: Any) -> AuditEntry:
    """`days` after `START`. By default, an account that is deleted has read it."""
    entry = AuditEntry.objects.create(**{"what": what, "staff_name": "ann", "action": Action.READ} | fields)
    AuditEntry.objects.filter(pk=entry.pk).update(at=START + timedelta(days=days))
    return entry
