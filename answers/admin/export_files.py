"""The files in which an operator gets answers: CSV for spreadsheets, JSON Lines for programs.

Each contains every column of the log that the operator may see. A third one contains only rated answers,
each with the conversation that the model saw, for whoever improves prompts. It does not say who asked.
"""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings

from answers.admin.spreadsheets import cell
from answers.engine.context import earlier_turns
from answers.models import Answer, AnswerQuerySet, Rating
from answers.models.exported import Row, batches

PART_CHARS = 250_000  # of the file, about as many as are in memory at once

COLUMNS = [
    "id",
    "thread",
    "follows",
    "asked_at",
    "started_at",
    "finished_at",
    "stop_requested_at",
    "person_id",
    "person",
    "status",
    "model",
    "model_label",
    "question",
    "text",
    "reasoning",
    "sources",
    "rating",
    "rating_note",
    "finish_reason",
    "error_code",
    "error_message",
    "error_detail",
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "tokens_estimated",
    "cost",
    "first_text_seconds",
    "seconds",
    "sent_turns",
    "response_id",
    "request_id",
]  # fmt: skip
# What people and models wrote, and what an API said, which may quote them.
TEXTS = {"question", "text", "reasoning", "sources", "rating_note", "error_detail"}
NAMES = {"person_id", "person"}
RATED_COLUMNS = [
    *("id", "follows", "person_id", "asked_at", "status", "model", "model_label", "sent_turns"),
    *("question", "text", "rating", "rating_note"),
]
RATINGS = {Rating.GOOD: "good", Rating.BAD: "bad"}
# Python's splitlines, among others, would end a line there.
LINE_ENDS = {number: f"\\u{number:04x}" for number in (0x85, 0x2028, 0x2029)}


class Format(NamedTuple):
    """What is written before the answers, for each of them, and as a sentence about the file."""

    name: str
    suffix: str
    content_type: str
    columns: Sequence[str]
    head: str
    line: Callable[[Row], str]
    note: Callable[[str], str]
    groups: Callable[[AnswerQuerySet], list[AnswerQuerySet]] = lambda answers: [answers]


def allowed_columns(*, texts: bool, names: bool) -> list[str]:
    """All columns, or those without texts, and without who asked."""
    left_out = (set() if texts else TEXTS) | (set() if names else NAMES)
    return [name for name in COLUMNS if name not in left_out]


def as_csv(columns: Sequence[str]) -> Format:
    """With a byte order mark: without one, Excel takes the file for one in the encoding of its country."""
    names = [f"{name}_utc" if name.endswith("_at") else name for name in columns]
    names.insert(names.index("cost") + 1, "currency")

    def note(sentence: str) -> str:
        return _csv_line([sentence] + [""] * (len(names) - 1))

    head = "\ufeff" + _csv_line(names)
    return Format("CSV", "csv", "text/csv; charset=utf-8", columns, head, partial(_as_cells, columns), note)


def as_json_lines(columns: Sequence[str]) -> Format:
    line = partial(_as_object, columns)
    return Format("JSON Lines", "jsonl", "application/x-ndjson", columns, "", line, _json_note)


def as_rated_pairs() -> Format:
    """The bad ones come first. In one order of time, an index would help with neither."""

    def by_rating(answers: AnswerQuerySet) -> list[AnswerQuerySet]:
        return [answers.filter(rating=Rating.BAD), answers.filter(rating=Rating.GOOD)]

    kind = ("rated answers as JSON Lines", "jsonl", "application/x-ndjson")
    return Format(*kind, RATED_COLUMNS, "", _as_pair, _json_note, by_rating)


class Export:
    """A file of these answers, newest first, in parts of text.

    `number` is how many answers have been written so far.
    """

    def __init__(self, format: Format, answers: AnswerQuerySet) -> None:
        self.format, self.number = format, 0
        self._groups = format.groups(answers)

    def count(self, most: int) -> int:
        """How many answers the file will have, if it is not limited. Counts no further than `most`."""
        found = 0
        for answers in self._groups:
            found += answers.order_by()[: most - found].count() if found < most else 0
        return found

    def parts(self, most: int | None = None) -> Iterator[str]:
        """Of at most that many answers. None means all."""
        lines = [self.format.head]
        chars = 0
        for row in self._rows(most):
            lines.append(self.format.line(row))
            chars += len(lines[-1])
            self.number += 1
            if chars > PART_CHARS:
                yield "".join(lines)
                lines, chars = [], 0
        if rest := "".join(lines):
            yield rest

    def _rows(self, most: int | None) -> Iterator[Row]:
        for answers in self._groups:
            left = None if most is None else most - self.number
            for rows in batches(answers, self.format.columns, left):
                yield from rows


def _as_cells(columns: Sequence[str], row: Row) -> str:
    cells = []
    for name in columns:
        value = row[name]
        if name == "rating":
            value = RATINGS.get(value)
        elif name == "sources":
            value = "\n".join(f"{source['title']} {source['url']}".strip() for source in value)
        cells.append(cell(value))
        if name == "cost":
            cells.append("" if value is None else settings.ASKME_CURRENCY)
    return _csv_line(cells)


_csv_writer = csv.writer(SimpleNamespace(write=lambda line: line))


def _csv_line(cells: Sequence[str]) -> str:
    return str(_csv_writer.writerow(cells))


def _as_object(columns: Sequence[str], row: Row) -> str:
    values = {name: _json_value(row[name]) for name in columns}
    values["rating"] = RATINGS.get(row["rating"])
    values["currency"] = None if row["cost"] is None else settings.ASKME_CURRENCY
    return _json_line(values)


def _as_pair(row: Row) -> str:
    answer = Answer(pk=row["id"], follows_id=row["follows"], user_id=row["person_id"])
    # As many turns as were sent. Which ones these are is computed as it was then.
    turns = earlier_turns(answer)[-row["sent_turns"] :] if row["sent_turns"] else ()
    names = ("id", "asked_at", "status", "model", "model_label")
    values = {name: _json_value(row[name]) for name in names}
    values |= {
        "rating": RATINGS.get(row["rating"]),
        "note": row["rating_note"],
        "conversation": [{"question": turn.question, "answer": turn.answer} for turn in turns],
        "question": row["question"],
        "answer": row["text"],
    }
    return _json_line(values)


def _json_note(sentence: str) -> str:
    return _json_line({"note": sentence})


def _json_line(values: Row) -> str:
    return json.dumps(values, ensure_ascii=False).translate(LINE_ENDS) + "\n"


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Decimal):
        return float(value)  # which has more digits than the column
    return str(value) if isinstance(value, UUID) else value
