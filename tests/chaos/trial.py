"""One answer from its question to its end, with all pages that follow it."""

import asyncio
import math
import time
from random import Random

from tests.chaos.faults import Faults
from tests.chaos.pages import Browser, Page, Wrong
from tests.chaos.plans import Plan, another

PATIENCE_SECONDS = 150.0  # for the end: what the settings in `stack` allow, after a wait and an outage
BEFORE_SECONDS = 4.0  # a fault that began this long before the question may still last
CRASH_SECONDS = 1.0  # of shown text may be lost when a process is killed
SOON_SECONDS = 10.0  # for a fresh page to show a finished answer


class Trial:
    def __init__(self, plan: Plan, urls: list[str]) -> None:
        self.plan = plan
        self.browser = Browser(urls)
        self.pages: list[Page] = []
        self.problems: list[str] = []
        self.counted: list[str] = []  # faults that really happened
        self.status = "no row"
        self.stop_seconds: list[float] = []  # from the page's frame to the close at the API
        self.kill_seconds: list[float] = []  # from a process's death to the end on the page
        self._tasks: list[asyncio.Task[None]] = []
        self._random = Random(f"{plan.seed} pages")

    async def run(self) -> None:
        plan = self.plan
        await self.browser.load(plan.process)
        first = self._open("first", plan.process, asks=True)
        causing = asyncio.create_task(self._cause_faults(first))
        await self._wait(PATIENCE_SECONDS)
        causing.cancel()

    async def check_with_a_fresh_page(self) -> None:
        self._open("fresh", self.plan.process, asks=False)
        await self._wait(SOON_SECONDS)

    def _open(self, name: str, process: int, *, asks: bool = False) -> Page:
        page = Page(name, self.plan, self.browser, process, asks=asks)
        self.pages.append(page)
        self._tasks.append(asyncio.create_task(page.run()))
        return page

    def _open_elsewhere(self, first: Page) -> Page:
        return self._open(f"page {len(self.pages) + 1}", another(first.process, self._random))

    async def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while waiting := [task for task in self._tasks if not task.done()]:
            left = deadline - time.monotonic()
            if left <= 0:
                break
            await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, Wrong):
                self.problems.append(f"doubled: {result}")
            elif isinstance(result, Exception):
                self.problems.append(f"chaos itself failed: {result!r}")
        self._tasks.clear()

    async def _cause_faults(self, first: Page) -> None:
        began = time.monotonic()
        for at, kind in self.plan.page_faults:
            await asyncio.sleep(max(0, began + at - time.monotonic()))
            if first.end is not None:
                return
            self.counted.append(kind)
            first.log(kind)
            match kind:
                case "cut a page's socket":
                    await first.cut()
                case "freeze a page's socket":
                    await first.freeze()
                case "move a page to another process":
                    await first.move()
                case "second page elsewhere":
                    self._open_elsewhere(first)
                case "stop":
                    await first.stop()
                case "stop from another process":
                    await self._open_elsewhere(first).stop()

    # -- The judgement afterwards

    def judge(self, row: tuple[str, str] | None, faults: Faults) -> None:
        if row is None:
            self.problems.append("lost: there is no row")
            return
        (status, text), plan = row, self.plan
        self.status = status
        self._measure(status, faults)
        # Only faults during the answer excuse anything.
        asked = (plan.asked or 0) - BEFORE_SECONDS
        ended = max(
            (page.ended for page in self.pages if page.ended and page.name != "fresh"), default=math.inf
        )
        crashed = faults.during(("Daphne killed",), asked, ended)
        database_was_down = faults.during(("PostgreSQL restarted",), asked, ended)
        disturbed = crashed or database_was_down or faults.during(("Daphne terminated",), asked, ended)
        could_not_save = database_was_down or faults.during(("rows locked",), asked, ended)
        may_lack = math.inf if crashed and could_not_save else plan.chars_in(CRASH_SECONDS) if crashed else 0
        if status in ("queued", "running"):
            self.problems.append(f"never ended: {status}")
        elif status not in plan.ends | ({"interrupted"} if disturbed else set()):
            self.problems.append(f"wrong end: {status}, and not of {sorted(plan.ends)}")
        if not plan.text.startswith(text):
            left = iter(plan.text)
            kind = "lost" if all(char in left for char in text) else "doubled"
            self.problems.append(f"{kind}: the row's text is not the API's")
        elif status == "complete" and text != plan.text:
            self.problems.append(f"lost: complete with {len(text)} of {len(plan.text)}")
        if text and not plan.requests:
            self.problems.append("doubled: it has a text, and the API never saw its question")
        if not plan.requests and status in ("complete", "failed"):
            self.problems.append(f"wrong end: {status}, and the API never saw its question")
        if plan.requests > plan.requests_allowed:
            self.problems.append(f"doubled: {plan.requests} requests")
        for page in self.pages:
            self._judge_page(page, status, text, may_lack)

    def _measure(self, status: str, faults: Faults) -> None:
        stopped, closed = self.plan.stopped, self.plan.api_closed
        if status == "stopped" and stopped is not None and closed is not None and closed > stopped:
            # A stop from another process goes through the database.
            delayed = faults.during(("PostgreSQL restarted", "rows locked"), stopped - 5, closed)
            self.stop_seconds += [] if delayed else [closed - stopped]
        for page in self.pages:
            if status == "interrupted" and page.ended is not None and page.name != "fresh":
                asked = self.plan.asked or 0
                kills = [at for at in faults.times.get("Daphne killed", []) if asked < at < page.ended]
                # After an outage of the database, live processes first get time to renew their heartbeats.
                if kills and not faults.during(("PostgreSQL restarted",), kills[-1] - 10, page.ended):
                    self.kill_seconds.append(page.ended - kills[-1])

    def _judge_page(self, page: Page, status: str, text: str, may_lack: float) -> None:
        if page.end is None:
            self.problems.append(f"never ended: {page.name} shows no end")
        elif page.end["status"] != status:
            self.problems.append(f"wrong end: {page.name} shows {page.end['status']}, the row is {status}")
        elif page.text != text:
            shown = f"{page.name} shows {len(page.text)}, the row has {len(text)}"
            self.problems.append(f"{'lost' if text.startswith(page.text) else 'doubled'}: {shown}")
        if len(page.longest) > len(text) + may_lack:
            self.problems.append(f"lost: {page.name} had shown {len(page.longest)}, the row has {len(text)}")
