"""The clock of a call, and what a timeout means."""

import time

import pytest

from answers.completions import Endpoint
from answers.wire import Clock


def clock(**seconds: float) -> Clock:
    none: dict[str, float] = dict.fromkeys(("first_text_seconds", "silence_seconds", "answer_seconds"), 0)
    clock = Clock(Endpoint(base_url="http://127.0.0.1", model="small", **(none | seconds)))  # type: ignore[arg-type]
    clock.start()
    return clock


def test_the_nearest_deadline_counts() -> None:
    remaining = clock(first_text_seconds=60, answer_seconds=5).remaining()
    assert remaining is not None
    assert 4 < remaining <= 5


def test_without_limits_there_is_no_deadline() -> None:
    assert clock().remaining() is None
    assert clock().allows(1e9)


def test_a_deadline_that_has_passed_is_named() -> None:
    late = clock(answer_seconds=1e-9)
    with pytest.raises(TimeoutError):
        late.remaining()
    assert late.expired == "answer"


def test_the_kernels_own_timeout_is_no_deadline_of_ours() -> None:
    """ETIMEDOUT, a peer that is dead, is a TimeoutError too."""
    for early in (clock(), clock(answer_seconds=60)):
        early.ran_out()
        assert early.expired is None


def test_silence_begins_with_the_wait_after_the_last_words() -> None:
    waiting = clock(first_text_seconds=60, silence_seconds=5)
    waiting.spoken = True
    for _ in range(2):
        remaining = waiting.remaining()
        assert remaining is not None
        assert remaining <= 5
        time.sleep(0.01)  # time that passes while nobody waits
    assert remaining < 4.995


def test_a_new_attempt_keeps_the_wait_for_the_first_text() -> None:
    tried = clock(first_text_seconds=60)
    before = tried.remaining()
    tried.hurry(0.1)
    tried.next_attempt()
    after = tried.remaining()
    assert before is not None
    assert after is not None
    assert 59 < after <= before


def test_a_pause_must_leave_time_for_an_answer() -> None:
    assert clock(first_text_seconds=5).allows(4)
    assert not clock(first_text_seconds=5).allows(6)
    assert not clock(answer_seconds=5).allows(6)
