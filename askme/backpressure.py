"""Backpressure: `send` waits while the peer does not read, and the peer waits for `receive`.

ASGI lets a server's `send` wait, but Daphne's never does: a page that asks for much and reads nothing would
have all of it kept in this process's memory. Here Twisted's transport says when its buffer is full (64 KB),
and neither sends nor reads more until it is empty; a peer that takes too long about it is cut off. Nor does
Daphne bound the frames that wait for the application: here it reads more only when the application asks.
"""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any

from autobahn.exception import Disconnected

STUCK_SECONDS = 30.0  # about as long as Daphne waits for a pong


class BackpressureMiddleware:
    """Wraps an ASGI application. Under another server than Daphne it changes nothing."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        # Daphne's `send` is `partial(handle_reply, protocol)`: the way to the transport.
        transport = getattr(send.args[0], "transport", None) if isinstance(send, partial) else None
        if transport is None:
            await self.application(scope, receive, send)
            return
        gate = Gate(transport, receive, send)
        try:
            await self.application(scope, gate.receive, gate.send)
        finally:
            gate.listen(True)  # Autobahn still reads the peer's reply to a close


class Gate:
    """A push producer in Twisted's sense (IPushProducer), whose data are the application's messages."""

    def __init__(self, transport: Any, receive: Any, send: Any) -> None:
        self._transport, self._receive, self._send = transport, receive, send
        self._listening = True
        self._open = asyncio.Event()
        self._open.set()
        self._cutting: asyncio.TimerHandle | None = None
        transport.unregisterProducer()  # the HTTP channel's, which ended with the upgrade
        transport.registerProducer(self, True)

    async def receive(self) -> Any:
        self.listen(True)
        try:
            return await self._receive()
        finally:
            self.listen(False)

    def listen(self, listening: bool) -> None:
        self._listening = listening
        self._read_or_wait()

    async def send(self, message: Any) -> None:
        # A close waits for nobody: a process that ends lets all its pages go, one after the other.
        if message["type"] == "websocket.send":
            await self._open.wait()
        # Daphne throws away what is sent to a lost connection, but learns of it a moment after Autobahn.
        with suppress(Disconnected):
            await self._send(message)

    def pauseProducing(self) -> None:
        """At each write to a full buffer: Daphne's pings and closes come through no gate."""
        self._open.clear()
        self._read_or_wait()
        if self._cutting is None:
            self._cutting = asyncio.get_running_loop().call_later(STUCK_SECONDS, self._cut)

    def resumeProducing(self) -> None:
        self._let_go()
        self._read_or_wait()

    def stopProducing(self) -> None:
        self._let_go()  # the connection is lost; Daphne throws away what is still sent

    def _read_or_wait(self) -> None:
        # Who does not read is not listened to: the replies to its frames would pile up.
        if self._listening and self._open.is_set():
            self._transport.resumeProducing()
        else:
            self._transport.pauseProducing()

    def _cut(self) -> None:
        self._transport.abortConnection()
        self._let_go()  # Autobahn may have unregistered us: nobody else would wake who waits

    def _let_go(self) -> None:
        if self._cutting is not None:
            self._cutting.cancel()
            self._cutting = None
        self._open.set()


class DownloadBackpressure:
    """The same for HTTP replies that are made while they are sent, such as the export of a history.

    Wraps an ASGI application. Under another server than Daphne it changes nothing.
    """

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
    """A push producer in Twisted's sense, from the first part of a reply to its last."""

    def __init__(self, request: Any, send: Any) -> None:
        self._request, self._send = request, send
        self._registered = False
        self._open = asyncio.Event()
        self._open.set()
        self._cutting: asyncio.TimerHandle | None = None

    async def send(self, message: Any) -> None:
        has_more = message.get("more_body", False)
        if has_more and not self._registered and self._request.channel is not None:
            self._registered = True
            self._request.registerProducer(self, True)
        await self._open.wait()
        if not has_more:
            self.end()  # Twisted finishes no request that has a producer
        await self._send(message)

    def end(self) -> None:
        self.stopProducing()
        if self._registered and self._request.channel is not None:
            self._registered = False
            self._request.unregisterProducer()

    def pauseProducing(self) -> None:
        self._open.clear()
        if self._cutting is None:
            self._cutting = asyncio.get_running_loop().call_later(STUCK_SECONDS, self._cut)

    def resumeProducing(self) -> None:
        self.stopProducing()

    def stopProducing(self) -> None:
        if self._cutting is not None:
            self._cutting.cancel()
            self._cutting = None
        self._open.set()

    def _cut(self) -> None:
        if self._request.channel is not None:
            self._request.channel.transport.abortConnection()
        self.stopProducing()
