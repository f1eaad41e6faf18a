"""Print the figures of the admin's usage page, for a terminal or as JSON."""

import json
from argparse import ArgumentTypeError
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from answers.models import figures
from answers.models.figures import Figures
from answers.models.usage_report import ENDS, NUMBERS, YEARS, Report, median, p95, tokens

BUSIEST = 20
MOST_DAYS = 3_660
COMMON = ["answers", "first text", "95% within", "tokens", "cost", "unknown"]


class Command(BaseCommand):
    help = (
        "Print how many answers there were, how they ended and what they cost: by day, model and error, and"
        " of the busiest people. These are the figures of the usage page in the admin."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=30, help="number of days until --until (default: 30)")
        parser.add_argument("--since", type=_day, help="the first day, such as 2026-01-31, instead of --days")
        parser.add_argument("--until", type=_day, help="the last day (default: today)")
        parser.add_argument("--json", action="store_true", dest="is_json", help="print JSON")

    def handle(
        self, *args: Any, days: int, since: date | None, until: date | None, is_json: bool, **options: Any
    ) -> None:
        until = until or figures.today()
        since = since or until - timedelta(days=min(days, MOST_DAYS + 1) - 1)
        if not 0 <= (until - since).days < MOST_DAYS:
            raise CommandError(f"Choose 1 to {MOST_DAYS:,} days. The first day must not be after the last.")
        report = Report(since, until)
        if is_json:
            self.stdout.write(json.dumps(collected(report), indent=1))
        else:
            self._print(report)

    def _print(self, report: Report) -> None:
        whole = report.total
        self._write(f"{report.since} to {report.until}, costs in {settings.ASKME_CURRENCY}")
        if not whole.answers:
            self._write("No answers ended in this period.")
            return
        statuses = report.over_time(lambda row: row.status)
        ends = [end.value for end in ENDS if end in statuses]
        days = []
        for place, (period, of) in enumerate(zip(report.periods, report.each_period(), strict=True)):
            numbers = [*(statuses[end][place].answers for end in ends), report.people.get(period.first, 0)]
            if of.answers:
                days.append([f"{period.first}", *_common(of), *(f"{number:,}" for number in numbers)])
        self._table("Days", [*COMMON, *ends, "people"], days)
        models = report.by(lambda row: row.model)
        self._table("Models", COMMON, [[name or "-", *_common(of)] for name, of in models.items()])
        errors = {code: of for code, of in report.by(lambda row: row.error_code).items() if code}
        self._table("Errors", ["answers"], [[code, f"{of.answers:,}"] for code, of in errors.items()])
        self._table(
            "All", [*COMMON, "good", "bad"], [["", *_common(whole), f"{whole.good:,}", f"{whole.bad:,}"]]
        )
        people = [
            [one["person"], f"{one['answers']:,}", f"{one['tokens']:,}", _cost_of(one, whole)]
            for one in busiest(report)
        ]
        self._table("Busiest people", ["answers", "tokens", "cost"], people)

    def _table(self, title: str, headings: Sequence[str], rows: list[list[str]]) -> None:
        if not rows:
            return
        lines = [[title, *headings], *rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        self._write("")
        for name, *cells in lines:
            padded = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
            self._write("  ".join([name.ljust(widths[0]), *padded]).rstrip())

    def _write(self, line: str) -> None:
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        self.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding))


def collected(report: Report) -> dict[str, Any]:
    """All figures, as the JSON has them. Times are in seconds."""
    parts = {
        "statuses": report.over_time(lambda row: row.status),
        "models": report.over_time(lambda row: row.model),
        "errors": report.over_time(lambda row: row.error_code),
    }
    days = []
    for place, (period, of) in enumerate(zip(report.periods, report.each_period(), strict=True)):
        split = {
            name: _counted((key, all[place]) for key, all in part.items()) for name, part in parts.items()
        }
        people = report.people.get(period.first, 0)
        days.append({"day": f"{period.first}", "people": people, **_as_json(of), **split})
    return {
        "since": f"{report.since}",
        "until": f"{report.until}",
        "currency": settings.ASKME_CURRENCY,
        "all": _as_json(report.total),
        "statuses": _counted(report.by(lambda row: row.status).items()),
        "models": _counted(report.by(lambda row: row.model).items()),
        "errors": _counted(report.by(lambda row: row.error_code).items()),
        "days": days,
        "busiest": busiest(report),
    }


def busiest(report: Report) -> list[dict[str, Any]]:
    rows = figures.busiest(report.since, report.until, BUSIEST)
    people = get_user_model()._default_manager.in_bulk([row.user_id for row in rows])
    return [
        {
            "person": str(people.get(row.user_id, "deleted")),
            "answers": row.answers,
            "tokens": row.tokens,
            "cost": float(row.cost),
        }
        for row in rows
    ]


def _as_json(of: Figures) -> dict[str, Any]:
    numbers = {name: getattr(of, name) for name in NUMBERS}
    times = {"first_text_median": _rounded(median(of)), "first_text_p95": _rounded(p95(of))}
    return numbers | times | {"cost": float(of.cost)}


def _cost_of(person: dict[str, Any], whole: Figures) -> str:
    return "-" if whole.cost_unknown and not person["cost"] else f"{person['cost']:,.4f}"


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _counted(parts: Iterable[tuple[str, Figures]]) -> dict[str, Any]:
    """Without those of which there are no answers, and without the key of answers that have no error."""
    return {key: _as_json(of) for key, of in parts if key and of.answers}


def _common(of: Figures) -> list[str]:
    times = ["-" if time is None else f"{time:.2f} s" for time in (median(of), p95(of))]
    cost = "-" if of.cost_unknown and not of.cost else f"{of.cost:,.4f}"
    return [f"{of.answers:,}", *times, f"{tokens(of):,}", cost, f"{of.cost_unknown:,}"]


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.year not in YEARS:
        raise ArgumentTypeError(f"{text} is not a day such as 2026-01-31")
    return day
