"""Faults of the whole site: its servers are killed and started again, and rows are locked."""

import asyncio
import math
import signal
import time
from collections import Counter
from contextlib import suppress
from random import Random

import redis

from tests.chaos.plans import PROCESSES
from tests.chaos.stack import Daphne, Stack

PAUSE_SECONDS = (1.0, 4.0)  # between two faults
# The maximum in a run of any length. Otherwise faults with a slow recovery would fill the whole run.
AT_MOST = {
    "Redis killed, empty again": 6,
    "Redis flushed": 6,
    "PostgreSQL restarted": 3,
    "Daphne terminated": 6,
    "Daphne killed": 8,
    "rows locked": 12,
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
        """Cause faults until `stop` is called. The current one is finished first."""
        while kinds := [kind for kind, most in AT_MOST.items() if self.counts[kind] < most]:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._random.uniform(*PAUSE_SECONDS))
                return
            kind, process = self._random.choice(kinds), self._random.randrange(PROCESSES)
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
        """Return whether one of these faults began in this time, or in the second before it."""
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
            case "rows locked":
                self._stack.lock_rows(self._random.uniform(0.5, 4))
            case "Daphne terminated":
                daphne.stop(signal.SIGTERM)
                daphne.start()
            case "Daphne killed":
                daphne.stop(signal.SIGKILL)
                daphne.start()
