"""What a run should show: ratios to the raw proxy in the same run where that is possible."""

from collections.abc import Iterator
from typing import NamedTuple

from bench.measure import Result

# Connects cannot be compared with older code in one run. There were so many per second before pages became
# cheap, on a machine where a round of an empty loop takes so many seconds.
OLD_CONNECTS, OLD_ROUND_SECONDS = 144, 11e-9
MORE_CONNECTS = 3  # times as many

CPU_OF_PROXY = {
    "1 x 50/s": 2,
    "50 x 50/s": 3.5,
    "200 x 30/s": 1.8,
    "500 x 20/s": 1.8,
    "20,000 tokens at once": 1,
}
SLOW_LOADS = ("200 x 30/s", "500 x 20/s")
OVERLOAD = "500 x 40/s"
BYTES_PER_STREAM = 90_000


class Target(NamedTuple):
    load: str
    what: str
    limit: float
    value: float  # as measured. It should be at most the limit.


def targets(results: list[Result], round_seconds: float) -> Iterator[Target]:
    """Those that this run measured. `round_seconds`: what a round of an empty loop takes here."""
    found = {(str(result.load), result.server): result for result in results}
    proxies = {load: result for (load, server), result in found.items() if server == "proxy"}
    for load, limit in CPU_OF_PROXY.items():
        if (askme := found.get((load, "askme"))) and (proxy := proxies.get(load)):
            yield Target(load, "CPU per token, of the proxy's", limit, askme.cpu / proxy.cpu)
            if askme.load.pages == 1 and askme.load.rate:
                yield Target(load, "first text after the proxy's, ms", 15, askme.first_p50 - proxy.first_p50)
            elif askme.load.pages >= 200:
                yield Target(load, "KB per stream", BYTES_PER_STREAM / 1000, askme.memory / 1000)
                connects = MORE_CONNECTS * OLD_CONNECTS * OLD_ROUND_SECONDS / round_seconds
                yield Target(
                    load, "time per connect, of a third of what it was", 1, connects / askme.connects
                )
    for load in (*SLOW_LOADS, OVERLOAD):
        if slow := found.get((load, "askme, slow core")):
            yield from _slow_targets(f"{load}, slow core", slow, is_overload=load == OVERLOAD)


def _slow_targets(load: str, slow: Result, *, is_overload: bool) -> Iterator[Target]:
    yield Target(
        load, "tokens lost or doubled, answers refused or cut", 0, slow.lost + slow.doubled + slow.unfinished
    )
    if is_overload:
        yield Target(load, "longest Stop, s", 1, slow.stop_seconds)
        yield Target(load, "page, s", 2, slow.http_seconds)
    else:
        yield Target(load, "lag p99, ms", 500, slow.lag_p99)
        yield Target(load, "first text p99, ms", 3_000, slow.first_p99)
        yield Target(load, "page, s", 1, slow.http_seconds)
