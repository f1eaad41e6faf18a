"""`make bench` measures all servers under all loads in one run, and writes RESULTS.md.

`python -m bench NAME ... --loads 1,3` measures only some, and writes nothing.
"""

import argparse
import asyncio
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import psutil

from bench import servers
from bench.measure import Load, Result, measure
from bench.report import write
from bench.servers import LOAD_CORE, Server
from tests.support.services import Postgres, Redis

LOADS = [Load(1, 50, seconds=20), Load(50, 50), Load(200, 30), Load(500, 20), Load(1, 0, tokens=20_000)]
# What formatting adds: the same answers, with followers that ask for HTML and with others.
LOADS += [MANY := Load(1_000, 10), OVERLOAD := Load(500, 40, stops=5)]
LOADS += [Load(20, 30, is_markdown=True), Load(200, 30, is_markdown=True)]


@contextmanager
def redis() -> Iterator[str]:
    server = Redis()
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


@contextmanager
def postgres() -> Iterator[str]:
    server = Postgres()
    server.start()
    try:
        yield server.create_database("bench")
    finally:
        server.delete()


def run(name: str, server: AbstractContextManager[Server], load: Load, **options: bool) -> Result:
    with server as started:
        result = asyncio.run(measure(name, started, load, **options))
    print(
        f"{name:<22} {load!s:<22} {result.cpu:7.1f} us  lag {result.lag_p50:8.2f} /{result.lag_p99:8.2f} ms  "
        f"first {result.first_p50:7.1f} /{result.first_p99:7.1f} ms  batch {result.batch:5.1f}  "
        f"{result.tokens / result.seconds:8.0f}/s  "
        f"lost {result.lost} doubled {result.doubled} unfinished {result.unfinished}  "
        f"{result.memory / 1000:6.0f} KB  {result.connects:4.0f} connects/s  "
        f"http {result.http_seconds:.2f} s  {result.updates:.1f} updates/s  "
        f"stop {result.stop_seconds:.2f} s",
        flush=True,
    )
    return result


def is_measured(name: str, load: Load) -> bool:
    if load.is_markdown:
        return name in ("askme", "askme, HTML")
    if load == MANY:
        return name in ("proxy", "askme x 2", "askme x 4")
    if load == OVERLOAD:  # about twice what a third of a core can do
        return name in ("proxy", "askme, slow core")
    if name == "askme, slow core":
        return load.pages >= 200
    if name == "askme x 4":
        return load.pages == 200
    too_slow = name == "plain" and load.pages > 200
    return not (too_slow or name == "askme, HTML" or (name == "askme, Redis, far" and not load.rate))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="servers, such as askme or proxy; all if none is named")
    parser.add_argument("--loads", default="", help="which loads, such as 1,3; all if none is named")
    options = parser.parse_args()
    if (os.cpu_count() or 1) > 1:
        psutil.Process().cpu_affinity([LOAD_CORE])
    loads = [LOADS[int(index)] for index in options.loads.split(",")] if options.loads else LOADS
    results = []
    with servers.api() as api, redis() as redis_url, postgres() as database_url:
        several = partial(servers.askme, api.port, redis_url=redis_url, database_url=database_url)
        factories = {
            "proxy": lambda: servers.proxy(api.port),
            "proxy, uvloop": lambda: servers.proxy(api.port, "uvloop"),
            "plain": lambda: servers.plain(api.port),
            "askme": lambda: servers.askme(api.port),
            "askme, HTML": lambda: servers.askme(api.port),
            "askme, slow core": lambda: servers.askme(api.port, busy_neighbours=2),
            "askme, Redis": lambda: servers.askme(api.port, redis_url=redis_url),
            "askme, Redis, far": lambda: several(processes=2),
            "askme x 2": lambda: several(processes=2),
            "askme x 4": lambda: several(processes=4),
        }
        for load in loads:
            for name, factory in factories.items():
                if options.names and name not in options.names:
                    continue
                if not is_measured(name, load):
                    continue
                options_of_server = {"follow_elsewhere": name.endswith("far"), "html": name.endswith("HTML")}
                results.append(run(name, factory(), load, **options_of_server))
    if not options.names and not options.loads:
        from bench.plot import plot  # its package comes with `make bench` only

        write(results)
        plot(results)


if __name__ == "__main__":
    main()
