"""When answers are rendered: at once, rarely, in short slices, and with long rests."""

import asyncio
import time
import uuid
from itertools import pairwise

import pytest

from answers.formatting import formatted
from answers.live import rendering as rendering_module
from answers.live import renderings as renderings_module
from answers.live.renderings import INTERVAL_SECONDS, REST, Renderings

STEP_SECONDS = 0.001


class Slow:
    """Takes as many milliseconds of CPU as the text has characters, one at each step."""

    worked: list[tuple[str, float]] = []  # which answer, and when each step began

    def __init__(self, prefix):
        self.prefix, self.text, self.blocks = prefix, "", []

    def feed(self, text):
        self.text += text

    def render(self):
        for _ in self.text:
            self.worked.append((self.prefix, time.monotonic()))
            end = time.thread_time() + STEP_SECONDS
            while time.thread_time() < end:
                pass
            yield
        self.blocks = [self.text]

    finish = render


@pytest.fixture
def slow(monkeypatch):
    monkeypatch.setattr(Slow, "worked", [])
    monkeypatch.setattr(rendering_module, "Growing", Slow)
    return Slow


class Reader:
    """Follows one answer, and notes when it got new blocks."""

    def __init__(self, renderings, answer=None, edition=0):
        self.renderings, self.times, self.seen = renderings, [], asyncio.Event()
        self.rendering = renderings.join(answer or uuid.uuid4(), edition, self.notify)

    def notify(self):
        self.times.append(time.monotonic())
        self.seen.set()

    def write(self, text):
        self.rendering.feed(len(self.rendering.text), text)
        self.renderings.want(self.rendering)

    async def sees(self, count):
        async with asyncio.timeout(20):
            while len(self.times) < count:
                self.seen.clear()
                await self.seen.wait()

    async def sees_all(self):
        async with asyncio.timeout(20):
            while self.rendering.length < len(self.rendering.text):
                self.seen.clear()
                await self.seen.wait()

    def leave(self):
        self.renderings.leave(self.rendering, self.notify)


@pytest.fixture
async def renderings():
    made = Renderings()
    yield made
    await made.close()


async def test_an_answer_is_rendered_once_for_all_its_readers(renderings, slow):
    one = Reader(renderings)
    other = Reader(renderings, one.rendering.answer)
    one.write("xxx")
    await other.sees(1)
    await one.sees(1)
    assert one.rendering is other.rendering
    assert len(slow.worked) == 3


async def test_a_rendering_is_dropped_with_its_last_reader(renderings):
    one = Reader(renderings)
    other = Reader(renderings, one.rendering.answer)
    one.leave()
    assert renderings.latest(one.rendering.answer) is one.rendering
    other.write("x")
    other.leave()
    other.leave()  # twice is harmless
    assert renderings.latest(one.rendering.answer) is None
    third = Reader(renderings)
    third.write("x")
    await third.sees(1)  # by then the queue has been looked through
    third.leave()
    assert (renderings._latest, renderings._queue) == ({}, [])
    assert one.times == other.times == []


async def test_the_first_text_is_rendered_at_once_and_the_next_after_a_while(renderings):
    delays = []
    for _ in range(5):  # the machine may stop in some of them
        reader = Reader(renderings)
        start = time.monotonic()
        reader.write("first")
        await reader.sees(1)
        delays.append(time.monotonic() - start)
    begun = [reader.rendering.rendered_at]
    for count in range(2, 6):
        reader.write("next")
        await reader.sees(count)
        begun.append(reader.rendering.rendered_at)
    gaps = [after - before for before, after in pairwise(begun)]
    assert min(gaps) >= INTERVAL_SECONDS * 0.9
    assert min(delays) < INTERVAL_SECONDS / 2


async def test_text_that_comes_while_an_answer_is_rendered_is_rendered_later(renderings, slow):
    reader = Reader(renderings)
    reader.write("x" * 20)
    while not slow.worked:
        await asyncio.sleep(0)
    reader.write("y")
    await reader.sees(1)
    assert (reader.rendering.length, reader.rendering.blocks) == (20, ["x" * 20])
    await reader.sees(2)
    assert (reader.rendering.length, reader.rendering.blocks) == (21, ["x" * 20 + "y"])


