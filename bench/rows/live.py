"""What a page and an idle process cost, with a real Daphne on the filled database."""

import time

import psutil

from tests.support.people import Person
from tests.support.sites import Site

RUNS = 10  # more would break the limit on frames


def measure_live(site: Site, idle_seconds: float) -> dict[str, float]:
    person = Person(site.url)
    socket = person.connect()
    firsts, stops, follows, checks = [], [], [], []
    try:
        for _ in range(RUNS + 1):
            start = time.perf_counter()
            id = socket.ask("tell me more")
            socket.read_until("answer.text", id)
            firsts.append(time.perf_counter() - start)
            start = time.perf_counter()
            socket.stop(id)
            socket.finish(id)
            stops.append(time.perf_counter() - start)
            start = time.perf_counter()
            socket.follow(id)
            socket.finish(id)
            follows.append(time.perf_counter() - start)
            start = time.perf_counter()
            person.http.get(f"{site.url}/readyz").raise_for_status()
            checks.append(time.perf_counter() - start)
    finally:
        person.close()
    return {
        "first text of an answer (time)": milliseconds(firsts),
        "stop an answer (time)": milliseconds(stops),
        "follow a finished answer (time)": milliseconds(follows),
        "health check (time)": milliseconds(checks),
        "idle process (% of a core)": idle(site, idle_seconds),
    }


def milliseconds(seconds: list[float]) -> float:
    return min(seconds) * 1000


def idle(site: Site, seconds: float) -> float:
    [process] = site.processes
    info = psutil.Process(process.pid)
    before = info.cpu_times()
    time.sleep(seconds)
    after = info.cpu_times()
    used = after.user + after.system - before.user - before.system
    return max(0.0, used) / seconds * 100  # the difference of two floats may be a little below 0
