"""One core for this process. Its threads share one lock, the interpreter's, and only one of them ever runs.

On several cores each hand-over wakes a thread on another core, which takes the lock while the one that gave
it up for a moment, to write to a socket, is still at work: then the event loop waits for a reader at every
frame. With 500 answers a token cost 178 microseconds on two cores, and 81 on one of them, with a first text
in a third of the time. So more cores are used by more processes, and each looks now and then whether another
core has more room for it.

On Linux alone, and where the process may use several cores: who has chosen one with `taskset` keeps it.
"""

import os
import random
import sys
import time
from contextlib import suppress
from pathlib import Path

LOOK_SECONDS = 2.0
WORTH = 0.25  # of a core: so much more must others leave free elsewhere


def stay_on_one_core() -> None:
    """Under Daphne, whose reactor is there before its application; under another server, do nothing."""
    if "twisted.internet.reactor" not in sys.modules or not Path("/proc/stat").exists():
        return
    from twisted.internet.task import LoopingCall

    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        LoopingCall(Core(cores).look).start(LOOK_SECONDS)


class Core:
    def __init__(self, cores: list[int]) -> None:
        self._cores = cores
        self._seen = _busy_seconds()
        self._own, self._time = time.process_time(), time.monotonic()
        self.move(random.choice(cores))  # noqa: S311  # processes that start together part sooner or later

    def look(self) -> None:
        """Go where others leave clearly more room, if anywhere."""
        seen, own, now = _busy_seconds(), time.process_time(), time.monotonic()
        passed = max(now - self._time, 0.001)
        shares = {core: (seen[core] - self._seen[core]) / passed for core in self._cores if core in seen}
        shares[self.core] = shares.get(self.core, 0) - (own - self._own) / passed  # what others take of ours
        self._seen, self._own, self._time = seen, own, now
        best = min(shares, key=shares.__getitem__)
        # Two that are in each other's way must not both go: by chance, one does so first.
        if shares[self.core] - shares[best] > WORTH and random.random() < 0.5:  # noqa: S311
            self.move(best)

    def move(self, core: int) -> None:
        self.core = core
        for thread in os.listdir("/proc/self/task"):
            with suppress(OSError):  # it has ended
                os.sched_setaffinity(int(thread), {core})


def _busy_seconds() -> dict[int, float]:
    """How long each core has worked since the machine's start (proc_stat(5))."""
    busy = {}
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name.startswith("cpu") and name != "cpu":
            user, nice, system, _idle, _iowait, *rest = map(int, ticks)
            busy[int(name[3:])] = (user + nice + system + sum(rest[:3])) / os.sysconf("SC_CLK_TCK")
    return busy
