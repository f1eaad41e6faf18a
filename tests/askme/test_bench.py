"""The measurements still work, with few answers, and their reports say what was measured."""

import re
import subprocess
import sys

from bench.__main__ import LOADS, is_measured
from bench.markdown import CYCLE, TIMED, token
from bench.measure import Load, Result
from bench.pages import TOKEN
from bench.report import write
from tests.support.sites import ROOT

PLAIN, HTML = "askme", "askme, HTML"


def test_the_measurement_of_rows_works(tmp_path):
    table = tmp_path / "ROWS.md"
    command = [sys.executable, "-m", "bench.rows", "--rows", "2000", "--few", "1000", "--run", "0"]
    command += ["--idle", "1", "--file", str(table)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    rows = [line.strip("| ").split(" | ") for line in table.read_text().splitlines() if line.startswith("| ")]
    assert len(rows) > 20
    for row in rows[1:]:
        assert len(row) == 7
        assert all(re.fullmatch(r"[\d.]+|–", cell) for cell in row[1:]), row


def result(server, load, cpu, updates):
    figures = dict.fromkeys(Result.__dataclass_fields__, 1.0)
    return Result(**(figures | {"server": server, "load": load, "cpu": cpu, "updates": updates, "tokens": 1}))


def test_the_report_says_what_formatting_adds(tmp_path):
    usual, markdown = Load(50, 50), Load(20, 30, is_markdown=True)
    results = [result("proxy", usual, 20, 50), result(PLAIN, usual, 100, 50)]
    results += [result(PLAIN, markdown, 60.2, 29.9), result(HTML, markdown, 71.4, 9.96)]
    write(results, tmp_path)
    table = (tmp_path / "RESULTS.md").read_text()
    assert "| 50 x 50/s | askme | 5.0 | 100 |" in table
    assert "| 20 x 30/s, Markdown | 60 | 71 | +11 | 29.9 | 10.0 |" in table
    assert table.count("Markdown |") == 1


def test_the_report_says_which_targets_are_met(tmp_path):
    lone, slow = Load(1, 50), Load(200, 30)
    results = [result("proxy", lone, 200, 50), result(PLAIN, lone, 410, 50)]
    results += [result("askme, slow core", slow, 100, 30)]
    write(results, tmp_path)
    table = (tmp_path / "RESULTS.md").read_text()
    assert "| 1 x 50/s | CPU per token, of the proxy's | 2 | 2.05 | **no** |" in table
    assert "| 1 x 50/s | first text after the proxy's, ms | 15 | 0 | yes |" in table
    assert (
        "| 200 x 30/s, slow core | tokens lost or doubled, answers refused or cut | 0 | 3 | **no** |" in table
    )
    assert "500 x 20/s" not in table


def test_formatting_is_measured_beside_plain_text():
    measured = [load for load in LOADS if is_measured(HTML, load)]
    assert measured
    assert all(is_measured(PLAIN, load) and load.is_markdown for load in measured)


def test_the_markdown_of_a_load_has_every_kind_of_block_and_hides_no_token():
    text = "".join(token(number, 50_000_000_000) for number in range(CYCLE * 2))
    for markup in (
        "# Title\n",
        "**bold**",
        "`code`",
        "](https://",
        "\n- ",
        "```python\n",
        "\n```\n",
        "|---|",
    ):
        assert markup in text
    assert [int(token[1]) for token in TOKEN.finditer(text)] == list(range(0, CYCLE * 2, TIMED))
    assert 4 < len(text) / (CYCLE * 2) < 10
