"""Keeps the process on one core. Its threads share the interpreter's lock, so only one runs at a time.

On several cores, each release of the lock wakes a thread on another core. That thread takes the lock while
the thread that released it, just to write to a socket, is still busy. So the event loop waits for a reading
thread at every frame. With 500 answers a token cost 178 microseconds on two cores and 81 on one, and the
first text arrived in a third of the time. To use more cores, run more processes. Each process checks every
two seconds whether another core is less busy.

Only on Linux, and only if the process may use several cores. It stays within those that `taskset` allows.
"""

import asyncio
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

CHECK_SECONDS = 2.0
MIN_GAIN = 0.25  # of a core: how much more idle another core must be


def keep_to_one_core() -> "Core | None":
    """Start on the running event loop, until `close`. Returns None where it does not apply."""
    if not Path("/proc/stat").exists():
        return None
    cores = sorted(os.sched_getaffinity(0))
    return Core(cores) if len(cores) > 1 else None


class Core:
    def __init__(self, cores: list[int]) -> None:
        self._cores = cores
        self._busy = _busy_seconds()
        self._own, self._time = time.process_time(), time.monotonic()
        self.move(secrets.choice(cores))  # processes that start together spread out
        self._check_later()

    def _check_later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(CHECK_SECONDS, self.check)

    def close(self) -> None:
        self._timer.cancel()

    def check(self) -> None:
        """Move to another core if other processes use it clearly less than this one."""
        self._check_later()
        busy, own, now = _busy_seconds(), time.process_time(), time.monotonic()
        passed = max(now - self._time, 0.001)
        shares = {core: (busy[core] - self._busy[core]) / passed for core in self._cores if core in busy}
        shares[self.core] = shares.get(self.core, 0) - (own - self._own) / passed  # without our own use
        self._busy, self._own, self._time = busy, own, now
        best = min(shares, key=shares.__getitem__)
        # Two processes on one core should not both move, so each moves with a probability of one half.
        if shares[self.core] - shares[best] > MIN_GAIN and secrets.randbelow(2):
            self.move(best)

    def move(self, core: int) -> None:
        self.core = core
        for thread in os.listdir("/proc/self/task"):
            with suppress(OSError):  # the thread has ended
                os.sched_setaffinity(int(thread), {core})


def _busy_seconds() -> dict[int, float]:
    """How long each core has been busy since the machine started (proc_stat(5))."""
    busy = {}
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name.startswith("cpu") and name != "cpu":
            user, nice, system, _idle, _iowait, *rest = map(int, ticks)
            busy[int(name[3:])] = (user + nice + system + sum(rest[:3])) / os.sysconf("SC_CLK_TCK")
    return busy
