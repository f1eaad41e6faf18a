"""Writes frames to a socket of Twisted at once, instead of waiting for its loop to find that it is writable.

It nearly always is. Twisted would ask anyway, and two system calls for epoll and one more turn of the event
loop cost more than everything else that is done for a frame.
"""

from collections.abc import Awaitable
from typing import Any


class DirectWriter:
    """One per transport, a `FileDescriptor` of Twisted, which sends what the socket does not take at once."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._start, self._stop = transport.startWriting, transport.stopWriting
        transport.startWriting, transport.stopWriting = self._start_writing, self._stop_writing
        self._is_waiting = True  # Twisted may be waiting until the socket is writable
        self._is_direct = False  # what is written now, we send
        self._has_written = False

    async def write(self, writing: Awaitable[None]) -> None:
        """Await what writes to the transport. It must not wait for anything else."""
        if self._is_waiting:  # for what was written before, which must be sent first
            await writing
            return
        self._is_direct, self._has_written = True, False
        try:
            await writing
        finally:
            self._is_direct = False
            if self._has_written:
                self._send()

    def _send(self) -> None:
        self._is_waiting = True
        failure = self._transport.doWrite()  # calls `stopWriting` once everything is sent
        if self._is_waiting or failure is not None:
            self._start_writing()  # Twisted sends the rest, or finds the same failure and handles it

    def _start_writing(self) -> None:
        if self._is_direct:
            self._has_written = True
        else:
            self._is_waiting = True
            self._start()

    def _stop_writing(self) -> None:
        self._is_waiting = False
        self._stop()
