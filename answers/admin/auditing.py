"""Records what the staff does with what people wrote.

Everything in the admin that shows or changes it calls this.
"""

from django.http import HttpRequest

from answers.models import Action, AuditEntry


def record(
    request: HttpRequest,
    action: Action,
    what: str,
    *,
    person: object = "",
    words: str = "",
    number: int | None = None,
) -> None:
    """Add an entry to the audit. `what` names the answer, person or file; `number` is that of the rows."""
    name = request.user.get_username()
    AuditEntry.objects.create(
        staff_id=request.user.pk,
        staff_name=name[:150],
        action=action,
        what=what[:200],
        person=str(person)[:150],
        words=words[:500],
        number=number,
    )
