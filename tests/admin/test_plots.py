"""The shapes of plots."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answers.admin.numbers import count
from answers.admin.plots import Series, bars, lines
from answers.models.usage_report import Period, periods

START = date(2026, 1, 29)


def days(number):
    return periods(START, START + timedelta(days=number - 1), 1)


def heights(path):
    """The lower and the upper end of each bar, from the bottom of the plot."""
    return [(100 - float(low), 100 - float(high)) for low, high in re.findall(r"M\S+ (\S+?)V(\S+?)H", path)]


def test_bars_stand_on_each_other_and_fill_the_plot():
    plot = bars(days(2), [Series("a", "x", [1, 4]), Series("b", "y", [3, 0])], count)
    low, high = plot.series
    assert heights(low.path) == [(0, 25), (0, 100)]
    assert heights(high.path) == [(25, 100)]  # no bar without a value
    assert [(mark.percent, mark.label) for mark in plot.grid] == [
        (100, "0"),
        (75, "1"),
        (50, "2"),
        (25, "3"),
        (0, "4"),
    ]


def test_a_line_has_gaps_and_a_point_between_two_gaps_is_as_wide_as_a_bar():
    plot = lines(days(5), [Series("a", "x", [1, None, 2, None, None])], count)
    assert plot.series[0].path == "M0.08 50H0.92M2.08 0H2.92"
    assert lines(days(2), [Series("a", "x", [2, 1])], count).series[0].path == "M0.5 0L1.5 50"
    assert lines(days(1), [Series("a", "x", [2])], count).series[0].path == "M0.08 0H0.92"


def test_without_values_there_is_nothing_to_draw():
    assert bars(days(3), [Series("a", "x", [0, 0, 0])], count).is_empty
    assert lines(days(3), [Series("a", "x", [None, None, None])], count).is_empty
    assert not bars(days(3), [Series("a", "x", [0, 1, 0])], count).is_empty


def test_what_is_whole_has_whole_numbers_beside_it():
    assert [mark.label for mark in bars(days(1), [Series("a", "x", [1])], count).grid] == ["0", "1"]
    parts = bars(days(1), [Series("a", "x", [1])], str, whole=False)
    assert [mark.label for mark in parts.grid] == ["0.0", "0.25", "0.5", "0.75", "1.0"]


@given(st.lists(st.floats(0, 1e12) | st.none(), min_size=1, max_size=30), st.booleans())
def test_everything_is_inside_the_plot(values, whole):
    series = [Series("a", "x", values), Series("b", "y", values)]
    for plot in (
        bars(days(len(values)), series, count, whole=whole),
        lines(days(len(values)), series, count),
    ):
        for one in plot.series:
            for y in re.findall(r"[MLV](?:\S+ )?([\d.e+-]+)", one.path):
                assert -1e-6 <= float(y) <= 100 + 1e-6
        assert 2 <= len(plot.grid) <= 5
        assert (plot.grid[0].percent, plot.grid[-1].percent) == (100, 0)


@pytest.mark.parametrize(("number", "labels"), [(1, 1), (7, 7), (8, 4), (30, 5), (366, 5)])
def test_labels_have_space(number, labels):
    marks = bars(days(number), [Series("a", "x", [1] * number)], count).labels
    assert len(marks) == labels
    assert marks[0].label == "29 Jan"
    assert all(0 <= mark.percent < 100 for mark in marks)


def test_the_pointer_shows_the_day_and_its_values():
    plot = bars(days(2), [Series("a", "x", [1, 0]), Series("b", "y", [2, 3])], count)
    assert [one.title for one in plot.slices] == ["Thu 29 Jan 2026\na: 1\nb: 2", "Fri 30 Jan 2026\nb: 3"]


@given(st.integers(1, 400), st.integers(1, 10))
def test_each_day_belongs_to_one_period(number, each):
    found = periods(START, START + timedelta(days=number - 1), each)
    covered = [one.first + timedelta(days=place) for one in found for place in range(one.days)]
    assert covered == [START + timedelta(days=place) for place in range(number)]
    assert all(one.days == each for one in found[1:])


def test_a_period_of_one_day_is_named_by_its_day():
    assert Period(START, START).days == 1
    weeks = periods(START, START + timedelta(days=13), 7)
    title = bars(weeks, [Series("a", "x", [1, 1])], count).slices[0].title
    assert title == "29 Jan to 4 Feb 2026\na: 1"
