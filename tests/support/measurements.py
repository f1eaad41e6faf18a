"""Record measured times beside a test's result."""

import sys
from collections.abc import Callable

import pytest

RecordTime = Callable[[str, float], None]


@pytest.fixture
def record_time(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> RecordTime:
    """Record a measured time in the JUnit report, and on the screen with -s."""

    def record(what: str, seconds: float) -> None:
        record_property(what, f"{seconds:.3f}")
        sys.stdout.write(f"\n  {request.node.name}: {what}: {seconds:.3f} s")

    return record
