"""What was used in some days, added up in the ways that the usage page and `manage.py usage` show."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from answers.models import figures
from answers.models.buckets import percentile
from answers.models.figures import Figures
from answers.models.status import Status

# In the order in which they are shown. Only answers that have ended are counted.
ENDS = [Status.COMPLETE, Status.STOPPED, Status.FAILED, Status.INTERRUPTED]
ONE_DAY = timedelta(days=1)
NUMBERS = [name for name in Figures._fields if name not in ("cost", "first_text")]


class Row(NamedTuple):
    """All answers of a day with the same status, model and error code."""

    day: date
    status: str
    model: str
    error_code: str
    figures: Figures


class Report:
    """The figures of these days, the first and the last included."""

    def __init__(self, since: date, until: date) -> None:
        self.since, self.until = since, until
        self.days = [since + ONE_DAY * number for number in range((until - since).days + 1)]
        self.rows = [Row(*row) for row in figures.daily(since, until)]
        self.people = figures.people(since, until)
        self.total = total(row.figures for row in self.rows)

    def before(self) -> "Report":
        """That of as many days before these."""
        return Report(self.since - ONE_DAY * len(self.days), self.since - ONE_DAY)

    def by(self, key: Callable[[Row], str]) -> dict[str, Figures]:
        """Those with the most answers first."""
        groups: dict[str, list[Figures]] = defaultdict(list)
        for row in self.rows:
            groups[key(row)].append(row.figures)
        totals = {name: total(parts) for name, parts in groups.items()}
        return dict(sorted(totals.items(), key=lambda pair: (-pair[1].answers, pair[0])))

    def by_day(self, key: Callable[[Row], str]) -> dict[str, list[Figures]]:
        """One for each of the days, also for those without answers."""
        groups: dict[tuple[str, date], list[Figures]] = defaultdict(list)
        for row in self.rows:
            groups[key(row), row.day].append(row.figures)
        names = {name for name, _ in groups}
        return {name: [total(groups.get((name, day), ())) for day in self.days] for name in names}

    def each_day(self) -> list[Figures]:
        return self.by_day(lambda row: "").get("") or [total(()) for _ in self.days]


def total(parts: Iterable[Figures]) -> Figures:
    """The same as `Figures.total`, for thousands of them: it makes no counter for each step of the sum."""
    parts = list(parts)
    if len(parts) == 1:
        return parts[0]
    first_text: Counter[str] = Counter()
    for part in parts:
        first_text.update(part.first_text)
    sums = {name: sum(getattr(part, name) for part in parts) for name in NUMBERS}
    return Figures(**sums, cost=sum((part.cost for part in parts), Decimal()), first_text=first_text)


def tokens(of: Figures) -> int:
    return of.prompt_tokens + of.completion_tokens


def median(of: Figures) -> float | None:
    """Seconds until half of the answers had their first text. None if none had any."""
    return percentile(of.first_text, 0.5)


def p95(of: Figures) -> float | None:
    return percentile(of.first_text, 0.95)
