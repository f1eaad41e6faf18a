from channels.generic.websocket import AsyncWebsocketConsumer
from django.urls import path, re_path

from answers.consumers import AnswerConsumer


class NotFound(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Refuses a handshake on any other path; without it the router raises, and the log has a traceback."""

    async def connect(self) -> None:
        await self.close()


websocket_urlpatterns = [
    path("ws/answers/", AnswerConsumer.as_asgi()),
    re_path(r"", NotFound.as_asgi()),
]
