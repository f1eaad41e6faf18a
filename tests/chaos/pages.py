"""Pages that ask, follow, lose their sockets and reconnect like answers/static/answers/connection.js."""

import asyncio
import json
import time
from contextlib import suppress
from random import Random
from typing import Any

import requests
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from tests.chaos.plans import PROCESSES, Plan, another

RECONNECT_SECONDS = [0.1, 0.5, 1, 2, 5, 10]  # then the last one again and again
CONNECT_SECONDS = 10.0
STEADY_SECONDS = 5.0
RETRY_SECONDS = 2.0  # a real page obeys `retry_after`; 30 s would be too long here


class Wrong(Exception):
    """Something that a page must never see."""


class Browser:
    """One person's cookie, which is valid at every process."""

    def __init__(self, urls: list[str]) -> None:
        self.urls = urls
        self.cookie = ""

    async def load(self, process: int) -> None:
        """Load the page from this process or, while it is down, from the next."""
        while not self.cookie:
            with suppress(requests.RequestException):
                reply = await asyncio.to_thread(requests.get, self.urls[process], timeout=10)
                self.cookie = "; ".join(f"{name}={value}" for name, value in reply.cookies.items())
            process = (process + 1) % PROCESSES
            await asyncio.sleep(0 if self.cookie else 0.5)

    async def connect(self, process: int) -> ClientConnection:
        url = self.urls[process]
        headers = {"Cookie": self.cookie}
        return await connect(
            url.replace("http", "ws", 1) + "/ws/answers/",
            origin=url,  # type: ignore[arg-type]  # a NewType of websockets
            additional_headers=headers,
            max_size=None,
            proxy=None,
            compression=None,
            open_timeout=CONNECT_SECONDS,
            close_timeout=1,
            ping_interval=None,
        )


class Page:
    """One tab with one answer. `run` returns when the tab shows the end."""

    def __init__(self, name: str, plan: Plan, browser: Browser, process: int, *, asks: bool) -> None:
        self.name, self.plan, self.browser, self.process = name, plan, browser, process
        self.pending = asks
        self.text = ""
        self.longest = ""  # the longest text ever shown
        self.end: dict[str, Any] | None = None
        self.ended: float | None = None
        self.gaps = 0
        self.reconnects: list[float] = []  # seconds from a new socket to the first event
        self._random = Random(f"{plan.seed} {name}")
        self._started_over = False
        self._socket: ClientConnection | None = None
        self._frozen: list[ClientConnection] = []
        self._failures = 0
        self._reading: asyncio.Future[None] | None = None
        self._wants_stop = False

    def log(self, word: str) -> None:
        self.plan.log.append(f"{time.monotonic():.3f} {self.name}: {word}")

    async def run(self) -> None:
        sockets = 0
        try:
            while self.end is None:
                with suppress(OSError, TimeoutError, InvalidHandshake):
                    self._socket = await self.browser.connect(self.process)
                    sockets += 1
                    await self._live(self._socket, again=sockets > 1)
                if self.end is None:
                    await self._pause()
        finally:
            for socket in [*self._frozen, *([self._socket] if self._socket else [])]:
                socket.transport.abort()

    async def _pause(self) -> None:
        delay = RECONNECT_SECONDS[min(self._failures, len(RECONNECT_SECONDS) - 1)]
        self._failures += 1
        if self._random.random() < 0.5 or self._failures > 1:
            self.process = another(self.process, self._random)  # as a load balancer may choose
        await asyncio.sleep(delay * self._random.uniform(0.5, 1.5))

    async def _live(self, socket: ClientConnection, *, again: bool) -> None:
        self.log(f"opened at process {self.process}")
        self._reading = asyncio.ensure_future(self._read(socket, again=again))
        await asyncio.wait([self._reading])
        if self._reading.cancelled():
            self.log("frozen")
            self._frozen.append(socket)
            return
        self.log(f"closed with {socket.close_code}")
        self._socket = None
        self._reading.result()  # raises Wrong

    async def _read(self, socket: ClientConnection, *, again: bool) -> None:
        opened, heard = time.monotonic(), False
        with suppress(WebSocketException):
            await self._say_again()
            async for message in socket:
                if time.monotonic() - opened > STEADY_SECONDS:
                    self._failures = 0
                event = json.loads(message)
                if again and not heard and event["type"] in ("answer.text", "answer.finished"):
                    heard = True
                    self.reconnects.append(time.monotonic() - opened)
                await self._received(event)
                if self.end is not None:
                    return

    # -- What the page does by itself

    async def _say_again(self) -> None:
        if self.pending:
            self.plan.asked = self.plan.asked or time.monotonic()
            await self._say("question.ask", question=self.plan.question, follows=None)
        else:
            await self._follow()

    async def _follow(self) -> None:
        await self._say("answer.follow", position=len(self.text))
        if self._wants_stop:
            await self.stop()

    async def _say(self, type: str, **fields: Any) -> None:
        if self._socket is not None:
            frame = {"type": type, "answer": str(self.plan.id), **fields}
            with suppress(WebSocketException):
                await self._socket.send(json.dumps(frame))

    async def _received(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "error":
                await self._refused(event)
                return
            case "answer.text":
                await self._append(event["position"], event["text"])
            case "answer.finished":
                await self._finished(event)
        if event.get("answer") == str(self.plan.id):  # not `site.busy`, which may come first
            self.pending = False

    async def _refused(self, event: dict[str, Any]) -> None:
        self.log(f"refused: {event['code']} {event['message']}")
        # A second page may follow an answer whose question has not been saved yet.
        if event["retry_after"] is None and event["code"] != "not_found":
            raise Wrong(f"{self.name} was refused: {event}")
        asyncio.get_running_loop().call_later(RETRY_SECONDS, lambda: asyncio.ensure_future(self._say_again()))

    async def _append(self, position: int, text: str) -> None:
        if position > len(self.text):
            self.gaps += 1
            self.log(f"a gap: {len(self.text)} shown, text for {position}")
            await self._follow()
            return
        overlap = len(self.text) - position
        if self.text[position : position + len(text)] != text[:overlap]:
            raise Wrong(f"{self.name}: other text than before at {position}")
        self.text += text[overlap:]
        if len(self.text) > len(self.longest):
            self.longest = self.text

    async def _finished(self, event: dict[str, Any]) -> None:
        if event["length"] != len(self.text) and not self._started_over:
            self.log(f"{event['status']} of {event['length']}, {len(self.text)} shown: from 0 again")
            self._started_over, self.text = True, ""
            await self._follow()
            return
        self.log(f"{event['status']} of {event['length']}, {len(self.text)} shown")
        self.end, self.ended = event, time.monotonic()

    # -- Faults

    async def cut(self) -> None:
        if self._socket is not None:
            self._socket.transport.abort()

    async def freeze(self) -> None:
        """Make the socket half-open: it receives and sends nothing more, and the server does not notice."""
        if self._socket is not None and self._reading is not None:
            self._socket.transport.pause_reading()
            self._socket = None
            self._reading.cancel()

    async def move(self) -> None:
        self.process = another(self.process, self._random)
        await self.cut()

    async def stop(self) -> None:
        self._wants_stop = True
        if self._socket is not None:
            self.plan.stopped = self.plan.stopped or time.monotonic()
        await self._say("answer.stop")
