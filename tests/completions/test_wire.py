"""The deadlines of a call, what a timeout means, and which connection a stop reaches."""

import socket
import time
from collections.abc import Iterator

import pytest

from completions import Endpoint
from completions.wire import Deadlines, Wire


def deadlines(**seconds: float) -> Deadlines:
    none: dict[str, float] = dict.fromkeys(("first_text_seconds", "silence_seconds", "answer_seconds"), 0)
    result = Deadlines(Endpoint(base_url="http://127.0.0.1", model="small", **(none | seconds)))  # type: ignore[arg-type]
    result.start()
    return result


def test_the_nearest_deadline_counts() -> None:
    remaining = deadlines(first_text_seconds=6_000, answer_seconds=500).remaining()
    assert remaining is not None
    assert 400 < remaining <= 500


def test_without_limits_there_is_no_deadline() -> None:
    assert deadlines().remaining() is None
    assert deadlines().allow_pause(1e9)


def test_a_deadline_that_has_passed_is_named() -> None:
    late = deadlines(answer_seconds=1e-9)
    with pytest.raises(TimeoutError):
        late.remaining()
    assert late.expired == "answer"


def test_a_timeout_of_the_kernel_is_not_one_of_our_deadlines() -> None:
    """ETIMEDOUT, from a dead peer, is a TimeoutError too."""
    for early in (deadlines(), deadlines(answer_seconds=60)):
        early.check_expired()
        assert early.expired is None


def test_silence_begins_with_the_wait_after_the_last_output() -> None:
    waiting = deadlines(first_text_seconds=6_000, silence_seconds=500)
    waiting.has_output = True
    for _ in range(2):
        remaining = waiting.remaining()
        assert remaining is not None
        assert remaining <= 500
        time.sleep(0.01)  # time that passes while nobody waits
    assert remaining < 499.995


def test_a_new_attempt_keeps_the_wait_for_the_first_text() -> None:
    tried = deadlines(first_text_seconds=6_000)
    before = tried.remaining()
    tried.limit_tail(10)
    tried.start_attempt()
    after = tried.remaining()
    assert before is not None
    assert after is not None
    assert 5_900 < after <= before


def test_a_tail_can_be_taken_back() -> None:
    waiting = deadlines(first_text_seconds=6_000)
    waiting.limit_tail(60)
    assert (waiting.remaining() or 6_000) <= 60
    waiting.limit_tail(0)
    assert (waiting.remaining() or 0) > 5_900


def test_a_pause_must_leave_time_for_an_answer() -> None:
    assert deadlines(first_text_seconds=500).allow_pause(400)
    assert not deadlines(first_text_seconds=500).allow_pause(501)
    assert not deadlines(answer_seconds=500).allow_pause(501)


def test_output_of_an_earlier_attempt_does_not_shorten_the_wait_for_text() -> None:
    for waited in (False, True):
        tried = deadlines(first_text_seconds=6_000, silence_seconds=500)
        tried.has_output = True
        if waited:
            tried.remaining()
        tried.start_attempt()
        remaining = tried.remaining()
        assert remaining is not None
        assert remaining > 5_900


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(5)
        yield ours, theirs


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire(deadlines())
    yield wire
    wire.release()


def test_a_stop_cuts_the_connection_that_is_held(
    wire: Wire, pair: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pair
    wire.hold(ours)
    wire.stop()
    assert theirs.recv(1) == b""
    assert not wire.release()  # so it does not go back to the pool


def test_a_stop_does_not_reach_a_released_connection(
    wire: Wire, pair: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pair
    wire.hold(ours)
    assert wire.release()
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
