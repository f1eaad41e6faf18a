"""CSV in spreadsheets: no text becomes a formula, wherever the spreadsheet thinks that a cell begins."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from answers.admin.export_files import _csv_line
from answers.admin.spreadsheets import CELL_UNITS, cell, harmless

SIGNS = "=+-@＝＋－＠"
FORMULA = re.compile(f'"*[{re.escape(SIGNS)}]')
HOSTILE = [
    "=1+1",
    "+1",
    "-1+cmd|' /C calc'!A0",
    "@SUM(1)",
    "＝1+1",
    "\t=1",
    "\r=1",
    "\n=1",
    "\0=1",
    " =1",
    "\u00a0=1",
    "\ufeff=1",
    "\u200b=1",
    '"=1',
    "\tx",
    "\rx",
    "\nx",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_that_would_be_a_formula_gets_an_apostrophe(text):
    assert harmless(text)[0] == "'"
    assert cell(text) == harmless(text)


@pytest.mark.parametrize("text", ["", "Why?", "1-2", "a=b", "'quoted'", "x, -y", "a\n b"])
def test_other_texts_stay_as_they_are(text):
    assert harmless(text) == text


def test_numbers_and_times_stay_what_they_are():
    moment = datetime(2026, 3, 1, 1, 2, 3, 456789, tzinfo=timezone(timedelta(hours=2)))
    values = [-1, 2.5, Decimal("0E-8"), Decimal("1E+2"), Decimal("0.00000012"), True, False, None, moment]
    assert [cell(value) for value in values] == [
        *("-1", "2.500", "0", "100", "0.00000012", "true", "false", "", "2026-02-28 23:02:03")
    ]
    assert cell(datetime(2026, 3, 1, tzinfo=UTC)) == "2026-03-01 00:00:00"


# How spreadsheets read a file: with commas, and in half of Europe with semicolons, or else with tabs.
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@given(st.text(st.sampled_from([*SIGNS, *" ab\"';,\t\r\n\0\ufeff"]), max_size=12))
@example("a;=1")
@example('a;"=1')
@example("a\n=1")
@example('a\r\n"=1')
@example("a\t\t-1")
@example('";=1"')
def test_no_cell_is_a_formula_in_any_spreadsheet(delimiter, text):
    line = _csv_line(["id", harmless(text), "end"])
    for row in csv.reader(io.StringIO(line, newline=""), delimiter=delimiter):
        for one in row:
            assert not FORMULA.match(one), row


@given(st.text(st.sampled_from([*SIGNS, *" ab\"';,\t\r\n"])))
def test_a_file_with_commas_is_read_back_as_it_was_written(text):
    cells = ["id", harmless(text), "end"]
    assert list(csv.reader(io.StringIO(_csv_line(cells), newline=""), strict=True)) == [cells]


def test_a_list_in_markdown_stays_one():
    assert harmless("Three:\n- one\n- two\n\n+ three") == "Three:\n - one\n - two\n\n + three"


@pytest.mark.parametrize("letter", ["x", "👍"])
def test_a_text_that_is_longer_than_a_cell_is_cut_and_says_so(letter):
    units = len(letter.encode("utf-16-le")) // 2
    fits = letter * (CELL_UNITS // units)
    assert harmless(fits) == fits
    shown = harmless(fits + letter * 10_000)
    assert len(shown.encode("utf-16-le")) // 2 <= CELL_UNITS
    assert re.search(rf"{letter}… \[cut: [\d,]+ characters; JSON Lines has all of them\]$", shown)
    assert f"{len(fits) + 10_000:,}" in shown
    assert harmless("=" + fits).startswith("'=")
