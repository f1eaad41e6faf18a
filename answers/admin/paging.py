"""Lists of any length: only the first rows are counted, and only they have pages.

Whoever looks for older ones chooses days, which is quick. Counting a million rows, or skipping them, is not.
"""

from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.functional import cached_property

COUNTED_ROWS = 1_000  # answers/templates/admin/capped_pagination.html says so


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts up to `COUNTED_ROWS` rows. `has_more` says whether there are more than that."""

    @cached_property
    def count(self) -> int:
        return min(self._counted, COUNTED_ROWS)

    @property
    def has_more(self) -> bool:
        return self._counted > COUNTED_ROWS

    @cached_property
    def _counted(self) -> int:
        """In order: without, PostgreSQL would rather read the table than the index."""
        rows: Any = self.object_list
        return int(rows[: COUNTED_ROWS + 1].count())


class CappedChangeList(ChangeList):
    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if self.paginator.has_more or not self.query:
            self.full_result_count = self.result_count  # then no number of results is shown beside the search
