"""The channel layer for several processes: groups that cross processes over Redis publish/subscribe.

It delivers at most once, like every channel layer; followers read what is lost from the database. The stock
Redis layer costs more per message: it sends every one through Redis, even within one process.

This is the only module that uses private names of channels_redis.
"""

import asyncio
import logging
import uuid
from collections import deque
from contextlib import closing
from contextvars import Context
from weakref import WeakKeyDictionary

from channels_redis.pubsub import RedisSingleShardConnection
from channels_redis.serializers import registry
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from answers.engine.layers import InMemoryLayer, Message

log = logging.getLogger(__name__)

OUTBOX_MESSAGES = 10_000  # waiting for Redis; above that, the oldest are dropped, as a layer may
RETRY_SECONDS = 1.0
# A message of this type includes the unsaved text of earlier ones. So while no other process subscribes to a
# group, only the latest is published, at this interval, to find out whether one subscribes now.
CATCH_UP_TYPE, THROTTLE_SECONDS = "answer.text", 0.25
RECEIVE_SECONDS = 0.1  # between two looks at whether there are subscriptions
REDIS_SECONDS = 5.0  # for one round trip; if Redis takes longer, it counts as down
PING_SECONDS = 0.5  # for each of the two steps of a page that shows whether Redis is there


class RedisLayer(InMemoryLayer):
    """Groups across processes. Messages within one process do not go through Redis.

    Nothing here waits for Redis. While it is down, `group_add` and `group_send` still return at once,
    followers in this process miss nothing, and others catch up from the database.
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

    @property
    def is_away(self) -> bool:
        """Whether the last attempt to use Redis failed. Call it on the loop."""
        return self.bridge.is_away

    async def group_add(self, group: str, channel: str) -> None:
        await super().group_add(group, channel)
        self.bridge.schedule_write(groups_changed=True)

    async def group_discard(self, group: str, channel: str) -> None:
        await super().group_discard(group, channel)
        self.bridge.schedule_write(groups_changed=True)

    async def group_send(self, group: str, message: Message) -> None:
        self.deliver(group, message)
        self.bridge.publish(group, message)

    async def flush(self) -> None:
        await super().flush()
        await self.bridge.flush()

    def is_reachable(self) -> bool:
        """Ask Redis itself. Not for the event loop: it takes up to half a second if Redis is away."""
        limits = {"socket_connect_timeout": PING_SECONDS, "socket_timeout": PING_SECONDS}
        with closing(Redis.from_url(self.url, **limits, retry=Retry(NoBackoff(), 0))) as client:
            try:
                return bool(client.ping())
            except (RedisError, OSError):
                return False


class RedisBridge(RedisSingleShardConnection):  # type: ignore[misc]
    """One process's connection to Redis publish/subscribe; channels_redis reads and reconnects.

    One task does all writing. It updates the subscriptions to match the layer's groups, then publishes all
    waiting messages in one round trip.
    """

    def __init__(self, layer: RedisLayer) -> None:
        # redis-py 8 times out if a socket is silent for 5 s, and a subscriber's socket usually is
        # (django/channels_redis#422).
        super().__init__({"address": layer.url, "socket_timeout": None}, layer)
        self.layer = layer
        self._origin = uuid.uuid4().hex
        self._serializer = registry.get_serializer("msgpack")
        self._outbox: deque[tuple[str, Message]] = deque(maxlen=OUTBOX_MESSAGES)
        self._throttled: set[str] = set()  # groups that no other process subscribed to at the last publish
        self._latest: dict[str, Message] = {}  # the latest message for each of these
        self._throttle_timer: asyncio.TimerHandle | None = None
        self._writer: asyncio.Task[None] | None = None
        self._dirty = self._groups_changed = False
        self.is_away = False

    def publish(self, group: str, message: Message) -> None:
        if message["type"] != CATCH_UP_TYPE:
            self._throttled.discard(group)
            self._latest.pop(group, None)  # its text is in the next batch or in the database
        elif group in self._throttled:
            self._throttle(group, message)
            return
        self._outbox.append((group, message))
        self.schedule_write()

    def _throttle(self, group: str, message: Message) -> None:
        self._latest[group] = message
        if self._throttle_timer is None:
            loop = asyncio.get_running_loop()
            self._throttle_timer = loop.call_later(THROTTLE_SECONDS, self._publish_latest)

    def _publish_latest(self) -> None:
        self._throttle_timer = None
        self._outbox.extend(self._latest.items())
        self._latest.clear()
        self.schedule_write()

    def schedule_write(self, *, groups_changed: bool = False) -> None:
        self._dirty = True
        self._groups_changed |= groups_changed
        if self._writer is None or self._writer.done():
            loop = asyncio.get_running_loop()
            self._writer = loop.create_task(self._write(), context=Context())

    def _name(self, group: str) -> str:
        return f"{self.layer.prefix}.{group}"

    async def _write(self) -> None:
        while self._dirty:
            self._dirty = False
            try:
                async with asyncio.timeout(REDIS_SECONDS):
                    if self.is_away:
                        await self._check_return()
                    if self._groups_changed:
                        await self._subscribe()
                    await self._publish()
            except Exception as error:
                if not isinstance(error, RedisError | OSError):  # TimeoutError is an OSError
                    log.exception("messages could not be passed to Redis")
                self._went_away(error)
                self._outbox.clear()
                self._dirty = self._groups_changed = True
                await asyncio.sleep(RETRY_SECONDS)

    def _went_away(self, error: Exception) -> None:
        self._throttled.clear()
        self._subscribed_to.clear()  # a restarted Redis has none
        if not self.is_away:
            self.is_away = True
            reason = str(error) or "no reply"
            log.warning("Redis is unavailable (%s); followers in other processes read the database", reason)
            self.schedule_write(groups_changed=True)  # until it succeeds

    async def _check_return(self) -> None:
        self._ensure_redis()
        await self._redis.ping()
        self.is_away = False
        log.warning("Redis is back; followers in other processes are live again")

    async def _do_receiving(self) -> None:
        """Replaces that of channels_redis, which logs a traceback each second while Redis is unavailable."""
        while True:
            try:
                if self._pubsub.subscribed:
                    self._receive_message(await self._pubsub.get_message(True, timeout=RECEIVE_SECONDS))
                else:
                    await asyncio.sleep(RECEIVE_SECONDS)
            except (RedisError, OSError) as error:
                self._went_away(error)
                await asyncio.sleep(RETRY_SECONDS)
            except Exception:
                log.exception("a message from Redis could not be delivered")

    async def _subscribe(self) -> None:
        self._groups_changed = False
        wanted = {self._name(group) for group in self.layer.groups}
        for name in wanted - self._subscribed_to:
            await self.subscribe(name)
        # After an outage, redis-py subscribes again to all groups that it knows, also to those that are gone.
        if self._pubsub is not None:
            known = self._pubsub.channels.keys() - self._pubsub.pending_unsubscribe_channels
            self._subscribed_to.update(name.decode() for name in known)
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
            counts = await pipeline.execute()
        for (group, message), subscribers in zip(outbox, counts, strict=True):
            own = self._name(group) in self._subscribed_to
            if message["type"] == CATCH_UP_TYPE and subscribers <= own:
                self._throttled.add(group)
            else:
                self._throttled.discard(group)

    def _receive_message(self, message: Message | None) -> None:
        if message is None:
            return
        content = self._serializer.deserialize(message["data"])
        if content["origin"] != self._origin:  # our own messages were delivered directly
            name = message["channel"].decode().removeprefix(f"{self.layer.prefix}.")
            self.layer.deliver(name, content["message"])

    async def flush(self) -> None:
        if self._writer is not None:
            self._writer.cancel()
            self._writer = None
        if self._throttle_timer is not None:
            self._throttle_timer.cancel()
            self._throttle_timer = None
        self._outbox.clear()
        self._latest.clear()
        await super().flush()
