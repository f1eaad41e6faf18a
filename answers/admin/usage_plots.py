"""The sections of the usage page: what each plot shows, and the table with the same numbers under it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from django.conf import settings

from answers.admin import numbers
from answers.admin.plots import Plot, Series, bars, lines, name_of
from answers.models.figures import Figures
from answers.models.status import Status
from answers.models.usage_report import ENDS, Report, Row, median, p95, tokens

MOST_MODELS = 5  # with a colour of their own; the others share one
OTHERS = "others"
NO_MODEL = "no model"  # it ended before one was chosen
COLOURS = {
    Status.COMPLETE: "complete",
    Status.STOPPED: "stopped",
    Status.FAILED: "failed",
    Status.INTERRUPTED: "interrupted",
}


class Table(NamedTuple):
    """Only days with answers have a row, the newest first."""

    headings: list[str]
    rows: list[list[str]]


class Section(NamedTuple):
    name: str  # its fragment in the address
    title: str
    plot: Plot
    table: Table
    note: str = ""
    doubts: str = ""  # what must be known to trust the numbers


def sections(report: Report) -> list[Section]:
    """In the order of the page."""
    return [
        _answers(report),
        _first_text(report),
        *_models(report),
        _people(report),
        _errors(report),
        _ratings(report),
    ]


def _answers(report: Report) -> Section:
    days = report.over_time(lambda row: row.status)
    series = [
        _series(str(end.label), COLOURS[end], days[end], lambda one: one.answers, numbers.count)
        for end in ENDS
        if end in days
    ]
    plot = bars(report.periods, series, numbers.short)
    table = _table(report, series, numbers.count, total="All")
    note = "An answer counts once it has ended, on the day on which the question was asked."
    return Section("answers", "Answers by status", plot, table, note)


def _first_text(report: Report) -> Section:
    days = report.each_period()
    whole = report.total
    series = [
        Series("Median", "model-0", [median(day) for day in days], numbers.seconds(median(whole))),
        Series("95% are faster", "model-1", [p95(day) for day in days], numbers.seconds(p95(whole))),
    ]
    plot = lines(report.periods, series, lambda value: f"{value:.3g} s")
    note = "From the question to its first text, waiting included."
    return Section("first-text", "Seconds to first text", plot, _table(report, series, numbers.seconds), note)


def _models(report: Report) -> list[Section]:
    """Tokens and costs."""
    most = [name for name, of in report.by(_model).items() if tokens(of) or of.cost][:MOST_MODELS]
    days = report.over_time(lambda row: _model(row) if _model(row) in most else OTHERS)
    names = [name for name in (*most, OTHERS) if name in days]
    colours = {name: f"model-{place}" for place, name in enumerate(most)} | {OTHERS: "others"}

    def all_series(value: Callable[[Figures], float | None], show: Callable[[float], str]) -> list[Series]:
        found = [_series(name, colours[name], days[name], value, show) for name in names]
        return [one for one in found if any(one.values)]

    total = report.total
    used = all_series(tokens, numbers.short)
    costs = all_series(_known_cost, numbers.money)
    return [
        Section(
            "tokens",
            "Tokens by model",
            bars(report.periods, used, numbers.short),
            _table(report, used, numbers.count, total="All"),
            doubts=_doubts(total.tokens_unknown, total.tokens_estimated, "Tokens"),
        ),
        Section(
            "cost",
            f"Cost by model in {settings.ASKME_CURRENCY}",
            bars(report.periods, costs, lambda value: f"{value:,.4g}", whole=False),
            _with_unknown(report, _table(report, costs, numbers.amount, total="All")),
            doubts=_doubts(total.cost_unknown, total.tokens_estimated if total.cost else 0, "Costs"),
        ),
    ]


def _people(report: Report) -> Section:
    values = report.most_people()
    label = "People who asked" if _is_daily(report) else "People on the busiest day of the week"
    series = [Series(label, "model-0", values, f"at most {max(values):,}")]
    plot = bars(report.periods, series, numbers.short)
    return Section("people", "People", plot, _table(report, series, numbers.count))


def _errors(report: Report) -> Section:
    codes = [code for code in report.by(lambda row: row.error_code) if code]
    own = codes[:MOST_MODELS]
    days = report.over_time(lambda row: row.error_code if row.error_code in ("", *own) else OTHERS)
    colours = {code: f"model-{place}" for place, code in enumerate(own)} | {OTHERS: "others"}
    series = [
        _series(code, colours[code], days[code], lambda one: one.answers, numbers.count)
        for code in (*own, OTHERS)
        if code in days
    ]
    plot = bars(report.periods, series, numbers.short)
    return Section("errors", "Errors by code", plot, _table(report, series, numbers.count, total="All"))


def _ratings(report: Report) -> Section:
    days = report.each_period()
    series = [
        _series("Good", "complete", days, lambda one: one.good, numbers.count),
        _series("Bad", "failed", days, lambda one: one.bad, numbers.count),
    ]
    plot = bars(report.periods, series, numbers.short)
    note = "By the day of the question."
    return Section("ratings", "Ratings", plot, _table(report, series, numbers.count, total="All"), note)


def _known_cost(one: Figures) -> float | None:
    """None if there were answers, and the cost of none of them is known."""
    return None if one.cost_unknown and not one.cost else float(one.cost)


def _with_unknown(report: Report, costs: Table) -> Table:
    """With a last column, and a row for each period, that say of how many answers the cost is unknown."""
    if not report.total.cost_unknown:
        return costs
    rows = {row[0]: row[1:] for row in costs.rows}
    nothing = [numbers.UNKNOWN] * (len(costs.headings) - 1)
    found = [
        [name, *rows.get(name, nothing), numbers.count(one.cost_unknown)]
        for name, one in _names_and_figures(report)
        if name in rows or one.cost_unknown
    ]
    return Table([*costs.headings, "Unknown"], found)


def _names_and_figures(report: Report) -> list[tuple[str, Figures]]:
    """The newest period first."""
    pairs = zip(report.periods, report.each_period(), strict=True)
    return [(name_of(period), of) for period, of in reversed(list(pairs))]


def _is_daily(report: Report) -> bool:
    return len(report.periods) == report.days


def _model(row: Row) -> str:
    return row.model or NO_MODEL


def _series(
    label: str,
    colour: str,
    days: Sequence[Figures],
    value: Callable[[Figures], float | None],
    show: Callable[[float], str],
) -> Series:
    values = [value(day) for day in days]
    return Series(label, colour, values, show(sum(one or 0 for one in values)))


def _table(report: Report, series: list[Series], show: Callable[[float], str], *, total: str = "") -> Table:
    """`total` is the heading of a last column with the sum of the others, which one column does not need."""
    adds_up = bool(total) and len(series) > 1
    headings = [
        "Day" if _is_daily(report) else "Week",
        *(one.label for one in series),
        *([total] if adds_up else []),
    ]
    rows = []
    for place in range(len(report.periods) - 1, -1, -1):
        values = [one.values[place] for one in series]
        if any(values):
            cells = [numbers.UNKNOWN if value is None else show(value) for value in values]
            cells += [show(sum(value or 0 for value in values))] if adds_up else []
            rows.append([name_of(report.periods[place]), *cells])
    return Table(headings, rows)


def _doubts(unknown: int, estimated: int, what: str) -> str:
    """What must be known to trust the numbers."""
    parts = []
    if unknown:
        parts.append(f"{what} of {numbers.plural(unknown, 'answer')} are unknown (–) and not included.")
    if estimated:
        parts.append(f"For {numbers.plural(estimated, 'answer')}, the tokens are estimated.")
    return " ".join(parts)
