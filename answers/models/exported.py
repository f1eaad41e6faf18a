"""Reads many answers, newest first, with little memory: for files that contain them.

An answer may have a million characters. So the keys of the next answers are read first, with the lengths of
their texts, and then as many of these answers at a time as are short enough together. Each statement begins
where the last one ended, so all of them cost the same, and none keeps a connection.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import F, Func, IntegerField, Value

from answers.models.answer import Answer
from answers.models.answer_queries import AnswerQuerySet

KEY_ROWS = 500
BATCH_CHARS = 1_000_000  # of texts that are read at once; a single answer may be longer
LONG = ("question", "text", "reasoning", "error_detail")

Row = dict[str, Any]


class StoredLength(Func):
    """How long a text is. PostgreSQL knows the number of bytes without reading the text."""

    function = "octet_length"
    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function="length", **context)  # characters


def batches(answers: AnswerQuerySet, columns: Sequence[str], most: int | None = None) -> Iterator[list[Row]]:
    """At most that many of these answers, with these columns, newest first. None means all.

    Besides fields, a column can be `person`, the user's name, or `person_id`. Answers that are deleted
    meanwhile are left out.
    """
    # No JOIN for the keys: the list of the admin reads the users too.
    rest = answers = answers.select_related(None).order_by()
    while keys := _keys(rest, columns, KEY_ROWS if most is None else min(KEY_ROWS, most)):
        for ids in _short_enough(keys):
            if rows := _rows(answers, ids, columns):
                yield rows
        if most is not None:
            most -= len(keys)
        asked_at, pk, _ = keys[-1]
        # First in the condition: of two times, SQLite would otherwise look up that of the filter, and read
        # from there each time.
        rest = Answer.objects.using(answers.db).order_by().older_than(asked_at, pk) & answers


def _keys(answers: AnswerQuerySet, columns: Sequence[str], most: int) -> list[tuple[Any, UUID, int]]:
    """The time, the id and the length of the next answers."""
    length: Any = Value(0)
    for name in LONG:
        if name in columns:
            length += StoredLength(name)
    ordered = answers.newest_first().annotate(stored_length=length)
    return list(ordered.values_list("asked_at", "pk", "stored_length")[:most])


def _short_enough(keys: list[tuple[Any, UUID, int]]) -> Iterator[list[UUID]]:
    ids: list[UUID] = []
    total = 0
    for _, pk, length in keys:
        if ids and total + length > BATCH_CHARS:
            yield ids
            ids, total = [], 0
        ids.append(pk)
        total += length
    if ids:
        yield ids


def _rows(answers: AnswerQuerySet, ids: list[UUID], columns: Sequence[str]) -> list[Row]:
    person = {"person": F(f"user__{get_user_model().USERNAME_FIELD}"), "person_id": F("user")}
    fields = {name for name in columns if name not in person} | {"id"}
    extra = {name: person[name] for name in columns if name in person}
    # By their keys alone, and unordered, or SQLite would rather read answers by time.
    found = Answer.objects.using(answers.db).order_by().filter(pk__in=ids).values(*fields, **extra)
    by_id = {row["id"]: row for row in found}
    return [by_id[id] for id in ids if id in by_id]
