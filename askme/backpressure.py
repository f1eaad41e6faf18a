"""Backpressure for websockets: `send` waits while the peer does not read.

ASGI lets a server's `send` wait, but Daphne's never does: a page that asks for much and reads nothing would
have all of it kept in this process's memory. Here Twisted's transport says when its buffer is full (64 KB),
and neither sends nor reads more until it is empty; a peer that takes too long about it is cut off.
"""

import asyncio
from functools import partial
from typing import Any

STUCK_SECONDS = 30.0  # about as long as Daphne waits for a pong


class BackpressureMiddleware:
    """Wraps an ASGI application. Under another server than Daphne it changes nothing."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        # Daphne's `send` is `partial(handle_reply, protocol)`: the way to the transport.
        transport = getattr(send.args[0], "transport", None) if isinstance(send, partial) else None
        if transport is not None:
            send = Gate(transport, send).send
        await self.application(scope, receive, send)


class Gate:
    """A push producer in Twisted's sense (IPushProducer), whose data are the application's messages."""

    def __init__(self, transport: Any, send: Any) -> None:
        self._transport, self._send = transport, send
        self._open = asyncio.Event()
        self._open.set()
        self._cutting: asyncio.TimerHandle | None = None
        transport.unregisterProducer()  # the HTTP channel's, which ended with the upgrade
        transport.registerProducer(self, True)

    async def send(self, message: Any) -> None:
        # A close waits for nobody: a process that ends lets all its pages go, one after the other.
        if message["type"] == "websocket.send":
            await self._open.wait()
        await self._send(message)

    def pauseProducing(self) -> None:
        """At each write to a full buffer: Daphne's pings and closes come through no gate."""
        self._open.clear()
        self._transport.pauseProducing()  # who does not read is not listened to: its frames would pile up
        if self._cutting is None:
            self._cutting = asyncio.get_running_loop().call_later(STUCK_SECONDS, self._cut)

    def resumeProducing(self) -> None:
        self._let_go()
        self._transport.resumeProducing()

    def stopProducing(self) -> None:
        self._let_go()  # the connection is lost; Daphne throws away what is still sent

    def _cut(self) -> None:
        self._transport.abortConnection()
        self._let_go()  # Autobahn may have unregistered us: nobody else would wake who waits

    def _let_go(self) -> None:
        if self._cutting is not None:
            self._cutting.cancel()
            self._cutting = None
        self._open.set()
