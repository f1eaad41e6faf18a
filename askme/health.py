"""`/livez` and `/readyz`, for whatever watches the process: Compose, Kubernetes, a load balancer.

They are answered before Django: for any Host header, without a session, and with no connection of the pool
that pages share. `/livez` says that the event loop runs, and nothing else: a process must not be restarted
because its database is away. `/readyz` says whether people should be sent here, and if not, why. With
`?exclude=redis`, as in Kubernetes' own `/readyz`, Redis does not count: the site works without it, and if
every process said that it is not ready, people would be sent nowhere.
"""

import asyncio
import logging
from contextvars import Context
from typing import Any

from channels.layers import get_channel_layer
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from answers.engine.redis_layer import RedisLayer
from answers.engine.runtime import current_runtime, existing_runtime, run_in_database_thread
from askme.before_django import PLAIN, READING, path_of, reply

log = logging.getLogger("answers.health")

# However often it is asked, the database is asked once a second.
CACHE_SECONDS = 1.0
# Shorter than a probe usually waits, or it would see a timeout instead of the reason.
RESPONSE_SECONDS = 4.0
DATABASE_SECONDS = 3.0
WITHOUT_REDIS = b"exclude=redis"
DATABASE, REDIS = "the database does not respond", "Redis does not respond"
MIGRATIONS, DRAINING = "migrations are missing: run manage.py migrate", "draining"
FAILED = "the check failed: see the log"


class Health:
    """Wraps the ASGI application that answers everything else."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = path_of(scope)
        if path not in ("/livez", "/readyz"):
            await self.application(scope, receive, send)
            return
        status, lines, headers = 200, ["ok"], []
        if scope["method"] not in READING:
            status, lines, headers = 405, ["use GET"], [(b"allow", b"GET, HEAD")]
        elif path == "/readyz":
            excluded = REDIS if scope.get("query_string") == WITHOUT_REDIS else None
            reasons = [one for one in await _reasons() if one != excluded]
            if reasons:
                status, lines = 503, reasons
        body = "".join(f"{line}\n" for line in lines).encode()
        await reply(scope, send, status, [*headers, PLAIN, (b"cache-control", b"no-store")], body)


async def _reasons() -> list[str]:
    runtime = existing_runtime()  # none: the process has just ended its answers, and must not begin anew
    return [DRAINING] if runtime is None else await runtime.part(Readiness).reasons()


class Readiness:
    """What is known about the process. All who ask within a second share one look."""

    def __init__(self) -> None:
        self._runtime = current_runtime()
        self._look: asyncio.Task[list[str]] | None = None
        self._looked_at = 0.0
        self._database: asyncio.Task[list[str]] | None = None
        self._redis: asyncio.Task[bool] | None = None
        self._is_migrated = False  # once they are applied, they stay
        self._logged: list[str] = []

    async def reasons(self) -> list[str]:
        """Why nobody should be sent here. None: the process is ready."""
        if self._runtime.draining:
            return [DRAINING]
        now = asyncio.get_running_loop().time()
        if self._look is None or (self._look.done() and now - self._looked_at >= CACHE_SECONDS):
            self._look, self._looked_at = asyncio.create_task(self._find(), context=Context()), now
        await asyncio.wait([self._look], timeout=RESPONSE_SECONDS)
        reasons = self._look.result() if self._look.done() else [DATABASE]
        if reasons != self._logged:
            self._logged = reasons
            log.warning("%s", f"not ready: {', '.join(reasons)}" if reasons else "ready again")
        return reasons

    async def _find(self) -> list[str]:
        redis = asyncio.create_task(self._find_redis())
        try:
            return [*await self._find_database(), *await redis]
        except Exception:  # such as a history of migrations that contradicts itself
            log.exception("whether the process is ready could not be found out")
            return [FAILED]

    async def _find_database(self) -> list[str]:
        """A long line in front of the database thread is no reason: the process is busy, but ready."""
        if self._database is None or self._database.done():
            self._database = asyncio.create_task(self._ask_database())
        await asyncio.wait([self._database], timeout=DATABASE_SECONDS)
        if self._database.done():
            return self._database.result()
        is_busy = self._is_migrated and self._runtime.database.has_moved_on(DATABASE_SECONDS)
        return [] if is_busy else [DATABASE]

    async def _ask_database(self) -> list[str]:
        try:
            if self._is_migrated:
                await ping()
            else:
                self._is_migrated = await is_migrated()
        except DatabaseError:
            return [DATABASE]
        return [] if self._is_migrated else [MIGRATIONS]

    async def _find_redis(self) -> list[str]:
        layer = get_channel_layer()
        if not isinstance(layer, RedisLayer):
            return []
        # A thread may wait for a name server for long, so there is never a second one.
        if self._redis is None or self._redis.done():
            self._redis = asyncio.create_task(asyncio.to_thread(layer.is_reachable))
        await asyncio.wait([self._redis], timeout=RESPONSE_SECONDS / 2)
        return [] if self._redis.done() and self._redis.result() else [REDIS]


@run_in_database_thread  # which accepts questions, and does not wait for slow pages
def ping() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


@run_in_database_thread
def is_migrated() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())
