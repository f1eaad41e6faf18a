"""`/livez` and `/readyz`, for whatever watches the process: Compose, Kubernetes, a load balancer.

They are answered before Django: for any Host header, without a session, and with no connection of the pool
that pages share. `/livez` says that the event loop runs, and nothing else: a process must not be restarted
because its database is away. `/readyz` says whether people should be sent here, and if not, why. With
`?exclude=redis`, as in Kubernetes' own `/readyz`, Redis does not count: the site works without it, and if
every process said that it is not ready, people would be sent nowhere.
"""

import asyncio
import logging
from typing import Any

from channels.layers import get_channel_layer
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from answers.engine.redis_layer import RedisLayer
from answers.engine.runtime import current_runtime, existing_runtime, run_in_database_thread
from answers.engine.shared_look import SharedLook
from askme.before_django import PLAIN, READING, path_of, reply

log = logging.getLogger("answers.health")

# However often it is asked, the database is asked once a second.
CACHE_SECONDS = 1.0
# Shorter than a probe usually waits, or it would see a timeout instead of the reason.
DATABASE_SECONDS, REDIS_SECONDS = 3.0, 2.0
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
        self._look = SharedLook(self._find)
        self._database = SharedLook(self._ask_database)
        self._redis = SharedLook(is_redis_reachable)
        self._is_migrated = False  # once they are applied, they stay
        self._logged: list[str] = []

    async def reasons(self) -> list[str]:
        """Why nobody should be sent here. None: the process is ready."""
        if self._runtime.draining:
            return [DRAINING]
        reasons = await self._look.result(fresh_seconds=CACHE_SECONDS) or []
        if reasons != self._logged:
            self._logged = reasons
            log.warning("%s", f"not ready: {', '.join(reasons)}" if reasons else "ready again")
        return reasons

    async def _find(self) -> list[str]:
        try:
            reasons = await asyncio.gather(self._find_database(), self._find_redis())
            return [*reasons[0], *reasons[1]]
        except Exception:  # such as a history of migrations that contradicts itself
            log.exception("whether the process is ready could not be found out")
            return [FAILED]

    async def _find_database(self) -> list[str]:
        """A long line in front of the database thread is no reason: the process is busy, but ready."""
        reasons = await self._database.result(patience=DATABASE_SECONDS)
        if reasons is not None:
            return reasons
        is_busy = self._is_migrated and self._runtime.database.has_begun_a_call(DATABASE_SECONDS)
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
        return [] if await self._redis.result(patience=REDIS_SECONDS) else [REDIS]


async def is_redis_reachable() -> bool:
    layer = get_channel_layer()
    # A thread may wait for a name server for long.
    return not isinstance(layer, RedisLayer) or await asyncio.to_thread(layer.is_reachable)


@run_in_database_thread  # which accepts questions, and does not wait for slow pages
def ping() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


@run_in_database_thread
def is_migrated() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())
