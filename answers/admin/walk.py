"""Finds one page of a list of a million answers, newest first, with a few short reads of an index.

A page begins at a place, and not after a number of rows, so page 1000 is as fast as the first.

Each filter has an index in the order of the list, so one filter, with days or not, needs nothing else. Two
filters at once have none, and what matches both may be rare: a database would read everything that matches
one of them in order to find a page of the other. So the most selective filter drives: a page looks at most at
the next `window` answers that match it, shows which of them match the others, and says where the next page
goes on. What that costs does not depend on how many answers there are.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import NullIf

from answers.models import Answer, AnswerQuerySet
from answers.models.literal import Literal
from answers.pages.thread_list import Place

PAGE_ROWS = 50
COUNTED = 1_000  # beyond that, a list says “1,000+”
WINDOW_ROWS = 2_000
# The most selective first.
DRIVERS = ("user", "error_code", "rating", "model", "status")
NOTHING = {"error_code": "", "rating": 0, "model": "", "status": ""}  # which no filter looks for


Shown = Callable[[QuerySet[Answer]], QuerySet[Answer]]


class Page(NamedTuple):
    """`older` and `newer` are where the neighbouring pages begin, if there are any.

    `is_partial` means that the page looked at a full window of answers, and that there are more.
    """

    answers: list[Answer]
    older: Place | None
    newer: Place | None
    is_partial: bool


class Count(int):
    """How many answers there are, or at least how many, if there are more."""

    is_more = False

    @classmethod
    def of(cls, number: int, *, is_more: bool) -> "Count":
        count = cls(number)
        count.is_more = is_more
        return count

    def __str__(self) -> str:
        return f"{int(self):,}{'+' if self.is_more else ''}"


@dataclass
class Walk:
    """`rows` are limited to days already. `columns` are the filters, and `unindexed` is a condition that no
    index helps to find, such as words in SQLite. `shown` adds to a query what a page shows."""

    rows: AnswerQuerySet
    shown: Shown
    columns: dict[str, Any] = field(default_factory=dict)
    unindexed: Q | None = None
    window: int = WINDOW_ROWS

    def page(self, older: Place | None = None, newer: Place | None = None) -> Page:
        """The answers after a position, or before one."""
        if newer is not None:
            page = self._newer(newer)
            if page.newer is not None or page.is_partial:
                return page
            older = None  # the first page, and a full one
        rows, end = self._within(older)
        found = list(self.shown(rows.newest_first())[: PAGE_ROWS + 1])
        shown, more = found[:PAGE_ROWS], found[PAGE_ROWS:]
        before = _place(shown[0]) if shown and older else older
        return Page(shown, _place(shown[-1]) if more else end, before, end is not None and not more)

    def _newer(self, start: Place) -> Page:
        rows = self._driven.newer_than(*start)
        end = None
        if self._needs_window:
            end = _end(rows.order_by("asked_at", "pk"), self.window)
            rows = self._matching(rows)
        if end is not None:
            within = Q(asked_at__lt=end.asked_at) | Q(pk__lte=end.pk)
            rows = rows.filter(within, asked_at__lte=end.asked_at)
        found = list(self.shown(rows.order_by("asked_at", "pk"))[: PAGE_ROWS + 1])
        shown, more = found[:PAGE_ROWS][::-1], found[PAGE_ROWS:]
        is_partial = end is not None and not more
        newer = _place(shown[0]) if more else end
        return Page(shown, _place(shown[-1]) if shown else start, newer, is_partial)

    @cached_property
    def count(self) -> Count:
        rows, end = self._within(None)
        found = rows.order_by()[: COUNTED + 1].count()
        return Count.of(min(found, COUNTED), is_more=found > COUNTED or end is not None)

    def newest_ids(self) -> list[Any]:
        """Those that are counted."""
        rows, _ = self._within(None)
        return list(rows.newest_first().values_list("pk", flat=True)[:COUNTED])

    def _within(self, start: Place | None) -> tuple[AnswerQuerySet, Place | None]:
        """All that match and are older, or those within the window that ends at the returned place."""
        driven = self._driven if start is None else self._driven.older_than(*start)
        if not self._needs_window:
            return driven, None
        end = _end(driven.newest_first(), self.window)
        rows = self._matching(driven)
        if end is None:
            return rows, None
        within = Q(asked_at__gt=end.asked_at) | Q(pk__gte=end.pk)
        return rows.filter(within, asked_at__gte=end.asked_at), end

    @property
    def _driver(self) -> tuple[str, ...]:
        """The columns that one index finds."""
        if {"user", "status"} == self.columns.keys():
            return ("user", "status")
        return tuple(name for name in DRIVERS if name in self.columns)[:1]

    @property
    def _needs_window(self) -> bool:
        return self.unindexed is not None or len(self.columns) > len(self._driver)

    @cached_property
    def _driven(self) -> AnswerQuerySet:
        rows = self.rows.filter(**{name: self.columns[name] for name in self._driver})
        if "error_code" in self._driver:
            rows = rows.exclude(error_code=Literal(""))  # as the partial index says
        return rows

    def _matching(self, rows: AnswerQuerySet) -> AnswerQuerySet:
        """Those that match the other filters, in a form in which no database would use their indexes."""
        others: QuerySet[Any] = rows
        for name in self.columns.keys() - set(self._driver):
            if name in NOTHING:
                others = others.alias(**{f"hidden_{name}": NullIf(F(name), Value(NOTHING[name]))})
                others = others.filter(**{f"hidden_{name}": self.columns[name]})
            else:
                others = others.filter(**{name: self.columns[name]})
        return others if self.unindexed is None else others.filter(self.unindexed)  # type: ignore[return-value]


class Listed:
    """The same for answers whose ids are known, newest first, because a search found few."""

    def __init__(self, ids: list[Any], shown: Shown) -> None:
        self._ids, self._shown = ids, shown

    def page(self, older: Place | None = None, newer: Place | None = None) -> Page:
        first = self._after(older)
        if newer is not None:
            first = max(0, self._after(newer) - 1 - PAGE_ROWS)
        last = first + PAGE_ROWS
        shown = list(self._shown(Answer.objects.filter(pk__in=self._ids[first:last]).newest_first()))
        if not shown:
            return Page([], None, older, is_partial=False)
        has_older = last < len(self._ids)
        return Page(
            shown,
            _place(shown[-1]) if has_older else None,
            _place(shown[0]) if first else None,
            is_partial=False,
        )

    def _after(self, place: Place | None) -> int:
        """0 if it is not there any more."""
        return self._ids.index(place.pk) + 1 if place is not None and place.pk in self._ids else 0

    @property
    def count(self) -> Count:
        return Count.of(min(len(self._ids), COUNTED), is_more=len(self._ids) > COUNTED)

    def newest_ids(self) -> list[Any]:
        return self._ids[:COUNTED]


def _end(rows: QuerySet[Any], window: int) -> Place | None:
    """Where a window ends. None if there are no more rows than fit."""
    ends = rows.values_list("asked_at", "pk")[window - 1 : window + 1]
    found = list(ends)
    return Place(*found[0]) if len(found) == 2 else None


def _place(answer: Answer) -> Place:
    return Place(answer.asked_at, answer.pk)
