"""How a request passes through Django: its middleware and its view run in one thread, one after another."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.db import connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

MOST_IDLE = 16  # threads that wait for the next request


class SiteRequest(ASGIRequest):
    def build_absolute_uri(self, location: str | None = None) -> str:
        """Return a link that begins with ASKME_URL, for people to keep, to send and to open elsewhere.

        The Host header may be another: that of a tunnel, what a proxy makes of it, or what an attacker wrote,
        so that a stranger's password reset link leads elsewhere.
        """
        uri = super().build_absolute_uri(location)
        requested = f"{self.scheme}://{self.get_host()}"
        if settings.ASKME_URL and uri.startswith(f"{requested}/"):
            return settings.ASKME_URL + uri.removeprefix(requested)
        return uri


class Handler(ASGIHandler):
    """Django's own handler, with middleware in its synchronous mode, and with threads that are used again.

    In the other mode, each middleware that is not written for it changes from the event loop to a thread and
    back, 20 times for a page. Beside running answers, each of these waits for its turn. And a new thread for
    each request costs more than most pages.
    """

    request_class = SiteRequest

    def __init__(self) -> None:
        super().__init__()
        self._idle: list[ThreadPoolExecutor] = []  # of one thread each

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        thread = self._idle.pop() if self._idle else ThreadPoolExecutor(1, "request")
        try:
            async with ThreadSensitiveContext(executor=thread):
                await self.handle(scope, receive, send)
        finally:
            # In the thread, since it may still be busy with a request whose browser is gone.
            thread.submit(self._give_back, thread)

    def _give_back(self, thread: ThreadPoolExecutor) -> None:
        connections.close_all()  # Django does so after a response only
        if len(self._idle) < MOST_IDLE:
            self._idle.append(thread)
        else:
            thread.shutdown(wait=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        get_response: Any = sync_to_async(self.get_response, thread_sensitive=True)
        response: HttpResponseBase = await get_response(request)
        return response
