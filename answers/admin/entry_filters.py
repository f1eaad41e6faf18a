"""Filters of the admin's logs. None of them reads more of a table than it shows."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib.admin import ListFilter, SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

MOST_VALUES = 30  # in a filter


class TypedFilter(ListFilter):
    """A filter with a form, for what cannot be chosen from a list. `fields` are (parameter, label, type)."""

    template = "admin/typed_filter.html"
    fields: list[tuple[str, str, str]]

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: type[Model], admin: Any) -> None:
        super().__init__(request, params, model, admin)
        for name, _, _ in self.fields:
            if values := params.pop(name, None):
                self.used_parameters[name] = values[-1].replace("\0", "").strip()

    def expected_parameters(self) -> list[str | None]:
        return [name for name, _, _ in self.fields]

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        """One for the template, with the values, and with the rest of the query string as hidden fields."""
        own = self.expected_parameters()
        rest = {name: value for name, value in changelist.params.items() if name not in own}
        yield {
            "inputs": [(*field, self.used_parameters.get(field[0], "")) for field in self.fields],
            "rest": rest,
        }


class DaysFilter(TypedFilter):
    """Since and until, both days included, in the reader's time zone. Subclasses say of which column."""

    title = "days"
    fields = [("since", "Since", "date"), ("until", "Until", "date")]
    column: str

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if since := self.midnight("since"):
            queryset = self.since(queryset, since)
        if until := self.midnight("until", timedelta(days=1)):
            queryset = self.before(queryset, until)
        return queryset

    def since(self, queryset: QuerySet[Any], moment: datetime) -> QuerySet[Any]:
        return queryset.filter(**{f"{self.column}__gte": moment})

    def before(self, queryset: QuerySet[Any], moment: datetime) -> QuerySet[Any]:
        return queryset.filter(**{f"{self.column}__lt": moment})

    def midnight(self, name: str, later: timedelta = timedelta()) -> datetime | None:
        """When the day begins that was chosen, or one that much later. None without a choice."""
        if not (text := self.used_parameters.get(name)):
            return None
        try:
            day = date.fromisoformat(str(text)) + later
            # In UTC, as SQLite compares it: east of it, the first day begins before the year 1.
            return timezone.make_aware(datetime.combine(day, time.min)).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise IncorrectLookupParameters(str(error)) from error


class ValuesFilter(SimpleListFilter):
    """The values of an indexed column, each found by one look at the index. Subclasses name the column."""

    column: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        values = self.values(model_admin.model._default_manager.order_by())
        return [(str(value), self.label(value)) for value in values]

    def values(self, rows: QuerySet[Any]) -> list[Any]:
        found: list[Any] = []
        column = rows.order_by(self.column).values_list(self.column, flat=True)
        while len(found) < MOST_VALUES:
            greater = column.filter(**{f"{self.column}__gt": found[-1]}) if found else column
            if (value := greater.first()) is None:
                break
            found.append(value)
        return found

    def label(self, value: Any) -> str:
        return str(value)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if (value := self.value()) is None:
            return queryset
        field: Any = queryset.model._meta.get_field(self.column)
        try:
            chosen = getattr(field, "target_field", field).clean(value.replace("\0", ""), None)
        except ValidationError as error:
            raise IncorrectLookupParameters(str(error)) from error
        return queryset.filter(**{self.column: chosen})


def parameters_of(one: Any) -> list[str]:
    """What a filter of this module reads from the query string."""
    return [name for name, _, _ in one.fields] if issubclass(one, TypedFilter) else [one.parameter_name]
