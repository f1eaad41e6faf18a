"""Draws the plot in RESULTS.md. It needs matplotlib, which the tests do without."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from bench.measure import Result
from bench.report import FOLDER


def plot(results: list[Result], folder: Path = FOLDER) -> None:
    """CPU for each token and the 99th percentile of the lag, by load, with a line for each server."""
    results = [result for result in results if not result.load.is_markdown]
    figure, (cpu, lag) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    loads = list(dict.fromkeys(str(r.load) for r in results if r.load.rate))
    for server in dict.fromkeys(r.server for r in results):
        found = {str(r.load): r for r in results if r.server == server and r.load.rate}
        there = [load for load in loads if load in found]
        cpu.plot(there, [found[load].cpu for load in there], marker="o", label=server)
        lag.plot(there, [found[load].lag_p99 for load in there], marker="o", label=server)
    cpu.set(ylabel="microseconds of CPU for each token", yscale="log")
    lag.set(ylabel="lag p99, milliseconds", yscale="log")
    for axes in (cpu, lag):
        axes.grid(alpha=0.3)
    lag.legend()
    figure.savefig(folder / "results.svg")
