"""Fill an empty database with answers: one busy person has a tenth of them, and everybody else has ten.

A thread has ten answers. What a person has is scattered over the table, as it is in time.
"""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import md5
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from answers.models import (
    Answer,
    AuditEntry,
    DailyUsage,
    PersonalUsage,
    QuestionLog,
    Share,
    Status,
    UsageLog,
)
from bench.rows import audit
from bench.rows.fill_usage import usage

THREAD_ANSWERS = 10
LEAVER_ANSWERS = 100  # of a person who deletes everything, whatever the number of rows
RARE_ANSWERS = 20  # of the busy person's, with a word that nobody else uses
SHARED = 60  # threads at least, which is more than a page lists
BATCH_ROWS = 10_000
PER_SECOND = timedelta(milliseconds=300)  # between two questions: a million in three and a half days

BUSY, LEAVER, FIRST_OTHER = 1, 2, 3


class Place(NamedTuple):
    """Whose answer a row is, and which of theirs."""

    user: int
    number: int

    @property
    def id(self) -> uuid.UUID:
        return uuid.UUID(md5(f"{self.user}-{self.number}".encode()).hexdigest())

    @property
    def thread(self) -> uuid.UUID:
        return Place(self.user, self.number // THREAD_ANSWERS * THREAD_ANSWERS).id

    @property
    def follows(self) -> uuid.UUID | None:
        return Place(self.user, self.number - 1).id if self.number % THREAD_ANSWERS else None


def fill(rows: int) -> None:
    people = max(1, rows * 9 // 10 // THREAD_ANSWERS)
    now = timezone.now()
    with transaction.atomic():
        _copy(User, _users(people), now)
        _copy(Answer, _answers(rows, people, now), now)
        _copy(QuestionLog, _log(rows, people, now), now)
        _copy(
            Share,
            (
                {"token": place.id.hex, "thread": place.thread, "user_id": place.user}
                for place in _shared(people)
            ),
            now,
        )
        _copy(_sessions_model(), _sessions(people, now), now)
        for model, values in usage(rows, BUSY, range(FIRST_OTHER, FIRST_OTHER + people), now):
            _copy(model, values, now)
        _copy(AuditEntry, audit.entries(rows, now), now)
        _copy(LogEntry, audit.log_entries(rows, now), now)
    if connection.vendor == "postgresql":
        _reset_sequences()
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")  # as autovacuum has done on a site that grew over months


def _users(people: int) -> Iterator[dict[str, Any]]:
    for number in range(1, FIRST_OTHER + people):
        yield {"id": number, "username": f"person-{number}", "is_guest": number != BUSY}


def _answers(rows: int, people: int, now: datetime) -> Iterator[dict[str, Any]]:
    rare = max(1, rows // THREAD_ANSWERS // RARE_ANSWERS)
    for number in range(rows):
        mine, other = divmod(number, 10)
        if other == 0:
            place = Place(BUSY, mine)
        else:
            count = mine * 9 + other - 1
            place = Place(FIRST_OTHER + count % people, count // people)
        words = [f"Question {number}", "often" if number % 3 == 0 else "", "others" if other == 1 else ""]
        if place.user == BUSY and mine % rare == 0:
            words.append("seldom")
        yield _answer(place, " ".join(filter(None, words)), now - (rows - number) * PER_SECOND, number)
    for number in range(LEAVER_ANSWERS):
        yield _answer(Place(LEAVER, number), "Leaving", now - number * PER_SECOND, number)


def _answer(place: Place, question: str, asked_at: datetime, number: int) -> dict[str, Any]:
    return {
        "id": place.id,
        "thread": place.thread,
        "follows_id": place.follows,
        "user_id": place.user,
        "question": question,
        "text": f"Because {number % 1000} of them {number % 77} are so.",
        "status": Status.FAILED if number % 50 == 0 else Status.COMPLETE,
        "error_code": ("busy" if number % 100 else "rate_limited") if number % 50 == 0 else "",
        "rating": {7: 1, 8: -1}.get(number % 20),
        "rating_note": "It is wrong." if number % 40 == 8 else "",
        "asked_at": asked_at,
        "model": "other" if number % 5 == 0 else "model",
        "response_id": f"resp_{place.id.hex}",
        "request_id": f"req_{place.user}_{place.number}",
    }


def _log(rows: int, people: int, now: datetime) -> Iterator[dict[str, Any]]:
    """A day's questions: a hundredth of all, since the log keeps no more than a day."""
    for number in range(rows // 100):
        yield {
            "id": number + 1,
            "user_id": BUSY if number % 10 == 0 else FIRST_OTHER + number % people,
            "address": "" if number % 10 == 0 else f"192.0.{number // 250 % 250}.{number % 250}",
            "asked_at": now - number * timedelta(seconds=80_000) / rows * 100,
        }


def _shared(people: int) -> Iterator[Place]:
    yield Place(BUSY, 0)
    for number in range(0, people, max(1, min(100, people // SHARED))):
        yield Place(FIRST_OTHER + number, 0)


def _sessions_model() -> type[Model]:
    model: type[Model] = SessionStore.get_model_class()
    return model


def _sessions(people: int, now: datetime) -> Iterator[dict[str, Any]]:
    data = SessionStore().encode(
        {"_auth_user_id": "0", "_auth_user_backend": settings.AUTHENTICATION_BACKENDS[0]}
    )
    for number in range(people):
        yield {
            "session_key": md5(str(number).encode()).hexdigest(),
            "session_data": data,
            "expire_date": now + timedelta(days=300),
        }


def _copy(model: type[Model], rows: Iterator[dict[str, Any]], now: datetime) -> None:
    """Insert the rows. Other fields get the value that a new object has."""
    fields = model._meta.concrete_fields
    blank = model()
    usual = {
        field.attname: field.get_db_prep_save(getattr(blank, field.attname), connection) for field in fields
    }
    usual |= {
        field.attname: field.get_db_prep_save(now, connection)
        for field in fields
        if getattr(field, "auto_now_add", False)
    }
    by_name = {field.attname: field for field in fields}
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)

    def values(row: dict[str, Any]) -> list[Any]:
        given = {name: by_name[name].get_db_prep_save(value, connection) for name, value in row.items()}
        return list((usual | given).values())

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(values(row))
        else:
            marks = ", ".join(["?"] * len(fields))
            raw = connection.connection
            raw.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", map(values, rows))


def _reset_sequences() -> None:
    """So that new users and entries get new ids."""
    with connection.cursor() as cursor:
        logs = (QuestionLog, UsageLog, AuditEntry, LogEntry)
        for model in (User, DailyUsage, PersonalUsage, *logs):
            table = model._meta.db_table
            largest = f"SELECT coalesce(max(id), 0) + 1 FROM {table}"
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), ({largest}))")
