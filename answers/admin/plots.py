"""Plots of numbers by day, as shapes that templates/admin/answers/plot.html draws as an inline SVG.

One day is one unit wide and the plot is 100 units high, so CSS can stretch it to any size. The strict content
security policy allows no style attribute, so colours are classes (answers/static/answers/plots.css).
"""

import math
from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

STEPS = 4  # at most this many grid lines above the lowest
NICE = [1, 2, 2.5, 5, 10]
FEW_DAYS = 100  # up to this many, there is a gap between two bars
GAP = 0.08  # of a day, on each side
LABELS = 5  # of days
WEEK = 7


class Series(NamedTuple):
    """One kind of number, with a value for each day. None: there is none, so a line has a gap."""

    label: str
    colour: str  # the class that has it
    values: Sequence[float | None]
    sum: str = ""  # of all days, as it is shown in the legend


class Drawn(NamedTuple):
    label: str
    colour: str
    sum: str
    path: str


class Mark(NamedTuple):
    """A label beside the plot, at so many percent of its height or width."""

    percent: float
    label: str
    is_minor: bool = False  # not shown where there is little space


class Day(NamedTuple):
    place: int
    title: str  # shown while the pointer is on the day


class Plot(NamedTuple):
    """`kind` is `bars` or `lines`. It is empty if all values are None or 0."""

    kind: str
    days: list[Day]
    series: list[Drawn]
    grid: list[Mark]
    labels: list[Mark]

    @property
    def width(self) -> int:
        return len(self.days)

    @property
    def is_empty(self) -> bool:
        return not any(one.path for one in self.series)

    @property
    def has_gaps(self) -> bool:
        return self.width <= FEW_DAYS


Show = Callable[[float], str]


def bars(days: Sequence[date], series: Sequence[Series], show: Show, *, whole: bool = True) -> Plot:
    """Stacked bars, the first series at the bottom. `whole`: values are whole numbers, such as answers."""
    heights = [sum(one.values[at] or 0 for one in series) for at in range(len(days))]
    grid, top = _grid(max(heights, default=0), show, whole=whole)
    gap = GAP if len(days) <= FEW_DAYS else 0
    drawn, below = [], [0.0] * len(days)
    for one in series:
        path = ""
        for at, value in enumerate(one.values):
            if value:
                low, high = (_y(height, top) for height in (below[at], below[at] + value))
                path += f"M{at + gap:g} {low:g}V{high:g}H{at + 1 - gap:g}V{low:g}z"
                below[at] += value
        drawn.append(Drawn(one.label, one.colour, one.sum, path))
    return Plot("bars", _days(days, series, show), drawn, grid, _labels(days))


def lines(days: Sequence[date], series: Sequence[Series], show: Show) -> Plot:
    """A line for each series, with gaps where there is no value."""
    known = [value for one in series for value in one.values if value is not None]
    grid, top = _grid(max(known, default=0), show, whole=False)
    drawn = []
    for one in series:
        path, is_open = "", False
        for at, value in enumerate(one.values):
            if value is not None:
                path += f"{'L' if is_open else 'M'}{at + 0.5:g} {_y(value, top):g}"
                # A point between two gaps would be a line without length, of which nothing is drawn.
                path += "" if is_open else "h0"
            is_open = value is not None
        drawn.append(Drawn(one.label, one.colour, one.sum, path))
    return Plot("lines", _days(days, series, show), drawn, grid, _labels(days))


def _y(value: float, top: float) -> float:
    return round(100 - 100 * value / top, 3)


def _grid(most: float, show: Show, *, whole: bool) -> tuple[list[Mark], float]:
    """Lines at round numbers, and the number at the top of the plot."""
    least = most / STEPS or 1
    power = 10.0 ** math.floor(math.log10(least))
    step = next(power * nice for nice in NICE if power * nice >= least * (1 - 1e-9))
    if whole:
        step = max(1, math.ceil(step))
    count = max(1, math.ceil(most / step - 1e-9))
    top = step * count
    return [Mark(_y(step * number, top), show(step * number)) for number in range(count + 1)], top


def _labels(days: Sequence[date]) -> list[Mark]:
    """Up to seven days each have a label; of more, some have."""
    number = len(days)
    every = 1 if number <= WEEK else math.ceil(number / LABELS)
    places = range(0, number, every)
    text = "%-d %b" if days[0].year == days[-1].year else "%-d %b %Y"
    return [
        Mark(round(100 * (place + 0.5) / number, 3), f"{days[place]:{text}}", is_minor=order % 2 == 1)
        for order, place in enumerate(places)
    ]


def _days(days: Sequence[date], series: Sequence[Series], show: Show) -> list[Day]:
    named = [Day(place, f"{day:%a %-d %b %Y}") for place, day in enumerate(days)]
    for place, day in enumerate(named):
        values = [(one.label, one.values[place]) for one in series]
        parts = [f"{label}: {show(value)}" for label, value in values if value]
        named[place] = Day(place, "\n".join([day.title, *parts]))
    return named
