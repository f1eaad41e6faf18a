"""One question's hold on its connection: any thread can cut it, in any phase, and it obeys its deadlines.

What `requests` offers is not enough: its timeouts count the silence between bytes, so that a byte now and
then defeats them, and its `close()` waits for the next byte. Here the socket's timeout is set to what is
left before each operation, and a cut is a shutdown of the socket, which wakes whoever waits for it.
"""

import errno
import math
import os
import select
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from answers.completions.endpoint import Endpoint

SLACK_SECONDS = 0.01  # timeouts are rounded

Phase = Literal["connect", "first text", "silence", "answer", "tail"]


class Stopped(Exception):
    """The person, or the site, wants no more of this answer."""


@dataclass(slots=True)
class Pace:
    """How long each question lets its answer gather between two reads, in seconds; one for a whole client."""

    seconds: float = 0.0


class Clock:
    """The deadlines of one question, on the monotonic clock, over all of its attempts.

    Only the model's own words, text or reasoning, end the wait for the first text and begin the silence
    anew. Headers, keep-alive comments and empty deltas do not.
    """

    def __init__(self, endpoint: Endpoint, pace: Pace | None = None) -> None:
        self._endpoint = endpoint
        self._pace = pace or Pace()
        self._deadlines: dict[Phase, float] = {}
        self.expired: Phase | None = None
        self.spoken = False  # set when the model has said something: its next wait begins anew

    def start(self) -> None:
        self._set("answer", self._endpoint.answer_seconds)
        self._set("first text", self._endpoint.first_text_seconds)

    def connecting(self) -> None:
        self._set("connect", self._endpoint.connect_seconds)

    def connected(self) -> None:
        self._deadlines.pop("connect", None)

    def hurry(self, seconds: float) -> None:
        """What is still to come is not worth a longer wait."""
        self._set("tail", seconds)

    def next_attempt(self) -> None:
        """Forget what belonged to the last attempt alone; the wait for the first text goes on over all."""
        self.expired = None
        self.spoken = False
        for phase in ("connect", "tail", "silence"):
            self._deadlines.pop(phase, None)
        if "first text" not in self._deadlines:  # the last attempt was cut while the model was reasoning
            self._set("first text", self._endpoint.first_text_seconds)

    def rest(self) -> None:
        """Let more text gather before it is read; only after words, so that the first are never held back."""
        if self.spoken and self._pace.seconds:
            time.sleep(self._pace.seconds)

    def remaining(self) -> float | None:
        """Seconds to the next deadline, None if there is none; raises TimeoutError if it is over."""
        if self.spoken:  # counted from here, not from its arrival: a slow reader is not the model's silence
            self.spoken = False
            self._deadlines.pop("first text", None)
            self._set("silence", self._endpoint.silence_seconds)
        if not self._deadlines:
            return None
        seconds = min(self._deadlines.values()) - time.monotonic()
        if seconds <= 0:
            self.ran_out()
            raise TimeoutError(f"deadline passed: {self.expired}")
        return seconds

    def allows(self, seconds: float) -> bool:
        """Whether a pause leaves time for an answer."""
        end = time.monotonic() + seconds
        return all(end < self._deadlines.get(phase, math.inf) for phase in ("first text", "answer"))

    def ran_out(self) -> None:
        """A wait has ended with a TimeoutError. Ours, or the kernel's, whose peer is dead? The time tells."""
        phase, end = min(self._deadlines.items(), key=lambda item: item[1], default=(None, math.inf))
        if end - time.monotonic() < SLACK_SECONDS:
            self.expired = phase

    def _set(self, phase: Phase, seconds: float) -> None:
        if seconds and seconds < math.inf:
            self._deadlines[phase] = time.monotonic() + seconds


class Wire:
    """Holds a duplicate of the socket that the question uses at the moment.

    A duplicate, since the socket itself changes hands under us (the TLS handshake detaches it, `http.client`
    closes it, the pool gives it to the next question) and its number may by then belong to something else.
    Ours cuts the same connection, and nobody else closes it.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.unproven = False  # from the pool, and has not answered yet: the server may have closed it
        self._stop = threading.Event()
        self._lock = threading.Lock()  # never held while waiting
        self._handle: socket.socket | None = None

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        """Cut the connection now, or as soon as there is one."""
        self._stop.set()
        with self._lock:
            if self._handle is not None:
                with suppress(OSError):  # not connected yet, or closed by the other side
                    self._handle.shutdown(socket.SHUT_RDWR)

    def connect(self, sock: socket.socket, address: Any, seconds: float | None) -> None:
        """Connect and hold; raises OSError.

        Begun under the lock, for a shutdown reaches a connection that is being made, but not one that is
        about to be: so no stop falls between the two.
        """
        self.let_go()
        sock.setblocking(False)
        with self._lock:
            self.check()
            error = sock.connect_ex(address)
            self.unproven = False
            self._handle = _duplicate(sock)
        if error == errno.EINPROGRESS:
            poller = select.poll()
            poller.register(sock, select.POLLOUT)
            if not poller.poll(None if seconds is None else math.ceil(seconds * 1000)):
                raise TimeoutError(errno.ETIMEDOUT, "connecting took too long")
            error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        self.check()
        if error:
            raise OSError(error, os.strerror(error))

    def hold(self, sock: socket.socket) -> None:
        """Hold a socket that the pool has kept since another question; raises OSError if stopped."""
        self.let_go()
        with self._lock:
            self.check()
            self.unproven = True
            self._handle = _duplicate(sock)

    def let_go(self) -> bool:
        """The connection is ours no more: no later stop reaches it. Returns whether it is still whole."""
        with self._lock:
            handle, self._handle = self._handle, None
            whole = not self.stopped
        if handle is not None:
            handle.close()
        return whole

    def check(self) -> None:
        """An OSError, for this is raised in the midst of urllib3, which cleans up after those."""
        if self.stopped:
            raise ConnectionAbortedError("stopped")

    def sleep(self, seconds: float) -> None:
        """Wait, unless stopped."""
        if self._stop.wait(seconds):
            raise Stopped


def _duplicate(sock: socket.socket) -> socket.socket:
    return socket.fromfd(sock.fileno(), sock.family, sock.type)
