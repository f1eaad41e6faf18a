"""The API: an asyncio server that replies to each question as planned, and notices when askme disconnects."""

import asyncio
import json
import socket
import struct
import time
from collections.abc import AsyncIterator
from contextlib import suppress

from tests.chaos.plans import Plan

HANG_SECONDS = 60.0  # longer than askme waits
STALL_SECONDS = 3.0


class Gone(Exception):
    """The client has closed."""


class Api:
    def __init__(self, plans: dict[str, Plan]) -> None:
        self.plans = plans  # by question
        self.strangers: list[str] = []  # questions without a plan

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**20, backlog=512)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    def close(self) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, Gone, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                [length] = [
                    line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
                ]
                body = json.loads(await reader.readexactly(int(length.split(b":")[1])))
                question = body["messages"][-1]["content"]
                if question not in self.plans:
                    self.strangers.append(question)
                    break
                if not await self._reply(self.plans[question], reader, writer):
                    break
        writer.close()

    async def _reply(self, plan: Plan, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Return False if the connection must end with this reply."""
        plan.requests += 1
        plan.api_open, plan.api_closed = True, None
        hung_up = asyncio.ensure_future(reader.read(1))  # only the end can be read
        serving = asyncio.ensure_future(self._say(plan, writer))
        try:
            await asyncio.wait([hung_up, serving], return_when=asyncio.FIRST_COMPLETED)
            if not serving.done():
                plan.api_closed = time.monotonic()
                return False
            return await serving
        finally:
            plan.api_open = False
            for task in (hung_up, serving):
                task.cancel()
            # A cancelled read has consumed nothing, so the next request stays complete.
            await asyncio.gather(hung_up, serving, return_exceptions=True)

    async def _say(self, plan: Plan, writer: asyncio.StreamWriter) -> bool:
        fault, first = plan.api_fault, plan.requests == 1
        if fault == "API says 500 always" or (first and fault in ("API says 429 once", "API says 503 once")):
            await self._refuse(int(fault.split()[2]), writer)
            return True
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        if fault == "API cuts before text" and first:
            return False
        plan.said = 0
        async for token in self._tokens(plan, writer):
            data = _event({"choices": [{"index": 0, "delta": {"content": token}, "finish_reason": None}]})
            await self._send(data, writer, drip=fault == "API drips" and plan.said % 8 == 0)
            plan.said += len(token)
        if fault in ("API cuts with FIN", "API cuts with RST"):
            return False
        choices = [{"index": 0, "delta": {}, "finish_reason": "stop"}]
        end = _event({"choices": choices, "usage": plan.usage})
        for _ in range(2 if fault == "API finishes twice" else 1):
            await self._send(end, writer)
        await self._send(b"data: [DONE]\n\n", writer)
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _tokens(self, plan: Plan, writer: asyncio.StreamWriter) -> AsyncIterator[str]:
        """Yield the tokens at their times, with the fault in between."""
        for index, token in enumerate([*plan.tokens, ""]):
            if index == plan.api_at:
                match plan.api_fault:
                    case "API stalls, goes on":
                        await asyncio.sleep(STALL_SECONDS)
                    case "API hangs for good":
                        await asyncio.sleep(HANG_SECONDS)
                    case "API cuts with RST":
                        linger = struct.pack("ii", 1, 0)
                        writer.get_extra_info("socket").setsockopt(
                            socket.SOL_SOCKET, socket.SO_LINGER, linger
                        )
                        return
                    case "API cuts with FIN":
                        return
                    case "API sends garbage":
                        await self._send(b'data: {"choices": [{"del\n\n', writer)
            if token:
                await asyncio.sleep(plan.pause)
                yield token

    async def _refuse(self, status: int, writer: asyncio.StreamWriter) -> None:
        body = json.dumps({"error": {"message": f"chaos says {status}"}})
        head = f"HTTP/1.1 {status} No\r\nContent-Type: application/json\r\nRetry-After: 0.2\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        await writer.drain()

    async def _send(self, data: bytes, writer: asyncio.StreamWriter, *, drip: bool = False) -> None:
        pieces = [data[start : start + 7] for start in range(0, len(data), 7)] if drip else [data]
        for piece in pieces:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
            if drip:
                await asyncio.sleep(0.005)


def _event(data: object) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()
