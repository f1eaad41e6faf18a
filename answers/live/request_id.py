"""The id that a proxy gave a request, so that its lines and ours can be found together."""

import re
from typing import Any

from answers.engine.answer_log import current_answer, current_request

# Anybody can send one, so it must not look like something else in the log, or fill it.
SANE = re.compile(rb"[A-Za-z0-9._:+/=@-]{1,100}")


class RequestId:
    """Wraps an ASGI application. A websocket keeps the id of its handshake."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        values = [value for name, value in scope.get("headers", ()) if name == b"x-request-id"]
        sane = len(values) == 1 and SANE.fullmatch(values[0])
        current_answer.set(None)  # a server may call this in the context of another socket
        current_request.set(values[0].decode() if sane else "")  # of this task, which serves nothing else
        await self.application(scope, receive, send)
