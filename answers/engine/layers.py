"""The channel layer for one process: it carries events from running answers to their followers.

It delivers at most once, like every channel layer; followers read what is lost from the database. The stock
in-memory layer costs more per message: it goes through all channels at each receive.
"""

import asyncio
import uuid
from typing import Any

from channels.exceptions import ChannelFull
from channels.layers import BaseChannelLayer

Message = dict[str, Any]


class InMemoryLayer(BaseChannelLayer):  # type: ignore[misc]
    """A channel layer for one process. Messages are delivered without a copy, so do not change them."""

    extensions = ["groups", "flush"]

    def __init__(self, capacity: int = 1000) -> None:
        super().__init__(capacity=capacity)
        self.channels: dict[str, asyncio.Queue[Message]] = {}
        self.groups: dict[str, set[str]] = {}

    async def new_channel(self, prefix: str = "specific") -> str:
        channel = f"{prefix}.{uuid.uuid4().hex}"
        self.channels[channel] = asyncio.Queue(self.capacity)
        return channel

    async def send(self, channel: str, message: Message) -> None:
        """Send to one channel of this process. Raises `ChannelFull`."""
        self.put(channel, message)

    def put(self, channel: str, message: Message) -> None:
        """`send` for code that is no coroutine."""
        queue = self.channels.setdefault(channel, asyncio.Queue(self.capacity))
        try:
            queue.put_nowait(message)
        except asyncio.QueueFull:
            raise ChannelFull(channel) from None

    async def receive(self, channel: str) -> Message:
        """The next message. Cancelling it closes the channel, since only a consumer that ends does that."""
        queue = self.channels.setdefault(channel, asyncio.Queue(self.capacity))
        try:
            return await queue.get()
        except asyncio.CancelledError:
            self.channels.pop(channel, None)
            raise

    async def delete_channel(self, channel: str) -> None:
        """For a reader that has ended. One that is cancelled outside `receive` leaves its channel behind."""
        self.channels.pop(channel, None)

    async def group_add(self, group: str, channel: str) -> None:
        self.require_valid_group_name(group)
        self.groups.setdefault(group, set()).add(channel)

    async def group_discard(self, group: str, channel: str) -> None:
        channels = self.groups.get(group, set())
        channels.discard(channel)
        if not channels:
            self.groups.pop(group, None)

    async def group_send(self, group: str, message: Message) -> None:
        self.deliver(group, message)

    def deliver(self, group: str, message: Message) -> None:
        """Send to the group's channels in this process. A full channel, whose reader is stuck, misses it."""
        for channel in self.groups.get(group, ()):
            queue = self.channels.get(channel)
            if queue is not None and not queue.full():
                queue.put_nowait(message)

    async def flush(self) -> None:
        self.channels.clear()
        self.groups.clear()
