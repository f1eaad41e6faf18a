"""`python -m tests.chaos --answers 200 --seed 7` exits with 1 if an answer is lost, doubled or never ends."""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random, SystemRandom

from tests.chaos.api import Api
from tests.chaos.faults import Faults
from tests.chaos.plans import draw
from tests.chaos.stack import Stack
from tests.chaos.trial import Trial
from tests.chaos.verdict import Verdict

AT_ONCE = 16  # answers; more would measure the two cores, not askme
SETTLE_SECONDS = 30.0  # after the last fault, until every answer must have ended


async def run(answers: int, seed: int, folder: Path) -> Verdict:
    random = Random(seed)
    plans = [draw(number, random) for number in range(answers)]
    api = Api({plan.question: plan for plan in plans})
    stack = Stack(folder, await api.start())
    try:
        await asyncio.to_thread(stack.start)
        trials = [Trial(plan, [daphne.url for daphne in stack.daphnes]) for plan in plans]
        faults = Faults(stack, Random(f"{seed} faults"))
        await cause_faults(trials, faults)
        await asyncio.sleep(max(0, faults.last_ended + SETTLE_SECONDS - time.monotonic()))
        rows = await asyncio.to_thread(stack.rows)
        await at_once([trial.check_with_a_fresh_page for trial in trials])
        for trial in trials:
            trial.judge(rows.get(str(trial.plan.id)), faults)
        return Verdict(
            trials,
            faults,
            stack.errors(),
            strangers=api.strangers,
            extra_rows=len(rows) - answers,
            wrong_figures=await asyncio.to_thread(stack.wrong_figures),
        )
    finally:
        api.close()
        await asyncio.to_thread(stack.stop)


async def cause_faults(trials: list[Trial], faults: Faults) -> None:
    causing = asyncio.create_task(faults.run())
    try:
        await at_once([trial.run for trial in trials])
    finally:
        faults.stop()
        await causing


async def at_once(functions: list[Callable[[], Awaitable[None]]]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(function: Callable[[], Awaitable[None]]) -> None:
        async with gate:
            await function()

    async with asyncio.TaskGroup() as group:
        for function in functions:
            group.create_task(one(function))


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--answers", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None)
    arguments = parser.parse_args()
    seed = SystemRandom().randrange(10_000) if arguments.seed is None else arguments.seed
    folder = Path(tempfile.mkdtemp(prefix="askme-chaos-"))
    began = time.monotonic()
    verdict = asyncio.run(run(arguments.answers, seed, folder))
    again = f"make chaos ANSWERS={arguments.answers} SEED={seed}"
    verdict.write_log(folder / "chaos.log")
    sys.stdout.write(f"{again}: {time.monotonic() - began:.0f} s\n{verdict.table()}")
    if verdict:
        shutil.rmtree(folder)
        return 0
    sys.stdout.write(f"The faults of each answer and the logs of the processes are in {folder}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
