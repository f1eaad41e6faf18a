"""Writes RESULTS.md from the results of one run. The plot in it is made by plot.py."""

import math
from pathlib import Path

from bench.machine import machine, round_seconds, speed
from bench.measure import Result
from bench.targets import targets

FOLDER = Path(__file__).resolve().parent
HEAD = """# Results of `make bench`

One run on one machine: {machine}. There, {speed}.
Figures from different runs or machines cannot be compared; ratios within a run can.

## Targets

| load | what | at most | measured | met |
|---|---|---|---|---|
{targets}
## All figures

The server and the load have a core each. If the server is several processes, every other one shares the
load's core; PostgreSQL and Redis share both. CPU is the server's, in microseconds for each token that a
page received, with all the product's features: sessions, saving, positions, limits. The lag is the time
from the API's send to the page's receive. The references do none of that: `proxy` is a raw asyncio proxy,
the same with uvloop is another, and `plain` uses a thread with `requests`, and `async_to_sync` for each
token. `askme, slow core` shares the server's core with two processes that never rest, so it has a third of
it.

| load | server | CPU, of the proxy's | µs/token | lag p50 / p99 ms | first text p50 / p99 ms | tokens/s | \
tokens per batch | lost, doubled, unfinished | KB per stream | connects/s | page in s |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""


FORMATTING = """
The same answers of mixed Markdown (prose, lists, code and tables), followed as plain text and as HTML. Pages
that ask for HTML get fewer, larger frames, so they may cost less than the others.

| load | plain, µs/token | HTML, µs/token | formatting adds | plain, frames/s | HTML, frames/s |
|---|---|---|---|---|---|
"""


def write(results: list[Result], folder: Path = FOLDER) -> None:
    rows = [_row(result, results) for result in results if not result.load.is_markdown]
    loop = round_seconds()
    met = _targets(results, loop)
    print(met, end="")
    head = HEAD.format(machine=machine(), speed=speed(loop), targets=met)
    plot = "\n![CPU and lag by load](results.svg)\n"
    (folder / "RESULTS.md").write_text(f"{head}{''.join(rows)}{plot}{_formatting(results)}")


def _targets(results: list[Result], loop: float) -> str:
    rows = []
    for load, what, limit, value in targets(results, loop):
        met = "yes" if value <= limit else "**no**"
        rows.append(f"| {load} | {what} | {limit:g} | {value:.3g} | {met} |\n")
    return "".join(rows)


def _formatting(results: list[Result]) -> str:
    """What formatting adds: the difference between two results of this run under the same load."""
    rows = []
    for html in (result for result in results if result.server == "askme, HTML"):
        plain = next(one for one in results if (one.server, one.load) == ("askme", html.load))
        rows.append(
            f"| {html.load} | {plain.cpu:.0f} | {html.cpu:.0f} | {html.cpu - plain.cpu:+.0f} "
            f"| {plain.updates:.1f} | {html.updates:.1f} |\n"
        )
    return FORMATTING + "".join(rows) if rows else ""


def _row(result: Result, results: list[Result]) -> str:
    proxy = next((r.cpu for r in results if r.server == "proxy" and r.load == result.load), math.nan)
    first = "–" if math.isnan(result.first_p50) else f"{result.first_p50:,.1f} / {result.first_p99:,.1f}"
    return (
        f"| {result.load} | {result.server} | {result.cpu / proxy:.1f} | {result.cpu:.0f} "
        f"| {result.lag_p50:,.1f} / {result.lag_p99:,.1f} "
        f"| {first} "
        f"| {result.tokens / result.seconds:,.0f} | {result.batch:.1f} "
        f"| {result.lost}, {result.doubled}, {result.unfinished} | {result.memory / 1000:.0f} "
        f"| {result.connects:.0f} | {result.http_seconds:.2f} |\n"
    )
