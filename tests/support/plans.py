"""How a database runs the statements of our code, when it has enough rows for it to matter."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

from django.db import connections

from answers.pages.search import FEW_MATCHES
from bench.rows.fill import fill
from tests.support.default_database import migrated

ROWS = 20_000
# Partial indexes, whose rows are few however many answers there are.
SMALL_INDEXES = {"answer_queued", "answer_owned"}
# PostgreSQL rightly reads the other tables as a whole while they are as small as here.
LARGE_TABLES = {
    "postgresql": {"answers_answer", "answers_personalusage"},
    "sqlite": {
        "answers_answer",
        "answers_dailyusage",
        "answers_personalusage",
        "answers_questionlog",
        "answers_share",
        "accounts_user",
        "django_session",
    },
}
MOST_ROWS = FEW_MATCHES * 1.5  # of a large table, by one step of a plan in PostgreSQL
MOST_STEPS = 5  # thousand of SQLite's steps, but for a search, which reads all texts of the person
ROWS_READ = ["Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck"]
WRITES = re.compile(r"\b(INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)


class Statement(NamedTuple):
    sql: str
    plan: str
    scans: list[str]  # steps that read all of a large table

    def __str__(self) -> str:
        return f"{self.sql}\n\n{self.plan}"


@contextmanager
def filled(url: str) -> Iterator[None]:
    """For this thread, the default database is one at this URL, with many answers."""
    with migrated(url):
        fill(ROWS)
        yield


def plans(action: Callable[[], object]) -> list[Statement]:
    """Do something, and return how the database runs its statements."""
    connection = connections["default"]
    explained = {"postgresql": _on_postgresql, "sqlite": _on_sqlite}[connection.vendor]
    statements = []

    def explain(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if STATEMENT.match(sql):
            with closing(connection.create_cursor()) as cursor:  # which is not wrapped
                statements.append(explained(cursor, sql, next(iter(params)) if many else params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        action()
    return statements


def _on_sqlite(cursor: Any, sql: str, params: Any) -> Statement:
    cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
    plan = [step for *_, step in cursor.fetchall()]
    names = re.findall(r'(\w+_\w+)"? (?:AS )?"?([A-Z]\d+|one)\b', sql)
    tables = {alias: table for table, alias in names}
    scans = []
    for step in plan:
        if scan := re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", step):
            table, index = scan.groups()
            if tables.get(table, table) in LARGE_TABLES["sqlite"] and index not in SMALL_INDEXES:
                scans.append(step)
    if not WRITES.search(sql):
        done = []
        cursor.connection.set_progress_handler(lambda: done.append(1), 1_000)
        cursor.execute(sql, params)
        cursor.fetchall()
        cursor.connection.set_progress_handler(None, 0)
        if len(done) > MOST_STEPS and "contains_folded" not in sql and "LIKE" not in sql:
            scans.append(f"{len(done)} thousand steps")
    return Statement(sql, "\n".join(plan), scans)


def _on_postgresql(cursor: Any, sql: str, params: Any) -> Statement:
    """The number of rows that are read says more than the plan: an index may be read as a whole, too."""
    options = "FORMAT JSON" if WRITES.search(sql) else "ANALYZE, FORMAT JSON"
    cursor.execute(f"EXPLAIN ({options}) {sql}", params)
    [(plan,)] = cursor.fetchall()
    scans = []
    for node in _nodes(plan[0]["Plan"]):
        if node.get("Relation Name") in LARGE_TABLES["postgresql"]:
            rows = sum(node.get(name, 0) for name in ROWS_READ) * node.get("Actual Loops", 1)
            if rows > MOST_ROWS or node["Node Type"] == "Seq Scan":
                scans.append(f"{node['Node Type']} on {node['Relation Name']}: {rows} rows")
    return Statement(sql, json.dumps(plan, indent=1), scans)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)
