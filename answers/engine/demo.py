"""The demo model: answers when no API is configured, and says that it is only a demo.

A small HTTP server on its own loopback port, on the site's event loop. It implements just enough of OpenAI's
API for `completions` to call it like any other server. So a first try takes the same path as a real answer,
and nothing needs to know which port the site itself uses.
"""

import asyncio
import json
import re
import socket
import time
from collections.abc import AsyncIterator
from typing import Any

from django.conf import settings

from answers.engine import demo_texts
from answers.engine.model_options import DEMO_MODEL

PACE_SECONDS = 0.03  # between pieces; about as fast as people read
MAX_REQUEST_BYTES = 1_000_000


class Server:
    """Listens on a free loopback port until it is closed. Create it on the event loop that serves it."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._task = asyncio.get_running_loop().create_task(self._serve())

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"

    async def _serve(self) -> None:
        async with await asyncio.start_server(_handle, sock=self._socket, limit=MAX_REQUEST_BYTES) as server:
            await server.serve_forever()

    def close(self) -> None:
        self._task.cancel()


async def _handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request and close. If the client disconnects, its answer ends, as on any server."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = int(re.search(r"(?im)^content-length: *(\d+)", head)[1])  # type: ignore[index]
        request = json.loads(await reader.readexactly(min(length, MAX_REQUEST_BYTES)))
        path = head.split(" ", 2)[1]
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        async for chunk in _stream(request, chat=path.endswith("/chat/completions")):
            event = f"data: {chunk if isinstance(chunk, str) else json.dumps(chunk)}\n\n".encode()
            writer.write(b"%x\r\n%b\r\n" % (len(event), event))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TypeError, ValueError):
        pass  # the client disconnected, or sent an invalid request
    except asyncio.CancelledError:
        pass  # the server is closed; Python 3.11 would print a traceback for a cancelled handler
    finally:
        writer.close()


async def _stream(request: dict[str, Any], *, chat: bool) -> AsyncIterator[dict[str, Any] | str]:
    """The chunks of one answer, in the format of the API that was called."""
    texts = [message["content"] for message in request["messages"]] if chat else [request["prompt"]]
    pieces = re.findall(r"\s*\S+|\s+$", _answer(request, texts[-1]))
    common = {"id": "demo", "created": int(time.time()), "model": DEMO_MODEL}
    common["object"] = "chat.completion.chunk" if chat else "text_completion"
    for piece in pieces:
        content = {"delta": {"content": piece}} if chat else {"text": piece}
        yield common | {"choices": [{"index": 0, "finish_reason": None} | content]}
        await asyncio.sleep(PACE_SECONDS)
    end: dict[str, Any] = {"delta": {}} if chat else {"text": ""}
    yield common | {"choices": [{"index": 0, "finish_reason": "stop"} | end]}
    usage = {"prompt_tokens": sum(len(text.split()) for text in texts), "completion_tokens": len(pieces)}
    yield common | {"choices": [], "usage": usage | {"total_tokens": sum(usage.values())}}
    yield "[DONE]"


def _answer(request: dict[str, Any], question: str) -> str:
    """The text of the answer. The legacy API sends everything as one prompt, which is quoted unchanged."""
    before = request.get("messages", [])[:-1]
    earlier = [message["content"] for message in before if message["role"] == "user"]
    return demo_texts.text(question, earlier, _label(request))


def _label(request: dict[str, Any]) -> str:
    """The label of the chosen option. Several options may have the same model, with different efforts."""
    options = [one for one in settings.ASKME_MODELS if one.name == request["model"]]
    effort = request.get("reasoning_effort", "")
    options.sort(key=lambda one: one.effort != effort)
    return options[0].label if options else ""
