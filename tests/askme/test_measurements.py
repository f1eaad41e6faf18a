"""A test that took too long is run again. Other failures are not."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.measurements import TookTooLong, within
from tests.support.sites import ROOT

TESTS = """
import pytest
from tests.support.measurements import TookTooLong, assert_less

runs = []

@pytest.mark.timed
def test_late_once():
    runs.append(1)
    assert_less(1 / len(runs), 1)

@pytest.mark.timed
def test_always_late():
    assert_less(2, 1)

@pytest.mark.timed
def test_wrong():
    assert False

@pytest.mark.timed
def test_wrong_after_it_was_late():
    try:
        assert_less(2, 1)
    finally:
        raise AssertionError("something else")

def test_late_without_a_mark():
    assert_less(2, 1)
"""


def run(folder: Path) -> list[str]:
    """The lines that say how each test ended."""
    (folder / "test_few.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n  timed\n  measures\n")
    plugins = ["tests.support.measurements", "no:randomly", "no:django", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-v", *(f"-p{name}" for name in plugins), str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    ends = [line.partition("::")[2].split() for line in done.stdout.splitlines() if "%]" in line]
    return [f"{name} {end}" for name, end, *_ in ends]


def test_only_a_test_that_took_too_long_is_run_again(tmp_path: Path) -> None:
    assert run(tmp_path) == [
        "test_late_once RERUN",
        "test_late_once PASSED",
        "test_always_late RERUN",
        "test_always_late RERUN",
        "test_always_late FAILED",
        "test_wrong FAILED",
        "test_wrong_after_it_was_late FAILED",
        "test_late_without_a_mark FAILED",
    ]


def test_the_error_says_how_long_it_took() -> None:
    with pytest.raises(TookTooLong, match=r"^it took [\d.]+ s; the limit is 0 s$"), within(0):
        pass


def test_an_error_is_raised_as_it_is() -> None:
    with pytest.raises(ValueError, match="not the time"), within(0):
        raise ValueError("not the time")
