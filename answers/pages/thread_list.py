"""A person's threads in pages, newest activity first.

An entry is the newest answer of its thread, among those that a search finds.

A page starts at a cursor, `older` or `newer`, and not after a number of rows. So page 1000 is as fast as the
first, and no thread appears twice if a question is asked in between.

Nothing is grouped or counted over all that a person has. The answers are read newest first, each with whether
the same search finds a newer one in its thread. So the cost of a page follows what is on it. In a thread of
thousands, most answers are passed over; a page reads at most `STEPS` of them, and then says where it goes on.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Self
from uuid import UUID

from django.db.models import Exists, Func, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Left

from answers.models import Answer, AnswerQuerySet

PAGE_THREADS = 20
STEPS = (80, 100, 100, 400)  # answers that are read at once, until there are enough threads
QUESTION_CHARS = 300
TEXT_CHARS = 480  # enough for an excerpt without the marks of Markdown
SEARCHED_CHARS = 40_000  # where words are looked for, to show what is around them
MOST_COUNTED = 100  # questions of a thread
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CURSOR = re.compile(r"([0-9]{1,16})-([0-9a-f]{32})")


class Place(NamedTuple):
    """Where an answer is in the order of time. A cursor is its text."""

    asked_at: datetime
    pk: UUID

    def __str__(self) -> str:
        return f"{(self.asked_at - EPOCH) // timedelta(microseconds=1)}-{self.pk.hex}"

    @classmethod
    def parse(cls, cursor: str) -> Self | None:
        """None if it is empty. Raises ValueError if it is no cursor."""
        if not cursor:
            return None
        match = CURSOR.fullmatch(cursor)
        if match is None:
            raise ValueError(cursor)
        return cls(EPOCH + timedelta(microseconds=int(match[1])), UUID(match[2]))


class Page(NamedTuple):
    """`older` and `newer` are the cursors of the neighbouring pages; empty if there is none."""

    answers: list[Any]
    older: str
    newer: str


class ThreadList:
    def __init__(
        self, answers: AnswerQuerySet, found: Q, *, since: datetime | None = None, is_search: bool = False
    ) -> None:
        """`answers` are all of one person, `found` is what they look for.

        `since` is apart, because what is newer in a thread is later anyway: with two conditions on the time,
        SQLite would look for it among all answers of that time.
        """
        self._answers = answers.filter(asked_at__gte=since) if since else answers
        self._found, self._is_search = found, is_search

    def page(self, *, older: str = "", newer: str = "") -> Page:
        """Raises ValueError for an invalid cursor."""
        start = Place.parse(newer)
        if start is not None:
            places, next = self._walk(start, is_forward=True)
            if next is not None:
                oldest = places[0] if places else start
                return Page(self._details(places[::-1]), str(oldest), str(next))
            older = ""  # too few for a page, so show the newest page
        start = Place.parse(older)
        places, next = self._walk(start)
        newest = places[0] if places else start
        return Page(self._details(places), str(next or ""), str(newest) if start else "")

    def _walk(self, start: Place | None, *, is_forward: bool = False) -> tuple[list[Place], Place | None]:
        """The next threads in this direction, and the place from which to go on; None at the end."""
        places: list[Place] = []
        for place, is_entry, is_last_read in self._read(start, is_forward):
            if is_entry and len(places) == PAGE_THREADS:
                return places, places[-1]
            if is_entry:
                places.append(place)
            if is_last_read:
                return places, place
        return places, None

    def _read(self, start: Place | None, is_forward: bool) -> Iterator[tuple[Place, bool, bool]]:
        """Answers from there on: the place, whether it is an entry, and whether it is the last to be read."""
        rows = self._answers.filter(self._found).annotate(is_entry=~Exists(self._newer_in_thread()))
        order = ("asked_at", "pk") if is_forward else ("-asked_at", "-pk")
        for number, step in enumerate(STEPS, 1):
            rest = rows
            if start is not None:
                rest = rows.newer_than(*start) if is_forward else rows.older_than(*start)
            found = list(rest.order_by(*order).values_list("asked_at", "pk", "is_entry")[:step])
            for at, (asked_at, pk, is_entry) in enumerate(found, 1):
                start = Place(asked_at, pk)
                yield start, is_entry, at == step and number == len(STEPS)
            if len(found) < step:
                return

    def _newer_in_thread(self) -> AnswerQuerySet:
        theirs = Answer.objects.filter(self._found, thread=OuterRef("thread"), user=OuterRef("user"))
        # As in `newer_than`: the index finds the time, and the id orders answers of the same microsecond.
        later = Q(asked_at__gt=OuterRef("asked_at")) | Q(pk__gt=OuterRef("pk"))
        return theirs.filter(later, asked_at__gte=OuterRef("asked_at")).order_by()

    def _details(self, places: list[Place]) -> list[Answer]:
        """Without the long texts. Answers that have just been deleted are missing."""
        thread = Answer.objects.filter(thread=OuterRef("thread"), user=OuterRef("user"))
        first = thread.order_by("asked_at", "pk").annotate(start=Left("question", QUESTION_CHARS))
        parts = {
            "asked": Left("question", QUESTION_CHARS),
            "title": Subquery(first.values("start")[:1]),
            "start": Left("text", SEARCHED_CHARS if self._is_search else TEXT_CHARS),
            "question_count": CountOf(thread.order_by().values("pk")[:MOST_COUNTED]),
            "source_count": JSONLength("sources"),
        }
        # By their keys alone, and unordered, or SQLite would rather read all answers of the person by time.
        rows = Answer.objects.using(self._answers.db).order_by().annotate(**parts)
        found = rows.only("asked_at", "thread", "status").in_bulk([place.pk for place in places])
        return [found[place.pk] for place in places if place.pk in found]


class CountOf(Subquery):
    """How many rows a query has, which may have a limit."""

    template = "(SELECT count(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


class JSONLength(Func):
    """How many items a JSON array has."""

    function = "jsonb_array_length"
    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function="json_array_length", **context)
