"""Our channel layers: what carries events from the process that runs an answer to those who follow it.

Both are at most once, as every channel layer is; `follower` fills what is lost from the store. They differ
from the stock layers in cost per message: the stock in-memory layer looks through all channels at each
receive, and the stock Redis layer takes even a message between neighbours through Redis.
"""

import asyncio
import logging
import uuid
from collections import deque
from typing import Any
from weakref import WeakKeyDictionary

from channels.exceptions import ChannelFull
from channels.layers import BaseChannelLayer
from channels_redis.pubsub import RedisSingleShardConnection
from channels_redis.serializers import registry
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

Message = dict[str, Any]

OUTBOX_MESSAGES = 10_000  # waiting for Redis; beyond it the oldest are dropped, as a layer may
RETRY_SECONDS = 1.0
# Each message of this type carries what those before it brought. So while nobody elsewhere listens, only the
# last of them crosses Redis, so often, to find out whether somebody does now.
HEALING_TYPE, ALONE_SECONDS = "answer.text", 0.25
REDIS_SECONDS = 5.0  # one round trip; a Redis that takes longer counts as away


class InMemoryLayer(BaseChannelLayer):  # type: ignore[misc]
    """A channel layer for one process. A message is handed over as it is, not copied: do not change it."""

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
        """To one channel of this process. Raises `ChannelFull`."""
        queue = self.channels.setdefault(channel, asyncio.Queue(self.capacity))
        try:
            queue.put_nowait(message)
        except asyncio.QueueFull:
            raise ChannelFull(channel) from None

    async def receive(self, channel: str) -> Message:
        """The next message. Cancelling it closes the channel: only a consumer that ends does so."""
        queue = self.channels.setdefault(channel, asyncio.Queue(self.capacity))
        try:
            return await queue.get()
        except asyncio.CancelledError:
            self.channels.pop(channel, None)
            raise

    async def delete_channel(self, channel: str) -> None:
        """Its reader reads no more; one that is cancelled elsewhere than in `receive` leaves it behind."""
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
        """To the group's channels in this process. A full channel misses it: its reader is stuck."""
        for channel in self.groups.get(group, ()):
            queue = self.channels.get(channel)
            if queue is not None and not queue.full():
                queue.put_nowait(message)

    async def flush(self) -> None:
        self.channels.clear()
        self.groups.clear()


class RedisLayer(InMemoryLayer):
    """Groups that cross processes. Neighbours in one process reach each other without Redis.

    Nothing here waits for Redis: while it is away, joining and sending work at once, followers in this
    process miss nothing, and others catch up from the store.
    """

    def __init__(self, url: str, prefix: str = "askme", capacity: int = 1000) -> None:
        super().__init__(capacity=capacity)
        self.url, self.prefix = url, prefix
        self._bridges: WeakKeyDictionary[asyncio.AbstractEventLoop, RedisBridge] = WeakKeyDictionary()

    @property
    def bridge(self) -> "RedisBridge":
        loop = asyncio.get_running_loop()
        if loop not in self._bridges:
            self._bridges[loop] = RedisBridge(self)
        return self._bridges[loop]

    async def group_add(self, group: str, channel: str) -> None:
        await super().group_add(group, channel)
        self.bridge.wake(groups_changed=True)

    async def group_discard(self, group: str, channel: str) -> None:
        await super().group_discard(group, channel)
        self.bridge.wake(groups_changed=True)

    async def group_send(self, group: str, message: Message) -> None:
        self.deliver(group, message)
        self.bridge.publish(group, message)

    async def flush(self) -> None:
        await super().flush()
        await self.bridge.flush()


