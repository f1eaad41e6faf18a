"""The filters of the list of answers. Their choices cost a few look-ups, and each of them has an index.

Each filter sets the value of one column; answers/admin/walk.py finds the rows. Only these are accepted from
an address. Django would take any column, so that `?text__startswith=a` would tell texts to those who may not
read them.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from answers.admin.entry_filters import DaysFilter
from answers.admin.rights import may_read, may_see_names
from answers.models import Answer, Rating, Status
from answers.models.literal import Literal

MOST_VALUES = 50  # of one column

# The values of an indexed column, each found by one look at its index. DISTINCT would read the whole index.
VALUES = """
    WITH RECURSIVE found (value) AS (
        SELECT min({column}) FROM answers_answer WHERE NOT ({column} = '') AND {column} > ''
        UNION ALL
        SELECT (
            SELECT min({column}) FROM answers_answer WHERE NOT ({column} = '') AND {column} > found.value
        ) FROM found WHERE found.value IS NOT NULL
    ) SELECT value FROM found WHERE value IS NOT NULL LIMIT {most}
"""


def values_of(column: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(VALUES.format(column=column, most=MOST_VALUES))
        return [value for (value,) in cursor]


class ColumnFilter(SimpleListFilter):
    """`chosen` are the columns that this filter sets, and their values."""

    def value(self) -> str | None:
        value: str | None = super().value()
        if value is not None and "\0" in value:  # which PostgreSQL refuses
            raise IncorrectLookupParameters(value)
        return value

    @property
    def chosen(self) -> dict[str, Any]:
        return {} if self.value() is None else {str(self.parameter_name): self.value()}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Answer]) -> QuerySet[Answer]:
        return queryset.filter(**self.chosen)


class StatusFilter(ColumnFilter):
    title, parameter_name = "status", "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(one.value), one.name.capitalize()) for one in Status]  # the admin is in English


class ModelFilter(ColumnFilter):
    title, parameter_name = "model", "model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in values_of("model")]


class ErrorFilter(ColumnFilter):
    title, parameter_name = "error code", "error_code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code, code) for code in values_of("error_code")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Answer]) -> QuerySet[Answer]:
        if not self.chosen:
            return queryset
        # With the condition of the partial index, without which SQLite does not use it.
        return super().queryset(request, queryset).exclude(error_code=Literal(""))


class RatingFilter(ColumnFilter):
    """Those with a comment are for whoever may read it."""

    title, parameter_name = "rating", "rating"
    COMMENTED: ClassVar[dict[str, int]] = {"good-commented": Rating.GOOD, "bad-commented": Rating.BAD}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        plain = [(str(Rating.GOOD.value), "Good"), (str(Rating.BAD.value), "Bad")]
        if not may_read(request):
            return plain
        return [*plain, ("good-commented", "Good, with a comment"), ("bad-commented", "Bad, with a comment")]

    @property
    def chosen(self) -> dict[str, Any]:
        value = self.value()
        if value is None:
            return {}
        if value not in (known for known, _ in self.lookup_choices):
            raise IncorrectLookupParameters(value)
        if value in self.COMMENTED:
            return {"rating": self.COMMENTED[value], "rating_note__gt": ""}
        return {"rating": int(value)}


class PersonFilter(ColumnFilter):
    """There are too many people for a list of them, so a name in a row is a link to the person's answers."""

    title, parameter_name = "person", "user"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        if self.value() is None:
            return []
        user = get_user_model()._default_manager.filter(pk=self.chosen["user"]).first()
        name = str(user) if user is not None and may_see_names(request) else f"Person {self.value()}"
        return [(str(self.value()), name)]

    @property
    def chosen(self) -> dict[str, Any]:
        if self.value() is None:
            return {}
        try:
            return {"user": get_user_model()._meta.pk.clean(self.value(), None)}
        except ValidationError as error:
            raise IncorrectLookupParameters(str(error)) from error


class AnswerDays(DaysFilter):
    """With links to the usual spans of days."""

    title = "day"
    template = "admin/answers/answer/days_filter.html"
    column = "asked_at"
    SPANS: ClassVar[dict[str, int]] = {"Today": 0, "Last 7 days": 6, "Last 30 days": 29}

    def choices(self, changelist: Any) -> Iterator[Any]:
        names = [name for name, _, _ in self.fields]
        chosen = {name: self.used_parameters.get(name, "") for name in names}
        nothing = dict.fromkeys(names)
        yield {
            "display": "Any",
            "query_string": changelist.get_query_string(nothing),
            "selected": not any(chosen.values()),
            "inputs": chosen,
            "others": [
                (name, value)
                for name, values in changelist.kept_params().items()
                if name not in names
                for value in values
            ],
        }
        today = timezone.localdate()
        for display, days in self.SPANS.items():
            since = str(today - timedelta(days=days))
            yield {
                "display": display,
                "query_string": changelist.get_query_string(nothing | {"since": since}),
                "selected": chosen == {"since": since, "until": ""},
            }


FILTERS = [AnswerDays, StatusFilter, ErrorFilter, RatingFilter, ModelFilter, PersonFilter]
NAMES = {"since", "until", "status", "error_code", "rating", "model", "user"}
