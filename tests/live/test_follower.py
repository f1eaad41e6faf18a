"""A follower in another process than its answer, behind layers that lose, double and delay messages."""

import asyncio

import pytest
from channels.db import database_sync_to_async

from answers import protocol
from answers.engine import queue
from answers.engine.relay import group_name
from answers.live import follower as follower_module
from answers.models import Status
from completions import Piece
from tests.live.far_page import Unreliable

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = "".join(f"{number}é🎈 " for number in range(400))


@pytest.mark.parametrize("seed", range(8))
async def test_the_text_is_complete_when_the_layer_loses_doubles_or_delays_messages(
    page, source, seed, monkeypatch
):
    unreliable = Unreliable(source.layer, seed)
    chance = unreliable.chance
    monkeypatch.setattr(source.layer, "deliver", unreliable)
    await page.reader.follow(source.row.pk, 0)
    position = 0
    while position < len(TEXT):
        size = chance.randint(1, 40)
        await source.write(TEXT[position : position + size])
        position += size
        if chance.random() < 0.2:
            await source.save()
        await asyncio.sleep(0)
    await source.save(status=Status.COMPLETE, finish_reason="stop")
    async with asyncio.timeout(20):
        await page.end.wait()  # no message was sent at the end: the follower found it in the database
    assert page.text == TEXT
    assert page.ends[0]["length"] == len(TEXT)
    assert len(page.ends) == 1


async def test_a_follower_starts_from_its_position(page, source):
    await source.write("what it has, ")
    await source.save()
    page.text = "what it"
    await page.reader.follow(source.row.pk, len(page.text))
    await page.shows("what it has, ")
    await source.write("what is new")
    await page.shows("what it has, what is new")


async def test_a_place_in_the_queue_is_read_once_and_the_start_is_found_later(page, source, monkeypatch):
    """A queue that does not move must cost nothing for all who look at it."""
    places, rows, ahead_of, read_row = [], [], queue.ahead_of, follower_module.read_row

    async def noted_read(*args, **options):
        rows.append(row := await read_row(*args, **options))
        return row

    monkeypatch.setattr(queue, "ahead_of", lambda row: places.append(row) or ahead_of(row))
    monkeypatch.setattr(follower_module, "read_row", noted_read)
    await page.reader.follow(source.row.pk, 0)
    async with asyncio.timeout(20):
        while len(rows) < 3:  # at the beginning, and at two checks
            await asyncio.sleep(0.01)
    assert len(places) == 1
    assert page.statuses == [protocol.queued(source.row.pk, 0)]
    await source.save(text="Begun")
    await page.shows("Begun")
    assert [status["type"] for status in page.statuses] == ["answer.queued", "answer.started"]


@pytest.fixture
def checks(monkeypatch):
    """Each check of a follower."""
    found, check = [], follower_module.Follower._check

    def noted(self):
        found.append(self)
        return check(self)

    monkeypatch.setattr(follower_module.Follower, "_check", noted)
    return found


async def test_the_row_of_a_question_that_waits_is_not_read(page, source, monkeypatch, checks):
    page.reader.waiting.add(source.row.pk)
    await page.reader.follow(source.row.pk, 0)
    async with asyncio.timeout(20):
        while not page.statuses:
            await asyncio.sleep(0.01)
    reads, read_row = [], follower_module.read_row

    def noted(*args, **options):
        reads.append(args)
        return read_row(*args, **options)

    with monkeypatch.context() as counted:
        counted.setattr(follower_module, "read_row", noted)
        async with asyncio.timeout(20):
            while len(checks) < 8:
                await asyncio.sleep(0.01)
    assert not reads
    await source.save(text="Begun")
    page.reader.waiting.clear()
    await page.shows("Begun")


async def test_text_that_comes_through_the_database_alone_is_looked_for_often(page, source, checks):
    """As while Redis is away."""
    await page.reader.follow(source.row.pk, 0)
    text, since_saved = "", 0
    for number in range(12):
        source.write_unnoticed(Piece(f"{number} "))
        text += f"{number} "
        await source.save()
        since_saved -= len(checks)
        await page.shows(text)
        since_saved += len(checks)
    assert since_saved < 3 * 12


async def test_the_batch_after_a_lost_one_catches_up_without_the_database(page, source, monkeypatch):
    monkeypatch.setattr(follower_module, "CHECK_SECONDS", 60)
    await page.reader.follow(source.row.pk, 0)
    await source.write("first ")
    await page.shows("first ")
    source.write_unnoticed(Piece("lost "))
    looks = []
    monkeypatch.setattr(follower_module, "read_row", looks.append)
    await source.write("found")
    await page.shows("first lost found")
    assert looks == []


async def test_the_end_of_a_process_that_died_is_noticed(page, source):
    await page.reader.follow(source.row.pk, 0)
    await source.write("shown")
    await page.shows("shown")
    await source.save(status=Status.INTERRUPTED)
    async with asyncio.timeout(20):
        await page.end.wait()
    assert page.ends[0]["status"] == "interrupted"


async def test_a_deleted_answer_is_no_longer_followed(page, source):
    await page.reader.follow(source.row.pk, 0)
    await database_sync_to_async(source.row.delete)()
    async with asyncio.timeout(20):
        await page.reader.task
    assert source.layer.groups == {}


async def test_a_closed_follower_leaves_nothing_behind(page, source):
    await page.reader.follow(source.row.pk, 0)
    await page.reader.close()
    assert source.layer.groups == {}
    await asyncio.sleep(0)
    assert source.layer.channels == {}


async def test_a_status_is_sent_once(page, source):
    await source.save(model="m")
    await page.reader.follow(source.row.pk, 0)
    started = {"type": "answer.started", "answer": str(source.row.pk), "model": "m"}
    await source.layer.group_send(group_name(source.row.pk), started)
    await source.write("x")
    await page.shows("x")
    assert page.statuses == [started]


async def test_closing_a_follower_ends_the_task_that_iterates_over_it(page, source):
    await page.reader.follow(source.row.pk, 0)
    await source.write("So far. ")
    await page.shows("So far. ")
    await page.reader.follower.close()
    async with asyncio.timeout(20):
        await page.reader.task
    assert source.layer.channels == {}
