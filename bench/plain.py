"""The second reference: streaming in Channels as most people do it. `daphne -p PORT bench.plain:application`.

A thread for each answer reads the API with `requests`, and sends each token to the consumer's channel with
`async_to_sync(channel_layer.send)`. It stores nothing, and has no users.
"""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import django
import requests
from asgiref.sync import async_to_sync
from django.conf import settings

settings.configure(
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["*"],
    CHANNEL_LAYERS={
        "default": {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 1000}}
    },
)
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.layers import get_channel_layer  # noqa: E402

threads = ThreadPoolExecutor(500)


def answer(channel: str, question: str) -> None:
    layer, position = get_channel_layer(), 0
    body = {"stream": True, "messages": [{"role": "user", "content": question}]}
    with requests.post(os.environ["OPENAI_BASE_URL"], json=body, stream=True, timeout=300) as response:
        for line in response.iter_lines(chunk_size=None):
            if line.startswith(b"data: {"):
                text = json.loads(line[6:])["choices"][0]["delta"].get("content")
                if text:
                    event = {"type": "answer.text", "position": position, "text": text}
                    async_to_sync(layer.send)(channel, event)
                    position += len(text)
    async_to_sync(layer.send)(channel, {"type": "answer.finished", "status": "complete", "length": position})


class Consumer(AsyncWebsocketConsumer):
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        threads.submit(answer, self.channel_name, json.loads(text_data or "{}")["question"])

    async def answer_text(self, event: dict[str, object]) -> None:
        await self.send(text_data=json.dumps(event))

    answer_finished = answer_text


application = Consumer.as_asgi()
