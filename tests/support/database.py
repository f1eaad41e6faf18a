"""Read a site's database directly, without any of our code."""

import sqlite3
import uuid
from contextlib import closing
from typing import NamedTuple

import psycopg

from tests.support.services import wait_for
from tests.support.sites import Site

OF_PROCESSES = ["answers_process", "answers_prunerun"]


class Row(NamedTuple):
    status: str
    text: str
    question: str
    error_code: str
    finish_reason: str
    reasoning: str
    edition: int
    model: str


def rows(site: Site, answer: str) -> list[Row]:
    """Return the row of an answer, if there is one, on SQLite and PostgreSQL."""
    query = f"SELECT {', '.join(Row._fields)} FROM answers_answer WHERE id = "
    url = site.environment["DATABASE_URL"]
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=20)) as database:
            return [Row(*row) for row in database.execute(query + "?", [uuid.UUID(answer).hex])]
    with psycopg.connect(url) as database:
        return [Row(*row) for row in database.execute(query + "%s", [answer])]  # type: ignore[arg-type]


def row(site: Site, answer: str) -> Row:
    [found] = rows(site, answer)
    return found


def wait_for_row(site: Site, answer: str, seconds: float, **fields: str) -> Row:
    """Wait until the row has these values."""

    def found() -> Row | None:
        stored = row(site, answer)
        return stored if all(getattr(stored, name) == value for name, value in fields.items()) else None

    return wait_for(found, seconds, f"the row has {fields}: {row(site, answer)}")


def question_statuses(site: Site) -> list[tuple[str, str]]:
    """Return the question and status of each answer, oldest first."""
    return execute(site, "SELECT question, status FROM answers_answer ORDER BY asked_at")


def execute(site: Site, sql: str, *values: object) -> list[tuple]:
    """Execute a statement on the site's SQLite file and return its rows."""
    with sqlite3.connect(site.folder / "site.sqlite3", timeout=20) as database:
        rows = database.execute(sql, values).fetchall()
    database.close()
    return rows


def table_counts(site: Site) -> dict[str, int]:
    """Return the number of rows of each table, on SQLite and PostgreSQL, but of what processes write by
    themselves when they start."""
    url = site.environment["DATABASE_URL"]
    if url.startswith("sqlite"):
        names = execute(site, "SELECT name FROM sqlite_master WHERE type = 'table'")
        tables = [name for (name,) in names if name not in OF_PROCESSES]
        return {name: execute(site, f'SELECT count(*) FROM "{name}"')[0][0] for name in tables}
    with psycopg.connect(url) as database:
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> ALL(%s)"
        names = database.execute(tables, [OF_PROCESSES]).fetchall()
        counts = {}
        for (name,) in names:
            [[counts[name]]] = database.execute(f'SELECT count(*) FROM "{name}"').fetchall()  # type: ignore[call-overload]
        return counts
