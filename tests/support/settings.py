"""The system checks of a site's settings, run in a fresh process as an operator runs them."""

import subprocess
from pathlib import Path

from tests.support.sites import Site


def check(folder: Path, **environment: str) -> subprocess.CompletedProcess:
    return Site(folder, **environment).manage("check")


def assert_is_error(done: subprocess.CompletedProcess, id: str, hint: str) -> None:
    """The check has failed with this error, and says what to write."""
    assert done.returncode == 1
    assert f"askme.{id}" in done.stderr
    assert hint in done.stderr
    assert "Traceback" not in done.stderr
