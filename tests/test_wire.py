"""The clock of a call, what a timeout means, and whom a stop reaches."""

import socket
import time
from collections.abc import Iterator

import pytest

from answers.completions import Endpoint
from answers.completions.wire import Clock, Wire


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


def test_words_of_a_former_attempt_do_not_shorten_the_wait_for_text() -> None:
    for heard in (False, True):
        tried = clock(first_text_seconds=60, silence_seconds=5)
        tried.spoken = True
        if heard:
            tried.remaining()
        tried.next_attempt()
        remaining = tried.remaining()
        assert remaining is not None
        assert remaining > 59


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(5)
        yield ours, theirs


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire(clock())
    yield wire
    wire.let_go()


def test_a_stop_cuts_what_is_held(wire: Wire, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    wire.hold(ours)
    wire.stop()
    assert theirs.recv(1) == b""
    assert not wire.let_go()  # so it does not go back to the pool


def test_a_stop_does_not_reach_what_was_let_go(wire: Wire, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    wire.hold(ours)
    assert wire.let_go()
    wire.stop()
    ours.send(b"x")
    assert theirs.recv(1) == b"x"


def test_after_a_stop_nothing_is_held_or_connected(
    wire: Wire, pair: tuple[socket.socket, socket.socket]
) -> None:
    wire.stop()
    with pytest.raises(ConnectionAbortedError):
        wire.hold(pair[0])
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as sock:
        with pytest.raises(ConnectionAbortedError):
            wire.connect(sock, listener.getsockname(), 5)
        listener.settimeout(0.05)
        with pytest.raises(TimeoutError):
            listener.accept()
