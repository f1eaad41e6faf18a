"""What befalls everybody: Redis, PostgreSQL and the Daphnes are killed, emptied and started again."""

import asyncio
import math
import signal
import time
from collections import Counter
from contextlib import suppress
from random import Random

import redis

from tests.chaos.stack import Daphne, Stack

PAUSE_SECONDS = (1.0, 4.0)  # between two faults
# How many at most, in a run of any length: what takes long to come back would be all that happens.
AT_MOST = {
    "Redis killed, empty again": 6,
    "Redis flushed": 6,
    "PostgreSQL restarted": 3,
    "Daphne told to end": 4,
    "Daphne killed": 5,
}


class Faults:
    def __init__(self, stack: Stack, random: Random) -> None:
        self.counts: Counter[str] = Counter()
        self.log: list[str] = []
        self.times: dict[str, list[float]] = {}  # when each kind began, monotonic
        self.last_ended = time.monotonic()
        self._stack, self._random = stack, random
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Until `stop`, whoever calls that then waits for what has begun."""
        while kinds := [kind for kind, most in AT_MOST.items() if self.counts[kind] < most]:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._random.uniform(*PAUSE_SECONDS))
                return
            kind, process = self._random.choice(kinds), self._random.randrange(2)
            self.counts[kind] += 1
            began = time.monotonic()
            self.times.setdefault(kind, []).append(began)
            self.log.append(f"{began:.3f} {kind}{f' ({process})' if 'Daphne' in kind else ''}")
            await asyncio.to_thread(self._do, kind, self._stack.daphnes[process])
            self.last_ended = time.monotonic()
            self.log.append(f"{self.last_ended:.3f} ... over")

    def stop(self) -> None:
        self._stopping.set()

    def during(self, kinds: tuple[str, ...], since: float, until: float = math.inf) -> bool:
        """Whether one of them began in this time, or a second before it."""
        return any(since - 1 < at < until for kind in kinds for at in self.times.get(kind, []))

    def _do(self, kind: str, daphne: Daphne) -> None:
        match kind:
            case "Redis killed, empty again":
                self._stack.redis.stop(signal.SIGKILL)
                time.sleep(self._random.uniform(0, 2))
                self._stack.redis.start()
            case "Redis flushed":
                with redis.Redis.from_url(self._stack.redis.url) as client:
                    client.flushall()
            case "PostgreSQL restarted":
                self._stack.postgres.stop()
                time.sleep(self._random.uniform(0, 2))
                self._stack.postgres.start()
            case "Daphne told to end":
                daphne.stop(signal.SIGTERM)
                daphne.start()
            case "Daphne killed":
                daphne.stop(signal.SIGKILL)
                daphne.start()
