"""Places are announced when they change, and again after an error that nobody expected."""

import asyncio
import uuid

from answers import protocol
from answers.engine import places


class Database:
    def __init__(self, *results):
        self.results = list(results)

    async def run(self, function):
        result = self.results.pop(0) if len(self.results) > 1 else self.results[0]
        if isinstance(result, Exception):
            raise result
        return result


async def test_an_error_is_not_the_end_of_all_announcements(monkeypatch):
    monkeypatch.setattr(places, "PLACE_SECONDS", 0.01)
    first, second = uuid.uuid4(), uuid.uuid4()
    announced = asyncio.Queue()
    found = places.Places(
        Database(RuntimeError("nobody expected this"), [first, second]), announced.put_nowait
    )
    found.watch(first)
    await asyncio.wait([found._task], timeout=20)
    assert found._task.done()
    assert announced.empty()
    found.watch(second)
    async with asyncio.timeout(20):
        assert await announced.get() == protocol.queued(first, 0)
        assert await announced.get() == protocol.queued(second, 1)
    found.close()


async def test_a_distant_place_is_told_when_it_has_changed_by_a_tenth(monkeypatch):
    monkeypatch.setattr(places, "PLACE_SECONDS", 0)
    ids = [uuid.uuid4() for _ in range(200)]
    told = asyncio.Queue()
    found = places.Places(Database(*(ids[start:] for start in range(200))), told.put_nowait)
    found.watch(ids[-1])
    seen = []
    async with asyncio.timeout(20):
        while not seen or seen[-1] > 0:
            seen.append((await told.get())["ahead"])
    assert seen[0] == 199
    assert len(seen) < 50
    assert seen[-20:] == [*range(19, -1, -1)]
    found.close()
