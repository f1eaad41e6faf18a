"""Promises of time have more than one chance, and nothing else has."""

import time

import pytest

from tests.support.measurements import TookTooLong, assert_less, within

tries: list[int] = []


def test_a_test_that_took_too_long_is_run_again(request: pytest.FixtureRequest) -> None:
    tries.append(1)
    assert_less(1 / len(tries), 1)
    assert len(tries) == 2
    assert request.node.get_closest_marker("flaky").kwargs["only_rerun"] is TookTooLong


def test_what_takes_too_long_is_named_with_its_time() -> None:
    with pytest.raises(TookTooLong, match=r"^it took [\d.]+ s, and not less than 0 s$"), within(0):
        pass
    with pytest.raises(ValueError, match="not the time"), within(0, time.process_time):
        raise ValueError("not the time")
