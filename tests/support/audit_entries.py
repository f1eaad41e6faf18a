"""Save entries directly in the audit."""

from datetime import timedelta
from typing import Any

from answers.models import Action, AuditEntry
from tests.support.answers import START


def make_entry(what: str, *, days: float = 0, **fields: Any) -> AuditEntry:
    """`days` after `START`. By default, an account that is deleted has read it."""
    entry = AuditEntry.objects.create(**{"what": what, "staff_name": "ann", "action": Action.READ} | fields)
    AuditEntry.objects.filter(pk=entry.pk).update(at=START + timedelta(days=days))
    return entry
