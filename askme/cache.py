"""The cache that all processes share, in Redis. It holds the limits on logins and the like, nothing else.

While Redis is unavailable, each process uses its own memory. So people can log in, and limits still hold,
though each process counts by itself. No request waits for Redis for more than a moment.
"""

import json
import logging
import time
from typing import Any

import redis
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger("answers.cache")

TIMEOUT_SECONDS = 0.5  # for one round trip, which takes less than a millisecond
AWAY_SECONDS = 5.0  # after a failure, until Redis is tried again


class JsonSerializer:
    """Django's own would load pickles, so whoever can write to Redis could run code here."""

    def dumps(self, value: Any) -> bytes:
        return json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)


class Outage:
    is_away, retry_at = False, 0.0


class SharedCache(RedisCache):
    _outage = Outage()  # of the process: Django makes one cache object for each request

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = {
            "serializer": JsonSerializer,
            "socket_timeout": TIMEOUT_SECONDS,
            "socket_connect_timeout": TIMEOUT_SECONDS,
            "retry": Retry(NoBackoff(), 0),
        }
        super().__init__(server, params | {"OPTIONS": options | params.get("OPTIONS", {})})
        self._memory = LocMemCache("while Redis is away", params)

    def _try(self, method: str, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= self._outage.retry_at:
            try:
                result = getattr(super(), method)(*args, **kwargs)
            except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
                self._went_away(error)
            else:
                self._is_back()
                return result
        return getattr(self._memory, method)(*args, **kwargs)

    def _went_away(self, error: Exception) -> None:
        self._outage.retry_at = time.monotonic() + AWAY_SECONDS
        if not self._outage.is_away:
            self._outage.is_away = True
            log.warning("Redis is unavailable (%s); each process limits logins by itself", error)

    def _is_back(self) -> None:
        if self._outage.is_away:
            self._outage.is_away = False
            log.warning("Redis is back; the limits on logins hold across all processes again")

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("add", *args, **kwargs)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("get", *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("set", *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("touch", *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("delete", *args, **kwargs)

    def get_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("get_many", *args, **kwargs)

    def set_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("set_many", *args, **kwargs)

    def delete_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("delete_many", *args, **kwargs)

    def has_key(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("has_key", *args, **kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("incr", *args, **kwargs)

    def clear(self) -> Any:
        return self._try("clear")
