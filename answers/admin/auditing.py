"""Records what the staff does with what people wrote.

Everything in the admin that shows or changes it calls `record`. `Audited` does so for what Django itself
changes and deletes.
"""

import json
from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import translation

from answers.models import Action, AuditEntry

TERMINAL = "(terminal)"  # who runs a command; no username contains parentheses
NAMED = 5  # of the deleted things, in one entry


def record_command(action: Action, what: str, *, person: str = "", number: int | None = None) -> AuditEntry:
    """The same for what is done with `manage.py`, where nobody knows who does it."""
    return AuditEntry.objects.create(
        staff_name=TERMINAL, action=action, what=_fit(what, 200), person=_fit(person, 150), number=number
    )


def _fit(text: str, chars: int) -> str:
    """What the column can hold. An address may contain anything, and PostgreSQL refuses NUL."""
    return text.replace("\0", "")[:chars]


def record(
    request: HttpRequest,
    action: Action,
    what: str,
    *,
    person: object = "",
    words: str = "",
    number: int | None = None,
) -> AuditEntry:
    """Add an entry to the audit. `what` names the answer, person or file; `number` is that of the rows.

    It replaces what `Audited` says of the same action.
    """
    entry = AuditEntry(
        staff_id=request.user.pk,
        staff_name=request.user.get_username()[:150],
        action=action,
        what=_fit(what, 200),
        person=_fit(str(person), 150),
        words=_fit(words, 500),
        number=number,
    )
    automatic = _automatic(request).get(action)
    if automatic is not None:
        entry.pk, entry.at = automatic.pk, automatic.at
    entry.save()
    _automatic(request)[action] = None
    return entry


def _automatic(request: HttpRequest) -> dict[Action, AuditEntry | None]:
    """By action, the entry that `Audited` made for this request. None if a view has made one."""
    entries: dict[Action, AuditEntry | None] = request.__dict__.setdefault("audit_entries", {})
    return entries


class Audited(admin.ModelAdmin):  # type: ignore[type-arg]
    """Writes to the audit what Django writes to its own log, which is deleted with the account of the staff.

    A view that records the same action in its own words, before or afterwards, is not recorded twice.
    """

    def response_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        keys = request.POST.getlist(ACTION_CHECKBOX_NAME)
        try:
            for key in keys:
                self.opts.pk.clean(key, None)
        except ValidationError:  # with which Django would fail
            return None  # the list again
        if any("\0" in key for key in keys):
            return None
        return super().response_action(request, *args, **kwargs)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._record(request, Action.CHANGED, [obj], message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._record(request, Action.CHANGED, [obj], message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        self._record(request, Action.DELETED, list(queryset))
        return super().log_deletions(request, queryset)

    def audited_name(self, obj: Model) -> str:
        """Never what a person wrote: who reads the audit need not have the right to read answers."""
        is_written = obj._meta.app_label == "answers"
        return f"{obj._meta.verbose_name} {obj.pk if is_written else obj}"

    def _record(
        self, request: HttpRequest, action: Action, objects: Sequence[Any], message: Any = ""
    ) -> None:
        if action in _automatic(request):
            return
        with translation.override("en"):  # whatever the language of the staff
            what = ", ".join(map(self.audited_name, objects[:NAMED]))
            what += ", ..." if len(objects) > NAMED else f": {_shown(message)}" if message else ""
        person = _person(objects[0]) if len(objects) == 1 else ""
        _automatic(request)[action] = record(request, action, what, person=person, number=len(objects))


def _person(obj: Model) -> object:
    """Whose it is, if it is a person's."""
    return obj if isinstance(obj, get_user_model()) else getattr(obj, "user", None) or ""


def _shown(message: Any) -> str:
    """Django's message, such as "Changed Staff status."."""
    text = message if isinstance(message, str) else json.dumps(message)
    return str(LogEntry(change_message=text).get_change_message())
