"""What nobody changes in the admin, whatever their rights."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from answers.admin.entry_filters import parameters_of
from answers.admin.paging import CappedChangeList, CappedPaginator

SEARCHED_ROWS = 10_000


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyLog(ReadOnly):
    """A long list of entries, newest first, that can be read and searched, and nothing else.

    A search looks at the newest entries of what is chosen with the filters. So it does not get slower when
    there are more.
    """

    title: str
    actions = None
    list_per_page = 50
    list_max_show_all = 0
    list_display_links = None  # the list shows everything
    paginator = CappedPaginator
    show_facets = admin.ShowFacets.NEVER  # they would count all rows
    show_full_result_count = False
    sortable_by = ()
    search_help_text = f"Searches the newest {SEARCHED_ROWS:,} entries. To search older ones, choose days."

    class Media:
        css = {"all": ["answers/admin.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, (extra_context or {}) | {"title": self.title})

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[CappedChangeList]:
        return CappedChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if search_term.strip():
            queryset = self._newest(queryset)
        return super().get_search_results(request, queryset, search_term)

    def _newest(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """As a range of an index. With the ids as a subquery, SQLite could go through the whole table."""
        column = self.ordering[0].removeprefix("-")  # type: ignore[index,union-attr]
        last = queryset.values_list(column, flat=True)[SEARCHED_ROWS - 1 : SEARCHED_ROWS]
        return queryset.filter(**{f"{column}__gte": oldest for oldest in last})

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what the filters offer. Others would read the whole table."""
        return any(lookup in parameters_of(one) for one in self.list_filter)
