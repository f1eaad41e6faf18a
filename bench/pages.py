"""The browsers: one process with many websockets that read as cheaply as Python can.

This is our own websocket client, since a complete one costs more per frame than the server being measured. It
reads unmasked text frames from a server that it trusts, and nothing else.
"""

import asyncio
import base64
import json
import os
import re
import struct
import time
import uuid
from dataclasses import dataclass, field

TOKEN = re.compile(r"(\d+):(\d+) ")
CUT_TOKEN = re.compile(r"\d+:\d*$")


def now() -> int:
    """Microseconds on the monotonic clock."""
    return time.monotonic_ns() // 1000


@dataclass
class Tally:
    """What all pages of a run have seen. Times in microseconds."""

    lags: list[int] = field(default_factory=list)
    first_lags: list[int] = field(default_factory=list)  # from the question to its first text
    tokens: int = 0
    frames: int = 0
    lost: int = 0
    doubled: int = 0
    unfinished: int = 0


class Page(asyncio.Protocol):
    def __init__(self, tally: Tally, path: str, host: str, cookie: str) -> None:
        self.tally, self.answer = tally, str(uuid.uuid4())
        self.cookie = cookie
        self.opened, self.accepted, self.finished = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.expected = 0  # the number of the next token
        self.html = False  # whether it asks for the formatted text too
        self.asked_at = 0
        self.stopped_at = 0  # when it asked to stop; 0: never
        self.stop_seconds = float("nan")  # from then to the end
        self.timed = 1  # one token of so many has a number and a time
        self.buffer = b""
        self.pending = ""  # what came after the last token with a number, perhaps a cut one
        key = base64.b64encode(os.urandom(16)).decode()
        self.handshake = (
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {cookie}\r\n"
            f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n"
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self.handshake.encode())

    def send(self, **frame: object) -> None:
        data = json.dumps(frame).encode()
        length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack("!H", len(data))
        self.transport.write(b"\x81" + length + bytes(4) + data)  # masked with zeros

    def ask(self, question: str, *, html: bool = False, timed: int = 1) -> None:
        self.asked_at, self.html, self.timed = now(), html, timed
        fields = {"format": "html"} if html else {}
        self.send(type="question.ask", answer=self.answer, question=question, follows=None, **fields)

    def data_received(self, data: bytes) -> None:
        self.buffer = buffer = self.buffer + data if self.buffer else data
        if not self.opened.is_set():
            head, separator, rest = buffer.partition(b"\r\n\r\n")
            if not separator:
                return
            assert head.startswith(b"HTTP/1.1 101"), head[:200]
            self.opened.set()
            self.buffer = buffer = rest
        at, arrived = 0, now()
        while len(buffer) - at >= 2:
            length, start = buffer[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, start = int.from_bytes(buffer[at + 2 : at + 10], "big"), at + 10
            if len(buffer) < start + length:
                break
            if buffer[at] == 0x81:
                self.frame(buffer[start : start + length], arrived)
            elif buffer[at] == 0x89:  # a ping
                self.transport.write(
                    b"\x8a" + bytes([0x80 | length]) + bytes(4) + buffer[start : start + length]
                )
            at = start + length
        self.buffer = buffer[at:]

    def frame(self, data: bytes, arrived: int) -> None:
        event = json.loads(data)
        if event["type"] != "site.busy":  # which may come before the question is saved
            self.accepted.set()
        if event["type"] == "answer.text":
            self.text(event["text"], arrived)
        elif event["type"] in ("answer.finished", "error"):
            self.finish(event, arrived)

    def finish(self, event: dict[str, object], arrived: int) -> None:
        if self.stopped_at:
            self.stop_seconds = (arrived - self.stopped_at) / 1e6
            self.tally.unfinished += event.get("status") not in ("stopped", "complete")
        else:
            is_cut = CUT_TOKEN.search(self.pending) is not None
            is_whole = event.get("status") == "complete" and not is_cut
            self.tally.unfinished += not is_whole or self.html != ("html_length" in event)
        self.finished.set()

    def stop(self) -> None:
        self.stopped_at = now()
        self.send(type="answer.stop", answer=self.answer)

    def text(self, text: str, arrived: int) -> None:
        self.tally.frames += 1
        text = self.pending + text
        end = 0
        for token in TOKEN.finditer(text):
            number, sent = int(token[1]), int(token[2])
            if number < self.expected:
                self.tally.doubled += 1
            else:
                self.tally.lost += number - self.expected
                self.expected = number + self.timed
                self.tally.tokens += self.timed
                self.tally.lags.append(arrived - sent)
                if number == 0 and self.asked_at:
                    self.tally.first_lags.append(arrived - self.asked_at)
            end = token.end()
        self.pending = text[end:]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.finished.is_set():
            self.tally.unfinished += 1
        self.finished.set()


async def get_cookie(host: str) -> str:
    """The cookie of a new guest, as a browser gets it from the page."""
    name, port = host.split(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    head = (await reader.read()).decode("latin-1").partition("\r\n\r\n")[0]
    writer.close()
    found = re.search(r"(?i)set-cookie: (guest=[^;]+)", head)
    return found[1] if found else ""


async def open_page(tally: Tally, host: str, path: str = "/ws/answers/", cookie: str = "") -> Page:
    name, port = host.split(":")
    loop = asyncio.get_running_loop()
    _, page = await loop.create_connection(lambda: Page(tally, path, host, cookie), name, int(port))
    async with asyncio.timeout(60):
        await page.opened.wait()
    return page
