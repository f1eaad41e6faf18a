"""The URLs of websockets."""

from channels.generic.websocket import AsyncWebsocketConsumer
from django.urls import path, re_path

from answers.live.consumer import AnswerConsumer


class NotFound(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Rejects a handshake on any other path, for which the router would log a traceback."""

    async def connect(self) -> None:
        await self.close()


websocket_urlpatterns = [
    path("ws/answers/", AnswerConsumer.as_asgi()),
    re_path(r"", NotFound.as_asgi()),
]
