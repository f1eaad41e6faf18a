"""Looks up host names in threads of its own, because a lookup can be neither stopped nor given a deadline.

If the name servers do not reply, `getaddrinfo` returns after half a minute, or never. Meanwhile its callers
give up when they have to, and those who come later join a lookup that is under way. So the number of threads
that hang is bounded, however many questions are asked.
"""

import copy
import socket
import threading
import time
from contextlib import suppress
from typing import Any

from completions.wire import Wire

Addresses = list[tuple[Any, Any, int, str, Any]]

LOOKUPS = 4  # of one host at once
FRESH_SECONDS = 5.0  # an older lookup may hang even though the name servers reply again
POLL_SECONDS = 0.05  # how soon a stop is noticed


class Resolver:
    """One per process. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # never held while waiting
        self._lookups: dict[tuple[Any, ...], list[Lookup]] = {}  # under way, oldest first

    def resolve(self, host: str, port: int, family: int, wire: Wire) -> Addresses:
        """The same as `getaddrinfo`. Raises OSError, also if the wire is stopped or a deadline passes."""
        with suppress(OSError):  # an address instead of a name
            return socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)
        lookup = self._lookup((host, port, family, socket.SOCK_STREAM))
        while not lookup.wait(min(POLL_SECONDS, wire.deadlines.remaining() or POLL_SECONDS)):
            wire.raise_if_stopped()
        return lookup.result()

    def _lookup(self, key: tuple[Any, ...]) -> "Lookup":
        with self._lock:
            lookups = self._lookups.setdefault(key, [])
            if lookups and (lookups[-1].is_fresh() or len(lookups) >= LOOKUPS):
                return lookups[-1]
            lookups.append(lookup := Lookup(key))
        try:
            threading.Thread(target=self._run, args=(lookup,), name="resolver", daemon=True).start()
        except RuntimeError as error:  # the system allows no more threads
            lookup.fail(OSError(str(error)))
            self._finish(lookup)
        return lookup

    def _run(self, lookup: "Lookup") -> None:
        lookup.run()
        self._finish(lookup)

    def _finish(self, lookup: "Lookup") -> None:
        with self._lock:
            lookups = self._lookups[lookup.key]
            lookups.remove(lookup)
            if not lookups:
                del self._lookups[lookup.key]
        lookup.finish()  # afterwards, so that the next question gets a new one


class Lookup:
    def __init__(self, key: tuple[Any, ...]) -> None:
        self.key = key
        self._began = time.monotonic()
        self._done = threading.Event()
        self._addresses: Addresses = []
        self._error: Exception | None = None

    def is_fresh(self) -> bool:
        return time.monotonic() - self._began < FRESH_SECONDS

    def run(self) -> None:
        try:
            self._addresses = socket.getaddrinfo(*self.key)
        except Exception as error:
            self.fail(error)

    def fail(self, error: Exception) -> None:
        self._error = error

    def finish(self) -> None:
        self._done.set()

    def wait(self, seconds: float) -> bool:
        return self._done.wait(seconds)

    def result(self) -> Addresses:
        if self._error is not None:
            raise copy.copy(self._error)  # several threads may raise it
        return self._addresses
