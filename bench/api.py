"""A cheap stand-in for the API: `python -m bench.api PORT`. One process serves all streams.

The question says what to answer: "tokens=200 rate=20 markdown=0". Rate 0 sends all at once. Each token is
"NUMBER:MICROSECONDS ", by the monotonic clock, which all processes on a machine share. With markdown=1, they
are those of bench/markdown.py.
"""

import asyncio
import json
import re
import sys
import time

from bench.markdown import token

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENT = (
    b'data: {"id":"x","object":"chat.completion.chunk","choices":[{"index":0,'
    b'"delta":{"content":"%b"},"finish_reason":null}]}\n\n'
)
END = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def now() -> int:
    """Microseconds on the monotonic clock."""
    return time.monotonic_ns() // 1000


class Stream(asyncio.Protocol):
    """One connection, for any number of requests in turn."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.request = transport, b""
        self.timer: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        self.request += data
        head, separator, body = self.request.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        if separator and length and len(body) >= int(length[1]):
            self.request = b""
            self.answer(json.loads(body)["messages"][-1]["content"])

    def answer(self, question: str) -> None:
        asked = dict(re.findall(r"(tokens|rate|markdown)=(\d+)", question))
        self.tokens, self.sent = int(asked["tokens"]), 0
        self.is_markdown = asked["markdown"] == "1"
        self.transport.write(HEAD)
        if rate := int(asked["rate"]):
            self.loop = asyncio.get_running_loop()
            self.interval, self.due = 1 / rate, self.loop.time()
            self.send_next()
        else:
            events = b"".join(chunk(self.event(number)) for number in range(self.tokens))
            self.transport.write(events + chunk(END) + b"0\r\n\r\n")

    def event(self, number: int) -> bytes:
        if self.is_markdown:
            return EVENT % json.dumps(token(number, now()))[1:-1].encode()
        return EVENT % (b"%d:%d " % (number, now()))

    def send_next(self) -> None:
        if self.transport.is_closing():
            return
        if self.sent == self.tokens:
            self.transport.write(chunk(END) + b"0\r\n\r\n")
            return
        self.transport.write(chunk(self.event(self.sent)))
        self.sent += 1
        self.due += self.interval
        self.timer = self.loop.call_at(self.due, self.send_next)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.timer:
            self.timer.cancel()


async def main(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Stream, "127.0.0.1", port, backlog=1000)
    async with asyncio.timeout(3600), server:  # it ends by itself, even if its parent was killed
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
