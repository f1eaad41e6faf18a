"""`python -m bench.rows --rows 1000000` fills databases of two sizes, measures, and writes bench/ROWS.md.

With few rows and another file it quickly checks that the measurement works. A million rows need about 2 GB in
the folder for temporary files, which are removed at the end.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.rows.live import measure_live
from bench.rows.report import write
from tests.support.services import Postgres
from tests.support.sites import ROOT, Site

FEW_ROWS = 1_000
FILE = ROOT / "bench" / "ROWS.md"


@contextmanager
def sqlite_urls() -> Iterator[Iterator[str]]:
    with tempfile.TemporaryDirectory(prefix="askme-rows-") as folder:
        yield (f"sqlite:///{folder}/{number}.sqlite3" for number in range(2))


@contextmanager
def postgres_urls() -> Iterator[Iterator[str]]:
    server = Postgres()
    try:
        server.start()
        yield (server.create_database(f"rows{number}") for number in range(2))
    finally:
        server.delete()


def measure(url: str, rows: int, run_seconds: float, idle_seconds: float) -> dict[str, float]:
    """In a process of its own, since the settings name one database."""
    with tempfile.TemporaryDirectory(prefix="askme-rows-") as folder:
        site = Site(Path(folder), DATABASE_URL=url)
        environment = os.environ | site.environment | {"ASKME_STATEMENT_SECONDS": "0", "ENV_FILE": ""}
        command = [sys.executable, "-m", "bench.rows.process", str(rows), str(run_seconds)]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
        results = json.loads(done.stdout.splitlines()[-1])
        try:
            return results | measure_live(site.start(), idle_seconds)
        finally:
            site.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--few", type=int, default=FEW_ROWS)
    parser.add_argument("--file", type=Path, default=FILE, help="where the table is written")
    parser.add_argument(
        "--run", type=float, default=20, help="seconds after which no more runs of an operation begin"
    )
    parser.add_argument("--idle", type=float, default=10, help="seconds for which to watch an idle process")
    options = parser.parse_args()
    results = {}
    for name, urls in (("SQLite", sqlite_urls), ("PostgreSQL", postgres_urls)):
        with urls() as (few_url, many_url):
            results[name] = [
                measure(few_url, options.few, options.run, options.idle),
                measure(many_url, options.rows, options.run, options.idle),
            ]
            print(f"{name}: {json.dumps(results[name])}", flush=True)
    write(options.file, results, [options.few, options.rows])


if __name__ == "__main__":
    main()
