"""Writes ROWS.md, with a table of what each operation costs by the number of answers."""

from pathlib import Path

from bench.machine import machine

HEAD = """# Results of `make bench-rows`

One run on one machine: {machine}.
The cost of each operation, the best of several runs, with few and with many answers in the database:
milliseconds of CPU in the process and in the database, or of time where it says so. One person has a tenth of
the answers, and does what the table says, unless it names somebody else. The ratio is the cost with
{many:,} answers divided by the cost with {few:,}. It should be at most 3, except for a search on SQLite,
which reads all texts of the person.

| operation | {columns} |
|---|{lines}|
"""


def write(file: Path, results: dict[str, list[dict[str, float]]], rows: list[int]) -> None:
    few, many = rows
    columns = [f"{name}: {count}" for name in results for count in (f"{few:,}", f"{many:,}", "ratio")]
    head = HEAD.format(
        machine=machine(),
        few=few,
        many=many,
        columns=" | ".join(columns),
        lines="|".join(["---:"] * len(columns)),
    )
    names = list(next(iter(results.values()))[0])
    lines = [
        " | ".join([name, *(cell for pair in results.values() for cell in _cells(name, pair))])
        for name in names
    ]
    file.write_text(head + "".join(f"| {line} |\n" for line in lines))


def _cells(name: str, pair: list[dict[str, float]]) -> list[str]:
    few, many = (one[name] for one in pair)
    return [f"{few:.2f}", f"{many:.2f}", f"{many / few:.1f}" if few else "–"]
