"""One measurement: a number of pages ask at once, and each token is timed."""

import asyncio
import statistics
import time
from dataclasses import dataclass

from bench.markdown import TIMED
from bench.pages import Page, Tally, get_cookie, open_page
from bench.servers import Server

WARM_SECONDS = 3.0  # until all streams are running; measured from then on
COOL_SECONDS = 1.0  # before the first stream ends
PATIENCE_SECONDS = 240.0  # for all answers: past its capacity, a server delivers them later


@dataclass(frozen=True)
class Load:
    pages: int
    rate: int  # tokens per second for each page; 0: all at once
    seconds: float = 10
    tokens: int = 0  # for each page; 0: rate * seconds
    is_markdown: bool = False
    stops: int = 0  # so many pages stop their answers while all are running

    @property
    def question(self) -> str:
        tokens = self.tokens or round(self.rate * self.seconds)
        return f"tokens={tokens} rate={self.rate} markdown={self.is_markdown:d}"

    def __str__(self) -> str:
        load = f"{self.pages} x {self.rate}/s" if self.rate else f"{self.tokens:,} tokens at once"
        return f"{load}, Markdown" if self.is_markdown else load


@dataclass
class Result:
    server: str
    load: Load
    cpu: float  # microseconds of the server for each token
    lag_p50: float  # milliseconds from the API's send to the page's receive
    lag_p99: float
    first_p50: float  # milliseconds from the question to its first token
    first_p99: float
    tokens: int
    seconds: float
    lost: int
    doubled: int
    unfinished: int
    memory: float  # bytes for each stream, over the idle server with the pages connected
    connects: float  # pages per second, with session and handshake, one after another as in a browser
    batch: float  # tokens per frame
    http_seconds: float  # for a page of the site, while all streams are running
    updates: float  # frames per second for each page, while it streams
    stop_seconds: float  # the longest time from a Stop to the end of the answer


def percentile(values: list[int], share: float) -> float:
    """In milliseconds."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] / 1000 if ordered else float("nan")


async def measure(
    name: str, server: Server, load: Load, *, follow_elsewhere: bool = False, html: bool = False
) -> Result:
    tally, reader_tally = Tally(), Tally()
    start = time.perf_counter()
    pages = [await connect(server, index, tally) for index in range(load.pages)]
    connects = load.pages / (time.perf_counter() - start)
    if follow_elsewhere:
        readers = [await connect(server, index + 1, reader_tally, page) for index, page in enumerate(pages)]
    idle_memory = server.memory_bytes
    started = time.perf_counter()
    for index, page in enumerate(pages):
        page.ask(load.question, html=html, timed=TIMED if load.is_markdown else 1)
        if load.rate and index % 10 == 9:
            await asyncio.sleep(0.05)  # 200 questions in a second
    if follow_elsewhere:
        for page in pages:
            await page.accepted.wait()  # its row is saved
        for page, reader in zip(pages, readers, strict=True):
            reader.send(type="answer.follow", answer=page.answer, position=0)
            page.finished.set()
            page.transport.close()  # so that all followers are in the other process
        pages, tally = readers, reader_tally
    http_seconds = 0.0
    stopping = pages[: load.stops] if server.sessions else []
    if load.rate:
        cpu, tokens, memory, http_seconds = await steady(server, load, tally, stopping)
    else:
        cpu_before = server.cpu_seconds
        await finish(pages)
        cpu, tokens, memory = server.cpu_seconds - cpu_before, tally.tokens, server.memory_bytes
    await finish(pages)
    seconds = time.perf_counter() - started
    for page in pages:
        if page not in stopping:
            tally.unfinished += page.expected != int(load.question.split()[0].removeprefix("tokens="))
        page.transport.close()
    return Result(
        server=name,
        load=load,
        cpu=cpu / max(tokens, 1) * 1e6,
        lag_p50=statistics.median(tally.lags) / 1000 if tally.lags else float("nan"),
        lag_p99=percentile(tally.lags, 0.99),
        first_p50=percentile(tally.first_lags, 0.5),
        first_p99=percentile(tally.first_lags, 0.99),
        tokens=tally.tokens,
        seconds=seconds,
        lost=tally.lost,
        doubled=tally.doubled,
        unfinished=tally.unfinished,
        memory=(memory - idle_memory) / load.pages,
        connects=connects,
        batch=tally.tokens / max(tally.frames, 1),
        http_seconds=http_seconds,
        updates=tally.frames / load.pages / load.seconds if load.rate else float("nan"),
        stop_seconds=max((page.stop_seconds for page in stopping), default=float("nan")),
    )


async def connect(server: Server, index: int, tally: Tally, like: Page | None = None) -> Page:
    """A page of a new person; with `like`, another page of the same person."""
    host = server.hosts[index % len(server.hosts)]
    cookie = like.cookie if like else await get_cookie(host) if server.sessions else ""
    page = await open_page(tally, host, server.path, cookie)
    return page


async def steady(
    server: Server, load: Load, tally: Tally, stopping: list[Page]
) -> tuple[float, int, int, float]:
    """CPU seconds, tokens and memory while all streams run, and how long a page of the site takes then."""
    await asyncio.sleep(WARM_SECONDS)
    cpu, tokens = server.cpu_seconds, tally.tokens
    until = time.perf_counter() + load.seconds - WARM_SECONDS - COOL_SECONDS
    http_seconds = 0.0
    if server.sessions:
        before = time.perf_counter()
        await get_cookie(server.hosts[0])
        http_seconds = time.perf_counter() - before
    for page in stopping:
        page.stop()
    await asyncio.sleep(until - time.perf_counter())
    return server.cpu_seconds - cpu, tally.tokens - tokens, server.memory_bytes, http_seconds


async def finish(pages: list[Page]) -> None:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            for page in pages:
                await page.finished.wait()
    except TimeoutError:
        pass  # counted as unfinished
