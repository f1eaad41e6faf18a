"""The figures of the usage page beside the sums over the rows, which are counted here without our code."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from typing import Any

import psycopg

Sums = dict[str, dict[str, str]]  # by status, model and error code; then by column

COLUMNS = {
    "answers": "count(*)",
    "prompt_tokens": "coalesce(sum(prompt_tokens), 0)",
    "completion_tokens": "coalesce(sum(completion_tokens), 0)",
    "cached_tokens": "coalesce(sum(cached_tokens), 0)",
    "reasoning_tokens": "coalesce(sum(reasoning_tokens), 0)",
    "tokens_estimated": "sum(CASE WHEN tokens_estimated THEN 1 ELSE 0 END)",
    "tokens_unknown": "sum(CASE WHEN prompt_tokens IS NULL AND completion_tokens IS NULL THEN 1 ELSE 0 END)",
    "cost": "coalesce(sum(cost), 0)",
    "cost_unknown": "sum(CASE WHEN cost IS NULL THEN 1 ELSE 0 END)",
    "good": "sum(CASE WHEN rating = 1 THEN 1 ELSE 0 END)",
    "bad": "sum(CASE WHEN rating = -1 THEN 1 ELSE 0 END)",
    "first_text": "count(first_text_seconds)",
}
STATEMENT = (
    f"SELECT status, model, error_code, {', '.join(COLUMNS.values())} FROM answers_answer"
    " WHERE status NOT IN ('queued', 'running') GROUP BY status, model, error_code"
)
PEOPLE = "SELECT count(DISTINCT user_id) FROM answers_answer WHERE status NOT IN ('queued', 'running')"

# What the usage page shows, of all days.
FIGURES = """
import datetime, json
from answers.models import figures
since, until = datetime.date(2000, 1, 1), datetime.date(2100, 1, 1)
rows = [[status, model, code, one._asdict()] for _, status, model, code, one in figures.daily(since, until)]
print("figures:", json.dumps([rows, sum(figures.people(since, until).values())], default=str))
"""


def differences(url: str, manage: Callable[..., str]) -> list[str]:
    """Say where the figures of a site are not the sums over its rows. `manage` runs a command of its."""
    rows, people = _of_rows(url)
    shown = manage("shell", "-v0", "-c", FIGURES)
    figures, counted = json.loads(shown.partition("figures:")[2])
    found = _of_figures(figures)
    wrong = [
        f"{key}: {name} is {found.get(key, {}).get(name)}, and the rows say {rows.get(key, {}).get(name)}"
        for key in sorted(rows.keys() | found.keys())
        for name in COLUMNS
        if rows.get(key, {}).get(name) != found.get(key, {}).get(name)
    ]
    # One who asks around midnight counts on both days.
    return wrong if people <= counted <= 2 * people else [*wrong, f"{counted} people, and {people} asked"]


def _of_rows(url: str) -> tuple[Sums, int]:
    database: Any
    if url.startswith("sqlite"):
        database = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=20)
    else:
        database = psycopg.connect(url)
    with closing(database):
        rows = database.execute(STATEMENT).fetchall()
        [(people,)] = database.execute(PEOPLE).fetchall()
    return {_key(*row[:3]): dict(zip(COLUMNS, map(_shown, row[3:]), strict=True)) for row in rows}, people


def _of_figures(rows: list[list[Any]]) -> Sums:
    """Over all days."""
    sums: dict[str, dict[str, Decimal]] = {}
    for status, model, code, one in rows:
        one["first_text"] = sum(one["first_text"].values())
        total = sums.setdefault(_key(status, model, code), dict.fromkeys(COLUMNS, Decimal()))
        for name in COLUMNS:
            total[name] += Decimal(str(one[name]))
    return {key: {name: _shown(value) for name, value in total.items()} for key, total in sums.items()}


def _key(status: str, model: str, code: str) -> str:
    return f"{status} {model} {code}".rstrip()


def _shown(value: Any) -> str:
    """Costs are rounded, because SQLite adds them as binary fractions."""
    return f"{Decimal(str(value)):.6f}"
