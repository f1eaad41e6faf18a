"""The table at the end: the faults, what was lost, and how long things took."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.faults import Faults
from tests.chaos.trial import Trial

SLOW_STOP_SECONDS = 1.0  # the promise when nothing else is broken
KINDS = ("lost", "doubled", "never ended", "wrong end", "wrong figures")


class Verdict:
    def __init__(
        self,
        trials: list[Trial],
        faults: Faults,
        errors: Counter[str],
        *,
        strangers: list[str],
        extra_rows: int,
        wrong_figures: list[str],
    ) -> None:
        self.trials, self.faults, self.errors = trials, faults, errors
        self.problems = [(trial, problem) for trial in trials for problem in trial.problems]
        self.general = [f"doubled: the API was asked {question!r}" for question in strangers]
        if extra_rows > 0:
            self.general.append(f"doubled: {extra_rows} rows too many")
        self.general += [f"wrong figures: {difference}" for difference in wrong_figures]

    def __bool__(self) -> bool:
        """Return whether nothing went wrong."""
        return not (self.problems or self.general)

    def table(self) -> str:
        plans = [trial.plan for trial in self.trials]
        faults: Counter[str] = Counter(kind for trial in self.trials for kind in trial.counted)
        faults.update(plan.api_fault for plan in plans if plan.requests and plan.api_fault != "none")
        faults.update(self.faults.counts)
        ends = Counter(str(trial.status) for trial in self.trials)
        lines = [f"{len(plans):6} answers: " + ", ".join(f"{n} {end}" for end, n in sorted(ends.items()))]
        sent = sum(plan.requests > 0 for plan in plans)
        lines += [f"{sent:6} questions that the API saw, each with its row"]
        lines += [f"{faults.total():6} faults"]
        lines += [f"{number:10}  {kind}" for kind, number in sorted(faults.items())]
        said = Counter(problem.split(":")[0] for _, problem in self.problems)
        said.update(problem.split(":")[0] for problem in self.general)
        lines += [f"{said.pop(kind, 0):6} {kind}" for kind in KINDS]
        lines += [f"{number:6} {kind}" for kind, number in said.items()]
        lines += ["Times, except while PostgreSQL is down or rows are locked:"]
        lines += [
            _times("stop to API connection closed", [t for trial in self.trials for t in trial.stop_seconds])
        ]
        lines += [
            _times(
                "kill to interrupted",
                [t for trial in self.trials for t in trial.kill_seconds],
            )
        ]
        pages = [page for trial in self.trials for page in trial.pages]
        lines += [_times("reconnect to text", [t for page in pages for t in page.reconnects])]
        lines += [f"gaps that pages asked to fill: {sum(page.gaps for page in pages)}"]
        lines += [f"logged {number} times: {error}" for error, number in self.errors.most_common()]
        return "\n".join(lines) + "\n"

    def write_log(self, path: Path) -> None:
        """Write everything that explains what went wrong. A seed repeats the faults, but not their timing."""
        entries = list(self.faults.log)
        slow = [trial for trial in self.trials if max(trial.stop_seconds, default=0) > SLOW_STOP_SECONDS]
        for trial in dict.fromkeys([*(trial for trial, _ in self.problems), *slow]):
            plan = trial.plan
            entries += [f"{line}  #{plan.number}" for line in plan.log]
        lines = [*self.general]
        for trial, problem in self.problems:
            plan = trial.plan
            lines.append(f"#{plan.number} {plan.id} ({plan.api_fault} at {plan.api_at}): {problem}")
        path.write_text("\n".join([*lines, "", *sorted(entries, key=_time), ""]))


def _time(line: str) -> float:
    return float(line.split(" ", 1)[0])


def _times(what: str, seconds: Sequence[float]) -> str:
    if not seconds:
        return f"{what}: did not happen"
    ordered = sorted(seconds)
    at = {share: ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.99)}
    return (
        f"{what}: p50 {at[0.5]:.2f} s, p99 {at[0.99]:.2f} s, max {ordered[-1]:.2f} s ({len(ordered)} times)"
    )
