"""What the results of a run depend on."""

import os
import platform
import threading
import time
from pathlib import Path

LOOPS, SWITCHES = 3_000_000, 10_000


def machine() -> str:
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
    return (
        f"{os.cpu_count()} cores of {model}, Linux {platform.release()}, Python {platform.python_version()}"
    )


def speed(round_seconds: float) -> str:
    """How quick Python is on this machine: what the other figures can be compared with."""
    loop, turn = round_seconds * 1e9, _turn() * 1e6
    return f"a round of an empty loop takes {loop:.0f} ns, and passing a turn to another thread {turn:.1f} µs"


def round_seconds() -> float:
    """Seconds for a round of a `for` loop that does nothing."""
    start = time.process_time()
    for _ in range(LOOPS):
        pass
    return (time.process_time() - start) / LOOPS


def _turn() -> float:
    """Seconds of CPU until a thread that waits for a lock goes on."""
    ping, pong = threading.Semaphore(0), threading.Semaphore(0)

    def answer() -> None:
        for _ in range(SWITCHES):
            ping.acquire()
            pong.release()

    thread = threading.Thread(target=answer)
    thread.start()
    start = time.process_time()
    for _ in range(SWITCHES):
        ping.release()
        pong.acquire()
    thread.join()
    return (time.process_time() - start) / SWITCHES / 2
