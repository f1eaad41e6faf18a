"""Django's own log of the admin: who added, changed or deleted what. Read-only, like the audit beside it."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils.html import format_html

from answers.admin.entry_filters import DaysFilter, ValuesFilter
from answers.admin.numbers import moment
from answers.admin.read_only import ReadOnlyLog

ACTIONS = {ADDITION: "Added", CHANGE: "Changed", DELETION: "Deleted"}


class LogDays(DaysFilter):
    """By id: the table has no index of times, and ids grow with them."""

    def since(self, queryset: QuerySet[Any], moment: datetime) -> QuerySet[Any]:
        return queryset.filter(pk__gte=first_at(moment))

    def before(self, queryset: QuerySet[Any], moment: datetime) -> QuerySet[Any]:
        return queryset.filter(pk__lt=first_at(moment))


class ByUser(ValuesFilter):
    title = "staff"
    column = "user_id"
    parameter_name = "staff"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        users = get_user_model()._default_manager.in_bulk(self.values(LogEntry.objects.order_by()))
        return [(str(pk), user.get_username()) for pk, user in users.items()]


def first_at(moment: datetime) -> int:
    """The id of the first entry at or after this moment, or one more than the last id: by halving."""
    entries = LogEntry.objects.order_by("pk").values_list("pk", "action_time")
    low, (high, _) = 0, entries.last() or (0, None)
    high += 1
    while low < high:
        middle = (low + high) // 2
        found = entries.filter(pk__gte=middle).first()
        if found is None or found[1] >= moment:
            high = middle
        else:
            low = found[0] + 1
    return high


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyLog):
    title = "Django's log: what the staff added, changed and deleted"
    list_display = ["when", "user", "action", "thing", "message"]
    list_filter = [LogDays, ByUser]
    fields = ["action_time", "user", "action", "thing", "message"]
    readonly_fields = ["action", "thing", "message"]
    search_fields = ["object_repr", "change_message"]
    list_select_related = ["user", "content_type"]
    ordering = ["-pk"]  # by time, since ids grow with it and have an index

    @admin.display(description="time")
    def when(self, entry: LogEntry) -> str:
        return moment(entry.action_time)

    @admin.display(description="action")
    def action(self, entry: LogEntry) -> str:
        return ACTIONS.get(entry.action_flag, "")

    @admin.display(description="what")
    def thing(self, entry: LogEntry) -> str:
        kind = str(entry.content_type.name) if entry.content_type else ""
        address = entry.get_admin_url()
        if entry.is_deletion() or not address:
            return f"{kind} {entry.object_repr}".strip()
        return format_html('{} <a href="{}">{}</a>', kind, address, entry.object_repr)

    @admin.display(description="change")
    def message(self, entry: LogEntry) -> str:
        return str(entry.get_change_message())
