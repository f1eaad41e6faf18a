"""The audit in the admin: what the staff read, searched, exported, stopped, deleted and changed.

Nobody can add, change or delete an entry here, superusers included. Old ones are pruned (ASKME_AUDIT_DAYS).
"""

import re
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from answers.admin.entry_filters import DaysFilter, TypedFilter, ValuesFilter
from answers.admin.numbers import moment
from answers.admin.read_only import ReadOnlyLog
from answers.models import Action, AuditEntry

ANSWER = re.compile(r"answer (?P<id>[0-9a-f]{8}-[0-9a-f-]{27})\b")


class AuditDays(DaysFilter):
    column = "at"


class ByStaff(ValuesFilter):
    """By name, which stays when an account is deleted or renamed."""

    title = "staff"
    parameter_name = column = "staff_name"


class ByAction(ValuesFilter):
    title = "action"
    parameter_name = column = "action"

    def values(self, rows: QuerySet[Any]) -> list[Any]:
        return list(Action)

    def label(self, value: Any) -> str:
        return str(Action(value).label)


class AboutPerson(TypedFilter):
    title = "person"
    fields = [("person", "Username", "text")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        person = self.used_parameters.get("person")
        return queryset.filter(person=person) if person else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyLog):
    title = "Audit: what the staff did"
    list_display = ["when", "who", "action", "about", "whose"]
    list_filter = [AuditDays, ByStaff, ByAction, AboutPerson]
    fields = ["at", "staff_name", "action", "what", "words", "number", "person"]
    search_fields = ["staff_name", "what", "person", "words"]
    ordering = ["-at", "-pk"]

    @admin.display(description="time")
    def when(self, entry: AuditEntry) -> str:
        return moment(entry.at)

    @admin.display(description="staff")
    def who(self, entry: AuditEntry) -> str:
        """Names in parentheses are no accounts: a command in a terminal."""
        is_deleted = entry.staff_id is None and not entry.staff_name.startswith("(")
        return f"{entry.staff_name} (deleted)" if is_deleted else entry.staff_name

    @admin.display(description="what")
    def about(self, entry: AuditEntry) -> str:
        """An answer is a link, whose page says so if it is deleted. With words and the number of rows."""
        what: str = entry.what
        if found := ANSWER.match(what):
            address = reverse(f"{self.admin_site.name}:answers_answer_change", args=[found["id"]])
            rest = what.removeprefix(found[0])
            link = '<a href="{}" title="{}">answer {}</a>{}'
            what = format_html(link, address, found["id"], found["id"][:8], rest)
        if entry.words:
            what = format_html("{} <q>{}</q>", what, entry.words)
        if entry.number is not None:
            what = format_html("{} ({})", what, f"{entry.number:,}")
        return what

    @admin.display(description="person")
    def whose(self, entry: AuditEntry) -> str:
        """A link to all entries about them."""
        if not entry.person:
            return ""
        query = urlencode({"person": entry.person})
        return format_html('<a href="?{}">{}</a>', query, entry.person)
