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
# Beyond these years, there are no figures, and further away dates cannot be computed with.
YEARS = range(2000, 2200)
ONE_DAY = timedelta(days=1)
NUMBERS = [name for name in Figures._fields if name not in ("cost", "first_text")]


class Row(NamedTuple):
    """All answers of a day with the same status, model and error code."""

    day: date
    status: str
    model: str
    error_code: str
    figures: Figures


class Period(NamedTuple):
    """Some days, the first and the last included. They may be the same."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


class Report:
    """The figures of these days, the first and the last included, in periods of so many days each."""

    def __init__(self, since: date, until: date, days_each: int = 1) -> None:
        self.since, self.until, self.days = since, until, (until - since).days + 1
        self.periods = periods(since, until, days_each)
        self._place_of = {
            one.first + ONE_DAY * number: place
            for place, one in enumerate(self.periods)
            for number in range(one.days)
        }
        self.rows = [Row(*row) for row in figures.daily(since, until)]
        self.people = figures.people(since, until)
        self.total = total(row.figures for row in self.rows)

    def before(self) -> "Report":
        """That of as many days before these."""
        return Report(self.since - ONE_DAY * self.days, self.since - ONE_DAY)

    def by(self, key: Callable[[Row], str]) -> dict[str, Figures]:
        """Those with the most answers first."""
        groups: dict[str, list[Figures]] = defaultdict(list)
        for row in self.rows:
            groups[key(row)].append(row.figures)
        totals = {name: total(parts) for name, parts in groups.items()}
        return dict(sorted(totals.items(), key=lambda pair: (-pair[1].answers, pair[0])))

    def over_time(self, key: Callable[[Row], str]) -> dict[str, list[Figures]]:
        """For each key one for each of the periods, also for those without answers."""
        groups: dict[str, list[list[Figures]]] = defaultdict(lambda: [[] for _ in self.periods])
        for row in self.rows:
            groups[key(row)][self._place_of[row.day]].append(row.figures)
        return {name: [total(parts) for parts in places] for name, places in groups.items()}

    def each_period(self) -> list[Figures]:
        return self.over_time(lambda row: "").get("") or [Figures() for _ in self.periods]

    def most_people(self) -> list[int]:
        """For each period, how many asked on the day on which most did. Sums would count people twice."""
        most = [0 for _ in self.periods]
        for day, number in self.people.items():
            place = self._place_of[day]
            most[place] = max(most[place], number)
        return most


def periods(since: date, until: date, days_each: int) -> list[Period]:
    """The last one ends with the last day. Days that are left at the beginning are part of the first one."""
    number = max(1, ((until - since).days + 1) // days_each)
    firsts = [until + ONE_DAY - ONE_DAY * days_each * place for place in range(number, 0, -1)]
    firsts[0] = since
    lasts = [*(day - ONE_DAY for day in firsts[1:]), until]
    return [Period(*pair) for pair in zip(firsts, lasts, strict=True)]


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
