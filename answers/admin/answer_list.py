"""The list of answers: filters, search and pages that are as fast with a million answers as with a thousand.

Django's own list counts all rows, sorts by any column and skips rows to reach a page.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.contrib.auth import get_user_model
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Left
from django.http import HttpRequest

from answers.admin.filters import NAMES, ColumnFilter
from answers.admin.rights import may_read, may_see_names
from answers.admin.search import SQLITE_WINDOW, Found, find
from answers.admin.walk import PAGE_ROWS, WINDOW_ROWS, Listed, Page, Walk
from answers.models import Answer
from answers.pages.thread_list import Place

OLDER, NEWER, AS = "older", "newer", "as"
SHOWN_CHARS = 140  # of a question
LONG = ["question", "text", "reasoning", "sources", "error_detail"]  # which no row of the list needs


class AnswerList(ChangeList):
    """`get_queryset` returns all that match, for exports too. Only the list itself is in pages."""

    found: Found | None = None
    walk: Walk | Listed
    page: Page

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        found = super().get_filters_params(params)
        return {name: value for name, value in found.items() if name not in (OLDER, NEWER, AS)}

    def kept_params(self) -> dict[str, list[str]]:
        """The query string as it is, without the place in the list."""
        kept = {name: list(values) for name, values in self.filter_params.items()}
        return {name: values for name, values in kept.items() if name not in (OLDER, NEWER)}

    def get_query_string(
        self, new_params: dict[str, Any] | None = None, remove: Iterable[str] | None = None
    ) -> str:
        """Django removes whatever begins with a name, such as `user` and `username`. This does not."""
        gone = set(remove or ())
        kept: dict[str, Any] = {
            name: values for name, values in self.kept_params().items() if name not in gone
        }
        kept |= new_params or {}
        return "?" + urlencode(
            sorted((name, value) for name, value in kept.items() if value is not None), doseq=True
        )

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Answer]:
        queryset: QuerySet[Answer] = super().get_queryset(request, exclude_parameters)
        if self.found is None:
            only_words = request.GET.get(AS) == "words"
            user = self.columns.get("user")
            self.found = find(request, self.query, user=user, only_words=only_words)
        return queryset if self.found is None else queryset.filter(self.found.condition)

    @property
    def columns(self) -> dict[str, Any]:
        chosen: dict[str, Any] = {}
        for one in self.filter_specs:
            if isinstance(one, ColumnFilter):
                chosen |= one.chosen
        return chosen

    def get_results(self, request: HttpRequest) -> None:
        try:
            older, newer = (Place.parse(request.GET.get(name, "")) for name in (OLDER, NEWER))
        except (ValueError, OverflowError) as error:
            raise IncorrectLookupParameters(str(error)) from error
        self.may_read, self.may_see_names = may_read(request), may_see_names(request)
        self.walk = self._walk(request)
        self.page = self.walk.page(older, newer)
        self.result_list = self.page.answers
        self.result_count = self.full_result_count = self.walk.count
        self.show_full_result_count = self.can_show_all = self.multi_page = False
        self.show_admin_actions = bool(self.page.answers)
        self.paginator = Paginator(self.page.answers, PAGE_ROWS)

    def _walk(self, request: HttpRequest) -> Walk | Listed:
        rows: Any = self.root_queryset
        has_days = False
        for one in self.filter_specs:
            if not isinstance(one, ColumnFilter):
                rows, has_days = one.queryset(request, rows), bool(one.used_parameters)
        columns, found = self.columns, self.found
        if found is None:
            return Walk(rows, self._shown, columns)
        if found.person is not None:
            is_other = columns.get("user", found.person.pk) != found.person.pk
            columns["user"] = found.person.pk
            return Listed([], self._shown) if is_other else Walk(rows, self._shown, columns)
        if found.ids is None:
            window = SQLITE_WINDOW if connection.vendor == "sqlite" else WINDOW_ROWS
            return Walk(rows, self._shown, columns, unindexed=found.unindexed, window=window)
        ids = found.ids
        if columns or has_days:
            matching = rows.filter(pk__in=ids, **columns).order_by("-asked_at", "-pk")
            ids = list(matching.values_list("pk", flat=True))
        return Listed(ids, self._shown)

    def _shown(self, rows: QuerySet[Answer]) -> QuerySet[Answer]:
        """With what a row of the list shows: fifty answers of a megabyte each need not be read."""
        rows = rows.select_related("user").defer(*LONG)
        if not self.may_read:
            return rows.defer(*LONG, "rating_note")
        return rows.annotate(beginning=Left("question", SHOWN_CHARS))

    # -- For the template

    @property
    def other_params(self) -> list[tuple[str, str]]:
        """What the form of the search keeps."""
        kept = self.kept_params().items()
        return [(name, value) for name, values in kept if name not in (SEARCH_VAR, AS) for value in values]

    @property
    def search_help(self) -> str:
        """What may be searched."""
        kinds = ["the id of an answer, a thread, a response or a request"]
        if self.may_see_names:
            kinds.append("a whole username or email address")
        if self.may_read:
            kinds.append(
                "words in questions and answers"
                " (put “quotes” around a phrase, and - before a word to exclude it)"
            )
        return f"Search for {', '.join(kinds[:-1])}{' or ' if len(kinds) > 1 else ''}{kinds[-1]}."

    @property
    def without_search_url(self) -> str:
        return self.get_query_string(remove=[SEARCH_VAR, AS])

    @property
    def newest_url(self) -> str:
        return self.get_query_string()

    @property
    def older_url(self) -> str:
        return self.get_query_string({OLDER: str(self.page.older)}) if self.page.older else ""

    @property
    def newer_url(self) -> str:
        return self.get_query_string({NEWER: str(self.page.newer)}) if self.page.newer else ""

    @property
    def words_url(self) -> str:
        return self.get_query_string({AS: "words"})

    @property
    def is_slow_search(self) -> bool:
        """SQLite has no index of words."""
        return self.found is not None and self.found.kind == "words" and connection.vendor == "sqlite"

    @property
    def shown_window(self) -> str:
        return f"{self.walk.window:,}" if isinstance(self.walk, Walk) else ""

    @property
    def description(self) -> str:
        """What is filtered, for the audit. Nothing else, since it is cut, and padding would hide the rest."""
        return urlencode({name: values[-1] for name, values in self.kept_params().items() if name in NAMES})

    @property
    def person(self) -> object:
        """Whose answers these are, if they are those of one person, for the audit."""
        if self.found is not None and self.found.person is not None:
            return self.found.person
        key = self.columns.get("user")
        people = get_user_model()._default_manager
        return (people.filter(pk=key).first() if key is not None else None) or ""
