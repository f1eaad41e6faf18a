"""Backpressure for Daphne: `send` waits while the peer does not read, and the peer waits for `receive`.

ASGI lets a server's `send` wait, but Daphne's never does. If a page asks for a lot and reads nothing, all of
it stays in the memory of this process. Here Twisted's transport reports when more than `READ_BYTES` wait in
it for the socket (for a download, Twisted's own 64 KB). Then nothing more is sent until they are gone, and a
peer that takes too long is disconnected. Daphne does not limit the frames that wait for the application
either. Here it reads more only when the application asks for it, which it does not do while it waits to send
a reply. Frames without a reply, such as Stop, are read even if the buffer is full. Other servers do this
themselves, so under them this module does nothing.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from answers.live.direct_writer import DirectWriter

READ_BYTES = 256  # at once: hundreds of small frames in one read would delay all other sockets
STUCK_SECONDS = 30.0  # about as long as Daphne waits for a pong
PONG_SECONDS = 5.0  # in which a pong that has already arrived is read


class BackpressureMiddleware:
    """Wraps an ASGI application."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        # Daphne's `send` is `partial(handle_reply, protocol)`, which leads to the transport.
        protocol = send.args[0] if isinstance(send, partial) else None
        transport = getattr(protocol, "transport", None)
        if protocol is None or transport is None:
            await self.application(scope, receive, send)
            return
        socket = SocketProducer(transport, receive, send, protocol.sendPong)
        protocol.onPing = socket.answer_ping
        protocol.onAutoPingTimeout = partial(_pong_is_missing, protocol, socket, protocol.onAutoPingTimeout)
        try:
            await self.application(scope, socket.receive, socket.send)
        finally:
            socket.set_reading(True)  # Autobahn still reads the peer's reply to a close


def _pong_is_missing(protocol: Any, socket: "SocketProducer", drop: Callable[[], None]) -> None:
    """A missing pong does not always mean that the peer is gone.

    While a frame waits in line, nothing is read, not even pongs. And once the peer has answered a later ping,
    Autobahn forgets the earlier ones but does not cancel their timers.
    """
    if protocol.autoPingPending is not None and socket.has_read(PONG_SECONDS):
        drop()
    else:
        protocol.autoPingTimeoutCall = None  # as Autobahn does. Daphne sends another ping.


class SocketProducer:
    """A push producer (Twisted's IPushProducer) of the application's messages."""

    def __init__(self, transport: Any, receive: Any, send: Any, pong: Callable[[bytes], None]) -> None:
        from autobahn.exception import Disconnected  # Daphne's; other servers need not have it

        self._disconnected = Disconnected
        self._transport, self._receive, self._send, self._pong = transport, receive, send, pong
        self._ping: bytes | None = None  # not answered yet
        self._reading_since: float | None = asyncio.get_running_loop().time()
        self._writable = asyncio.Event()
        self._writable.set()
        self._abort_timer: asyncio.TimerHandle | None = None
        transport.bufferSize = READ_BYTES
        # Over TLS, Twisted encrypts first, and sends later.
        self._writer = DirectWriter(transport) if hasattr(transport, "startWriting") else None
        transport.unregisterProducer()  # the HTTP channel's, which ended with the upgrade
        transport.registerProducer(self, True)

    async def receive(self) -> Any:
        self.set_reading(True)
        try:
            return await self._receive()
        finally:
            self.set_reading(False)

    def set_reading(self, reading: bool) -> None:
        if reading:
            self._reading_since = asyncio.get_running_loop().time()
            self._transport.resumeProducing()
        else:
            self._reading_since = None
            self._transport.pauseProducing()

    def has_read(self, seconds: float) -> bool:
        """Whether it has read all that came for so long, without a pause."""
        since = self._reading_since
        return since is not None and asyncio.get_running_loop().time() - since >= seconds

    def answer_ping(self, payload: bytes) -> None:
        """Send a pong. While the peer does not read, only its latest ping is kept (RFC 6455, 5.5.3)."""
        if self._writable.is_set():
            self._pong(payload)
        else:
            self._ping = payload

    async def send(self, message: Any) -> None:
        # A close does not wait: at shutdown, a process closes all its sockets one after the other.
        is_frame = message["type"] == "websocket.send"
        if is_frame:
            await self._writable.wait()
        # Daphne discards what is sent to a lost connection, but notices the loss a moment after Autobahn.
        with suppress(self._disconnected):
            if is_frame and self._writer is not None:
                await self._writer.write(self._send(message))
            else:
                await self._send(message)

    def pauseProducing(self) -> None:
        """Called at each write to a full buffer; Daphne writes pings and closes without us."""
        self._writable.clear()
        if self._abort_timer is None:
            self._abort_timer = asyncio.get_running_loop().call_later(STUCK_SECONDS, self._abort)

    def resumeProducing(self) -> None:
        self._resume()
        if self._ping is not None:
            ping, self._ping = self._ping, None
            self._pong(ping)

    def stopProducing(self) -> None:
        self._resume()  # the connection is lost; Daphne discards what is still sent

    def _abort(self) -> None:
        self._transport.abortConnection()
        self._resume()  # Autobahn may have unregistered us, and then nothing else ends the wait

    def _resume(self) -> None:
        if self._abort_timer is not None:
            self._abort_timer.cancel()
            self._abort_timer = None
        self._writable.set()


class DownloadBackpressure:
    """The same for streaming HTTP responses. Wraps an ASGI application."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = send.args[0] if isinstance(send, partial) else None
        if not hasattr(request, "registerProducer"):
            await self.application(scope, receive, send)
            return
        download = Download(request, send)
        try:
            await self.application(scope, receive, download.send)
        finally:
            download.end()


class Download:
    """A push producer, from the first part of a response to its last."""

    def __init__(self, request: Any, send: Any) -> None:
        self._request, self._send = request, send
        self._registered = False
        self._writable = asyncio.Event()
        self._writable.set()
        self._abort_timer: asyncio.TimerHandle | None = None

    async def send(self, message: Any) -> None:
        has_more = message.get("more_body", False)
        if has_more and not self._registered and self._request.channel is not None:
            self._registered = True
            self._request.registerProducer(self, True)
        await self._writable.wait()
        if not has_more:
            self.end()  # Twisted does not finish a request that has a producer
        await self._send(message)

    def end(self) -> None:
        self.stopProducing()
        if self._registered and self._request.channel is not None:
            self._registered = False
            self._request.unregisterProducer()

    def pauseProducing(self) -> None:
        self._writable.clear()
        if self._abort_timer is None:
            self._abort_timer = asyncio.get_running_loop().call_later(STUCK_SECONDS, self._abort)

    def resumeProducing(self) -> None:
        self.stopProducing()

    def stopProducing(self) -> None:
        if self._abort_timer is not None:
            self._abort_timer.cancel()
            self._abort_timer = None
        self._writable.set()

    def _abort(self) -> None:
        if self._request.channel is not None:
            self._request.channel.transport.abortConnection()
        self.stopProducing()
