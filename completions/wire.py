"""One question's hold on its connection: any thread can cut it, in any phase, and its deadlines apply.

What `requests` offers is not enough. Its timeouts count the silence between bytes, so one byte now and then
defeats them, and its `close()` waits for the next byte. Here each operation sets the socket's timeout to the
time that is left, and a stop shuts the socket down, which wakes the thread that waits for it.
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

from completions.request import Endpoint

SLACK_SECONDS = 0.01  # timeouts are rounded

Phase = Literal["connect", "first text", "silence", "answer", "tail"]


class Stopped(Exception):
    """The person or the site has stopped this answer."""


@dataclass(slots=True)
class Pace:
    """How long each thread lets text gather between two reads, in seconds. One for a whole client."""

    seconds: float = 0.0


class Deadlines:
    """The deadlines of one question, on the monotonic clock, across all attempts.

    Only output of the model, text or reasoning, ends the wait for the first text and restarts the silence
    deadline. Headers, keep-alive comments and empty deltas do not.
    """

    def __init__(self, endpoint: Endpoint, pace: Pace | None = None) -> None:
        self._endpoint = endpoint
        self._pace = pace or Pace()
        self._ends: dict[Phase, float] = {}
        self.expired: Phase | None = None
        self.has_output = False  # set by output of the model: the next wait restarts the silence deadline

    def start(self) -> None:
        self._set("answer", self._endpoint.answer_seconds)
        self._set("first text", self._endpoint.first_text_seconds)

    def start_attempt(self) -> None:
        """Forget what belonged to the last attempt alone. The wait for the first text spans all attempts."""
        self.expired = None
        self.has_output = False
        for phase in ("connect", "tail", "silence"):
            self._ends.pop(phase, None)
        if "first text" not in self._ends:  # the last attempt was cut while the model was reasoning
            self._set("first text", self._endpoint.first_text_seconds)

    def start_connecting(self) -> None:
        self._set("connect", self._endpoint.connect_seconds)

    def finish_connecting(self) -> None:
        self._ends.pop("connect", None)

    def limit_tail(self, seconds: float) -> None:
        """Wait only this long for the rest of the reply: nothing important is missing. 0: something is."""
        self._ends.pop("tail", None)
        self._set("tail", seconds)

    def pause_before_read(self) -> None:
        """Let more text gather. Only after output, so that the first text is never held back."""
        if self.has_output and self._pace.seconds:
            time.sleep(self._pace.seconds)

    def remaining(self) -> float | None:
        """Seconds to the next deadline, None if there is none. Raises TimeoutError if it has passed."""
        if self.has_output:  # counted from now, not from its arrival: a slow reader is not a silent model
            self.has_output = False
            self._ends.pop("first text", None)
            self._set("silence", self._endpoint.silence_seconds)
        if not self._ends:
            return None
        seconds = min(self._ends.values()) - time.monotonic()
        if seconds <= 0:
            self.check_expired()
            raise TimeoutError(f"deadline passed: {self.expired}")
        return seconds

    def allow_pause(self, seconds: float) -> bool:
        """Whether a pause leaves time for an answer."""
        end = time.monotonic() + seconds
        return all(end < self._ends.get(phase, math.inf) for phase in ("first text", "answer"))

    def check_expired(self) -> None:
        """After a TimeoutError, set `expired` if the deadline was ours.

        The kernel raises TimeoutError too, when the peer is dead. Only the time distinguishes the two.
        """
        phase, end = min(self._ends.items(), key=lambda item: item[1], default=(None, math.inf))
        if end - time.monotonic() < SLACK_SECONDS:
            self.expired = phase

    def _set(self, phase: Phase, seconds: float) -> None:
        if seconds and seconds < math.inf:
            self._ends[phase] = time.monotonic() + seconds


class Wire:
    """Holds a duplicate of the socket that the question is using.

    The original socket changes owners: the TLS handshake detaches it, `http.client` closes it, and the pool
    gives it to the next question. By then its file descriptor may belong to something else. The duplicate
    cuts the same connection, and nobody else closes it.
    """

    def __init__(self, deadlines: Deadlines) -> None:
        self.deadlines = deadlines
        self.request_sent = False  # or is being sent; the API has not refused it
        self.maybe_stale = False  # from the pool and not answered yet: the server may have closed it
        self.connects = 0  # new connections, ever; the pool often has one
        self._stop = threading.Event()
        self._lock = threading.Lock()  # never held while waiting
        self._held: socket.socket | None = None

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        """Cut the connection now, or as soon as there is one."""
        self._stop.set()
        with self._lock:
            if self._held is not None:
                with suppress(OSError):  # not connected yet, or closed by the other side
                    self._held.shutdown(socket.SHUT_RDWR)

    def connect(self, sock: socket.socket, address: Any, seconds: float | None) -> None:
        """Connect the socket and hold it. Raises OSError.

        Connecting starts under the lock. A shutdown reaches a connection in progress, but not one that has
        not started, so no stop may fall between the check and the start.
        """
        self.release()
        sock.setblocking(False)
        with self._lock:
            self.raise_if_stopped()
            self.connects += 1
            error = sock.connect_ex(address)
            self.maybe_stale = False
            self._held = _duplicate(sock)
        if error == errno.EINPROGRESS:
            poller = select.poll()
            poller.register(sock, select.POLLOUT)
            if not poller.poll(None if seconds is None else math.ceil(seconds * 1000)):
                raise TimeoutError(errno.ETIMEDOUT, "connecting took too long")
            error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        self.raise_if_stopped()
        if error:
            raise OSError(error, os.strerror(error))

    def hold(self, sock: socket.socket) -> None:
        """Hold a socket that the pool kept from another question. Raises OSError if stopped."""
        self.release()
        with self._lock:
            self.raise_if_stopped()
            self.maybe_stale = True
            self._held = _duplicate(sock)

    def release(self) -> bool:
        """Release the connection: a later stop does not reach it. Return whether it is still intact."""
        with self._lock:
            held, self._held = self._held, None
            intact = not self.stopped
        if held is not None:
            held.close()
        return intact

    def raise_if_stopped(self) -> None:
        """Raises an OSError, because it is called inside urllib3, which cleans up after those."""
        if self.stopped:
            raise ConnectionAbortedError("stopped")

    def sleep(self, seconds: float) -> None:
        """Wait. Raises Stopped."""
        if self._stop.wait(seconds):
            raise Stopped


def _duplicate(sock: socket.socket) -> socket.socket:
    return socket.fromfd(sock.fileno(), sock.family, sock.type)
