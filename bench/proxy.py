"""The first reference: a raw asyncio proxy from the API to a websocket.

`python -m bench.proxy PORT API_PORT`. No framework, no users, no storage, no catch-up: the least that
streaming can cost in Python.
"""

import asyncio
import base64
import hashlib
import json
import re
import struct
import sys

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


def text_frame(event: dict[str, object]) -> bytes:
    data = json.dumps(event).encode()
    if len(data) < 126:
        return b"\x81" + bytes([len(data)]) + data
    return b"\x81\x7e" + struct.pack("!H", len(data)) + data


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, api_port: int) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    key = re.search(rb"(?i)sec-websocket-key: (\S+)", head)
    assert key
    accept = base64.b64encode(hashlib.sha1(key[1] + GUID).digest())
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
    writer.write(b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
    _, short = await reader.readexactly(2)
    length = short & 0x7F
    if length == 126:
        length = int.from_bytes(await reader.readexactly(2), "big")
    await reader.readexactly(4)  # the mask: the bench masks with zeros
    ask = json.loads(await reader.readexactly(length))
    body = json.dumps({"stream": True, "messages": [{"role": "user", "content": ask["question"]}]}).encode()
    api, to_api = await asyncio.open_connection("127.0.0.1", api_port)
    to_api.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    position = 0
    async for line in api:
        if not line.startswith(b"data: "):
            continue
        if line.startswith(b"data: [DONE]"):
            break
        text = json.loads(line[6:])["choices"][0]["delta"].get("content")
        if text:
            writer.write(text_frame({"type": "answer.text", "position": position, "text": text}))
            position += len(text)
    writer.write(text_frame({"type": "answer.finished", "status": "complete", "length": position}))
    to_api.close()


async def main(port: int, api_port: int) -> None:
    server = await asyncio.start_server(
        lambda reader, writer: serve(reader, writer, api_port), "127.0.0.1", port, backlog=1000
    )
    async with asyncio.timeout(3600), server:
        await server.serve_forever()


if __name__ == "__main__":
    port, api_port, loop = sys.argv[1:]
    if loop == "uvloop":
        import uvloop

        uvloop.run(main(int(port), int(api_port)))
    else:
        asyncio.run(main(int(port), int(api_port)))
