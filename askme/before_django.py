"""What the pages share that are answered before Django: health and metrics."""

from typing import Any

Headers = list[tuple[bytes, bytes]]

PLAIN = (b"content-type", b"text/plain; charset=utf-8")
READING = ("GET", "HEAD")


def path_of(scope: Any) -> str:
    """The path of a request, without a root path. Empty: it is a websocket."""
    return str(scope["path"]).removeprefix(scope.get("root_path", "")) if scope["type"] == "http" else ""


async def reply(scope: Any, send: Any, status: int, headers: Headers, body: bytes) -> None:
    """Send a whole response. A HEAD request gets no body, but its length."""
    headers = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
