"""Promises of time, and the record of what was measured."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

REPEATS = 2
RecordTime = Callable[[str, float], None]


class TookTooLong(AssertionError):
    """A promise of time was not kept.

    Other work on the machine can make code slower, but never faster, so the shortest of several times says
    most about the code. A test marked `timed` or `measures` that fails with this error is run again, up to
    `REPEATS` times, and the report says so.
    """


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.option.usepdb:
        return  # pytest-rerunfailures refuses to run together with the debugger
    for item in items:
        if item.get_closest_marker("timed") or item.get_closest_marker("measures"):
            item.add_marker(pytest.mark.flaky(reruns=REPEATS, condition=_took_too_long))


def _took_too_long(error: BaseException | None) -> bool:
    return isinstance(error, TookTooLong)


def assert_less(took: float, seconds: float) -> None:
    """Raise `TookTooLong` unless `took` is less than `seconds`."""
    if took >= seconds:
        raise TookTooLong(f"it took {took:.3f} s; the limit is {seconds} s")


@contextmanager
def within(seconds: float, clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Raise `TookTooLong` if the block takes `seconds` or longer. An error in it is raised as it is."""
    began = clock()
    yield
    assert_less(clock() - began, seconds)


@pytest.fixture
def record_time(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> RecordTime:
    """Record a measured time in the JUnit report, and on the screen with -s. If a test is run again, the
    report has the times of each run."""

    def record(what: str, seconds: float) -> None:
        record_property(what, f"{seconds:.3f}")
        sys.stdout.write(f"\n  {request.node.name}: {what}: {seconds:.3f} s")

    return record