class RedisBridge(RedisSingleShardConnection):  # type: ignore[misc]
    """One process's connection to Redis publish/subscribe; channels_redis reads and reconnects.

    One task does all writing: it brings the subscriptions in line with the layer's groups, then publishes
    what has gathered meanwhile in one round trip.
    """

    def __init__(self, layer: RedisLayer) -> None:
        # redis-py 8 gives up on a silent socket after 5 s, and silence is what a subscriber mostly hears
        # (django/channels_redis#422).
        super().__init__({"address": layer.url, "socket_timeout": None}, layer)
        self.layer = layer
        self._origin = uuid.uuid4().hex
        self._serializer = registry.get_serializer("msgpack")
        self._outbox: deque[tuple[str, Message]] = deque(maxlen=OUTBOX_MESSAGES)
        self._alone: set[str] = set()  # groups to which nobody elsewhere listened at the last publish
        self._held: dict[str, Message] = {}  # the last message for each of these
        self._release_timer: asyncio.TimerHandle | None = None
        self._writer: asyncio.Task[None] | None = None
        self._dirty = self._groups_changed = False

    def publish(self, group: str, message: Message) -> None:
        if message["type"] != HEALING_TYPE:
            self._alone.discard(group)
            self._held.pop(group, None)  # what follows says it all, or is read from the store
        elif group in self._alone:
            self._hold(group, message)
            return
        self._outbox.append((group, message))
        self.wake()

    def _hold(self, group: str, message: Message) -> None:
        self._held[group] = message
        if self._release_timer is None:
            self._release_timer = asyncio.get_running_loop().call_later(ALONE_SECONDS, self._release)

    def _release(self) -> None:
        self._release_timer = None
        self._outbox.extend(self._held.items())
        self._held.clear()
        self.wake()

    def wake(self, *, groups_changed: bool = False) -> None:
        self._dirty = True
        self._groups_changed |= groups_changed
        if self._writer is None or self._writer.done():
            self._writer = asyncio.get_running_loop().create_task(self._write())

    def _name(self, group: str) -> str:
        return f"{self.layer.prefix}.{group}"

    async def _write(self) -> None:
        while self._dirty:
            self._dirty = False
            try:
                async with asyncio.timeout(REDIS_SECONDS):
                    if self._groups_changed:
                        await self._subscribe()
                    await self._publish()
            except (RedisError, OSError) as error:  # TimeoutError is an OSError
                log.warning("Redis is away (%s); followers elsewhere read the store meanwhile", error)
                self._outbox.clear()
                self._alone.clear()
                self._subscribed_to.clear()  # a Redis that was restarted knows of none
                self._dirty = self._groups_changed = True
                await asyncio.sleep(RETRY_SECONDS)

    async def _subscribe(self) -> None:
        self._groups_changed = False
        wanted = {self._name(group) for group in self.layer.groups}
        for name in wanted - self._subscribed_to:
            await self.subscribe(name)
        for name in self._subscribed_to - wanted:
            await self.unsubscribe(name)

    async def _publish(self) -> None:
        if not self._outbox:
            return
        self._ensure_redis()
        outbox, self._outbox = self._outbox, deque(maxlen=OUTBOX_MESSAGES)
        async with self._redis.pipeline(transaction=False) as pipeline:
            for group, message in outbox:
                content = {"origin": self._origin, "message": message}
                pipeline.publish(self._name(group), self._serializer.serialize(content))
            reached = await pipeline.execute()
        for (group, message), subscribers in zip(outbox, reached, strict=True):
            ourselves = self._name(group) in self._subscribed_to
            if message["type"] == HEALING_TYPE and subscribers <= ourselves:
                self._alone.add(group)
            else:
                self._alone.discard(group)

    def _receive_message(self, message: Message | None) -> None:
        if message is None:
            return
        content = self._serializer.deserialize(message["data"])
        if content["origin"] != self._origin:  # our own went to our channels directly
            name = message["channel"].decode().removeprefix(f"{self.layer.prefix}.")
            self.layer.deliver(name, content["message"])

    async def flush(self) -> None:
        if self._writer is not None:
            self._writer.cancel()
            self._writer = None
        if self._release_timer is not None:
            self._release_timer.cancel()
            self._release_timer = None
        self._outbox.clear()
        self._held.clear()
        await super().flush()
