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

    Other work on the machine can make the code late, but never early: the shortest of several times says most
    about it. So a test that ends with this error, and with no other, is run again, up to `REPEATS` times
    (tests/conftest.py), and the report says so.
    """


def assert_less(took: float, seconds: float, what: str = "it") -> None:
    """Raise `TookTooLong` unless what was measured is less than a number of seconds."""
    if took >= seconds:
        raise TookTooLong(f"{what} took {took:.3f} s, and not less than {seconds} s")


@contextmanager
def within(seconds: float, clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Raise `TookTooLong` if the block ends without an error, and takes more seconds than this."""
    began = clock()
    yield
    assert_less(clock() - began, seconds)


@pytest.fixture
def record_time(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> RecordTime:
    """Record a measured time in the JUnit report, and on the screen with -s."""

    def record(what: str, seconds: float) -> None:
        record_property(what, f"{seconds:.3f}")
        sys.stdout.write(f"\n  {request.node.name}: {what}: {seconds:.3f} s")

    return record