async def test_rendering_takes_a_sixth_of_the_time_in_short_slices(renderings, slow):
    readers = [Reader(renderings) for _ in range(3)]
    start = time.monotonic()
    for reader in readers:
        reader.write("x" * 60)
    for reader in readers:
        await reader.sees_all()
    seconds = time.monotonic() - start
    worked = STEP_SECONDS * len(slow.worked)
    assert len(slow.worked) == 180
    assert seconds >= worked * (REST + 1) * 0.9
    at = [when for _, when in slow.worked]
    unrested = [after for before, after in pairwise(at) if after - before < 2 * STEP_SECONDS]
    assert len(unrested) <= 6  # the first slice of each does not wait


async def test_a_long_render_delays_neither_the_first_text_nor_short_ones(renderings, slow):
    hostile, reader = Reader(renderings), Reader(renderings)
    hostile.write("x" * 300)
    while len(slow.worked) < 20:
        await asyncio.sleep(0.001)
    for most in (5, 30, 30):  # milliseconds of the long render; 12 are a sixth of the interval
        before = len(slow.worked)
        reader.write("y")
        await reader.sees(len(reader.times) + 1)
        assert len(slow.worked) - before < most
    assert not hostile.times
    await hostile.sees_all()  # in the end


async def test_the_end_comes_before_other_answers(renderings, slow, monkeypatch):
    monkeypatch.setattr(renderings_module, "END_SECONDS", 60.0)  # the others have waited for less
    others, reader = [Reader(renderings) for _ in range(10)], Reader(renderings)
    reader.write("x")
    for other in others:
        other.write("x")
    for one in (*others, reader):
        await one.sees(1)
    for other in others:
        other.write("y" * 10)
    await asyncio.sleep(INTERVAL_SECONDS * 2)  # until the others are overdue
    reader.rendering.end()
    renderings.want(reader.rendering)
    await reader.sees(2)
    assert sum(len(other.times) for other in others) < 15
    assert reader.rendering.is_final


async def test_the_end_does_not_wait_for_a_render_that_is_under_way(renderings, slow):
    reader = Reader(renderings)
    reader.write("x" * 50)
    while not slow.worked:
        await asyncio.sleep(0)
    reader.rendering.end()
    renderings.want(reader.rendering)
    await reader.sees(1)
    assert reader.rendering.is_final
    assert 50 < len(slow.worked) < 60


@pytest.mark.parametrize(
    "error", [ValueError, RecursionError, MemoryError, type("Panic", (BaseException,), {})]
)
async def test_text_that_cannot_be_formatted_is_one_block_of_plain_text(
    renderings, monkeypatch, caplog, error
):
    def fail(growing):
        yield
        raise error("no")

    reader = Reader(renderings)
    reader.write("*Fine.*")
    await reader.sees(1)
    assert reader.rendering.blocks == formatted("*Fine.*", f"a{reader.rendering.answer}-")
    monkeypatch.setattr(rendering_module.Growing, "render", fail)
    reader.write("\n<b>&amp; 😀")
    await reader.sees(2)
    shown = '<p dir="auto">*Fine.*<br>&lt;b&gt;&amp;amp; &#x1f600;</p>'
    assert reader.rendering.blocks == [shown]
    reader.write("!")
    await reader.sees(3)
    assert reader.rendering.blocks == [shown[:-4] + "!</p>"]
    reader.rendering.end()
    renderings.want(reader.rendering)
    await reader.sees(4)
    assert reader.rendering.is_final
    assert len(caplog.records) == 1


async def test_what_ends_a_process_is_not_taken_for_a_failure_of_the_formatting(renderings, monkeypatch):
    def interrupt(growing):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(rendering_module.Growing, "render", interrupt)
    rendering = rendering_module.Rendering(uuid.uuid4(), 0)
    rendering.feed(0, "x")
    with pytest.raises(KeyboardInterrupt):
        rendering.step(0)


async def test_each_edition_is_a_rendering_of_its_own(renderings):
    old = Reader(renderings)
    new = Reader(renderings, old.rendering.answer, edition=1)
    late = Reader(renderings, old.rendering.answer, edition=1)
    assert new.rendering is late.rendering is renderings.latest(old.rendering.answer)
    old.write("old")
    new.write("new")
    for reader in (old, new, late):
        await reader.sees(1)
    assert (old.rendering.text, new.rendering.text) == ("old", "new")
    old.leave()
    assert renderings.latest(old.rendering.answer) is new.rendering


def test_slices_are_short_and_rests_long():
    assert renderings_module.SLICE_SECONDS <= 0.001
    assert renderings_module.REST >= 5
