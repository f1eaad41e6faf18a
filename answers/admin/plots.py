"""Plots of numbers over time, as shapes that plot.html among the templates draws as an inline SVG.

One period, a day or a week, is one unit wide and the plot is 100 units high, so CSS can stretch it to any
size. The content security policy allows no style attribute, so colours are classes, see
answers/static/answers/plots.css.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from answers.models.usage_report import Period

STEPS = 4  # at most this many grid lines above the lowest
NICE = [1, 2, 2.5, 5, 10]
GAP = 0.08  # of a period, on each side of a bar
LABELS = 5  # below the plot
WEEK = 7


class Series(NamedTuple):
    """One kind of number, with a value for each period. None: there is none, so a line has a gap."""

    label: str
    colour: str  # the class that has it
    values: Sequence[float | None]
    sum: str = ""  # of all periods, as it is shown in the legend


class Drawn(NamedTuple):
    label: str
    colour: str
    sum: str
    path: str


class Mark(NamedTuple):
    """A label beside the plot, at so many percent of its height or width."""

    percent: float
    label: str
    kind: str = ""  # a class: "minor" is not shown where there is little space, "first" is at the very left


class Slice(NamedTuple):
    """What is shown while the pointer is on a period."""

    place: int
    title: str


class Plot(NamedTuple):
    """`kind` is `bars` or `lines`. It is empty if all values are None or 0."""

    kind: str
    slices: list[Slice]
    series: list[Drawn]
    grid: list[Mark]
    labels: list[Mark]

    @property
    def width(self) -> int:
        return len(self.slices)

    @property
    def is_empty(self) -> bool:
        return not any(one.path for one in self.series)


Show = Callable[[float], str]


def bars(periods: Sequence[Period], series: Sequence[Series], show: Show, *, whole: bool = True) -> Plot:
    """Stacked bars, the first series at the bottom. `whole`: values are whole numbers, such as answers."""
    heights = [sum(one.values[at] or 0 for one in series) for at in range(len(periods))]
    grid, top = _grid(max(heights, default=0), show, whole=whole)
    drawn, below = [], [0.0] * len(periods)
    for one in series:
        path = ""
        for at, value in enumerate(one.values):
            if value:
                low, high = (_y(height, top) for height in (below[at], below[at] + value))
                path += f"M{at + GAP:g} {low:g}V{high:g}H{at + 1 - GAP:g}V{low:g}z"
                below[at] += value
        drawn.append(Drawn(one.label, one.colour, one.sum, path))
    return Plot("bars", _slices(periods, series, show), drawn, grid, _labels(periods))


def lines(periods: Sequence[Period], series: Sequence[Series], show: Show) -> Plot:
    """A line for each series, with gaps where there is no value."""
    known = [value for one in series for value in one.values if value is not None]
    grid, top = _grid(max(known, default=0), show, whole=False)
    drawn = []
    for one in series:
        path, is_open = "", False
        for at, value in enumerate(one.values):
            if value is not None:
                path += f"{'L' if is_open else 'M'}{at + 0.5:g} {_y(value, top):g}"
                if not is_open and (at + 1 == len(one.values) or one.values[at + 1] is None):
                    # A line without length would only be a dot. It is as wide as a bar.
                    path = path[: path.rindex("M")] + f"M{at + GAP:g} {_y(value, top):g}H{at + 1 - GAP:g}"
            is_open = value is not None
        drawn.append(Drawn(one.label, one.colour, one.sum, path))
    return Plot("lines", _slices(periods, series, show), drawn, grid, _labels(periods))


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


def _labels(periods: Sequence[Period]) -> list[Mark]:
    """Up to seven periods each have a label; of more, some have."""
    number = len(periods)
    every = 1 if number <= WEEK else math.ceil(number / LABELS)
    marks = []
    for order, place in enumerate(range(0, number, every)):
        kind = "minor" if order % 2 else "first" if not place and number > WEEK else ""
        percent = 0 if kind == "first" else 100 * (place + 0.5) / number
        marks.append(Mark(round(percent, 3), f"{periods[place].first:%-d %b}", kind))
    return marks


def _slices(periods: Sequence[Period], series: Sequence[Series], show: Show) -> list[Slice]:
    found = []
    for place, period in enumerate(periods):
        values = [(one.label, one.values[place]) for one in series]
        parts = [f"{label}: {show(value)}" for label, value in values if value]
        found.append(Slice(place, "\n".join([name_of(period), *parts])))
    return found


def name_of(period: Period) -> str:
    if period.days == 1:
        return f"{period.first:%a %-d %b %Y}"
    return f"{period.first:%-d %b} to {period.last:%-d %b %Y}"
