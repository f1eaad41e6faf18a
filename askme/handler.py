"""How a request passes through Django: its middleware and its view run in one thread, one after another."""

from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class SiteRequest(ASGIRequest):
    def build_absolute_uri(self, location: str | None = None) -> str:
        """Return a link that begins with ASKME_URL, for people to keep, to send and to open elsewhere.

        The Host header may be another: that of a tunnel, what a proxy makes of it, or what an attacker wrote,
        so that a stranger's link for a new password leads elsewhere.
        """
        uri = super().build_absolute_uri(location)
        requested = f"{self.scheme}://{self.get_host()}"
        if settings.ASKME_URL and uri.startswith(f"{requested}/"):
            return settings.ASKME_URL + uri.removeprefix(requested)
        return uri


class Handler(ASGIHandler):
    """Django's own handler, with middleware in its synchronous mode.

    In the other mode, each middleware that is not written for it changes from the event loop to a thread and
    back, 20 times for a page. Beside running answers, each of these waits for its turn.
    """

    request_class = SiteRequest

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        get_response: Any = sync_to_async(self.get_response, thread_sensitive=True)
        response: HttpResponseBase = await get_response(request)
        return response
