"""The measurement of what many answers cost still works, with few."""

import re
import subprocess
import sys

from tests.support.sites import ROOT


def test_the_measurement_of_rows_works(tmp_path):
    table = tmp_path / "ROWS.md"
    command = [sys.executable, "-m", "bench.rows", "--rows", "1000", "--few", "200", "--idle", "1"]
    command += ["--file", str(table)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    rows = [line.strip("| ").split(" | ") for line in table.read_text().splitlines() if line.startswith("| ")]
    assert len(rows) > 20
    for row in rows[1:]:
        assert len(row) == 7
        assert all(re.fullmatch(r"[\d.]+|–", cell) for cell in row[1:]), row
