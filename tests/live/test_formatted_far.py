"""Formatted text, as a page sees it whose answer runs in another process."""

import asyncio

import pytest
from channels.db import database_sync_to_async

from answers.engine.relay import group_name
from answers.live import follower as follower_module
from answers.live import rendering as rendering_module
from answers.models import Status
from answers.protocol import finished
from completions import Activity, Piece
from tests.live.far_page import Unreliable, dictate

pytestmark = pytest.mark.django_db(transaction=True)

PAUSES = [0, 0, 0.001]

TEXT = "".join(f"{number}é🎈 *x*{chr(10) * (number % 5)}\r\n" for number in range(120))


@pytest.mark.parametrize("seed", range(6))
async def test_the_text_is_whole_when_the_layer_loses_doubles_or_delays_messages(
    source, open_page, seed, monkeypatch
):
    unreliable = Unreliable(source.layer, seed)
    monkeypatch.setattr(source.layer, "deliver", unreliable)
    pages = [await open_page()]
    await dictate(source, unreliable.chance, TEXT[:800], Piece, pauses=PAUSES)
    pages.append(await open_page())
    await dictate(source, unreliable.chance, TEXT[800:], Piece, pauses=PAUSES)
    await source.save(status=Status.COMPLETE)
    pages.append(await open_page())
    for page in pages:
        await page.ends()
        page.require_whole(TEXT)


@pytest.mark.parametrize("seed", range(6))
async def test_a_text_that_begins_anew_is_whole(source, open_page, seed, monkeypatch):
    unreliable = Unreliable(source.layer, seed)
    monkeypatch.setattr(source.layer, "deliver", unreliable)
    pages = [await open_page()]
    await dictate(source, unreliable.chance, "Hm. " * 100, Piece, pauses=PAUSES)
    pages.append(await open_page())
    await source.write(Piece("", "Hm. " * 100, restarts=True))
    await dictate(source, unreliable.chance, TEXT, Piece, pauses=PAUSES)
    await source.save(status=Status.COMPLETE)
    for page in pages:
        await page.ends()
        page.require_whole(TEXT, edition=1)


async def test_two_pages_share_one_rendering(source, open_page):
    one, other = await open_page(), await open_page()
    await source.write("So far. ")
    for page in (one, other):
        await page.shows("So far. ")
    assert one.reader.follower._rendering is other.reader.follower._rendering
    await one.reader.close()
    await source.write("And on.")
    await other.shows("So far. And on.")
    assert one.text == "So far. "


async def test_a_page_that_follows_again_gets_all_blocks_and_no_text_that_it_has(source, open_page):
    page, other = await open_page(), await open_page()
    await source.write("So far. ")
    for one in (page, other):
        await one.shows("So far. ")
    blocks, page.frames = page.blocks, []
    await page.follow()
    await page.until(lambda: page.frames)
    [frame] = page.frames
    assert (frame["position"], frame["text"], page.blocks) == (8, "", blocks)
    await source.write("And on.")
    for one in (page, other):
        await one.shows("So far. And on.")


@pytest.mark.parametrize("position", [0, 4, 8, 2**30])
async def test_the_first_page_of_a_process_may_begin_anywhere(source, open_page, position):
    await source.write("So far. ")
    await source.save(status=Status.COMPLETE)
    page = await open_page(text="So far. "[:position], claims=position)
    await page.ends()
    page.require_whole("So far. ")
    assert "".join(frame["text"] for frame in page.frames) == "So far. "[position:]


async def test_an_answer_without_text_ends_with_no_blocks(source, open_page):
    page = await open_page()
    await source.save(status=Status.STOPPED)
    end = await page.ends()
    assert (end["html"], end["blocks"], end["html_length"], page.frames) == ([], 0, 0, [])


async def test_an_empty_text_of_a_new_edition_clears_the_page(source, open_page):
    page = await open_page()
    await source.write("Hm. ")
    await page.shows("Hm. ")
    await source.write(Piece("", "Hm. ", restarts=True))
    await page.until(lambda: page.edition == 1)
    assert (page.text, page.blocks) == ("", [])
    await source.save(status=Status.STOPPED)
    await page.ends()
    page.require_whole("", edition=1)


async def test_what_comes_after_some_text_is_sent_after_it(source, open_page):
    page = await open_page()
    await source.write("First. ")
    await page.shows("First. ")
    order = []
    page.add = lambda event: order.append(event["text"])
    page.events = order
    await source.write("Second. ")
    await source.write(Piece(activity=Activity("searching")))
    await source.write("Third. ")
    await page.until(lambda: "Third. " in order)
    assert [one if isinstance(one, str) else one["activity"] for one in order] == [
        "Second. ",
        "searching",
        "Third. ",
    ]


async def test_text_that_a_killed_process_had_not_saved_is_taken_back(source, open_page):
    pages = [await open_page(), await open_page()]
    await source.write("Saved. ")
    await source.save()
    await source.write("Lost. ")
    for page in pages:
        await page.shows("Saved. Lost. ")
    await source.save(status=Status.INTERRUPTED, text="Saved. ")
    for page in pages:
        end = await page.ends()
        assert end["length"] == 7  # a page with more reads all again
        page.text = ""
        await page.follow()
        await page.ends()
        page.require_whole("Saved. ")


async def test_a_newer_edition_that_was_lost_is_taken_back(source, open_page):
    page = await open_page()
    await source.write("Hm. ")
    await source.save()
    await source.write(Piece("Yes", "Hm. ", restarts=True))
    await page.shows("Yes")
    await source.save(status=Status.INTERRUPTED, edition=0, text="Hm. ", reasoning="")
    await page.ends()
    page.require_whole("Hm. ")


async def test_a_page_that_claims_a_newer_edition_waits_for_it_and_gets_what_there_is_at_the_end(
    source, open_page
):
    await source.write("Hm. ")
    await source.save()
    page, other = await open_page(text="Yes", edition=1), await open_page()
    await other.shows("Hm. ")
    await source.write("And. ")
    await other.shows("Hm. And. ")
    assert (page.text, page.edition) == ("Yes", 1)
    await source.save(status=Status.INTERRUPTED)
    for one in (page, other):
        await one.ends()
        one.require_whole("Hm. And. ")


async def test_a_page_that_does_not_read_gets_the_newest_blocks_once_it_does(source, open_page):
    source.layer.capacity = 5
    page, other = await open_page(), await open_page()
    await source.write("0 ")
    for one in (page, other):
        await one.shows("0 ")
    page.reads.clear()
    for number in range(1, 60):
        await source.write(f"{number} ")
        await asyncio.sleep(0.005)
    text = "".join(f"{number} " for number in range(60))
    await other.shows(text)
    await source.save()
    page.reads.set()
    await page.shows(text)
    assert len(page.frames) < 10
    await source.save(status=Status.COMPLETE)
    for one in (page, other):
        await one.ends()
        one.require_whole(text)


async def test_a_page_that_does_not_read_delays_nobody(source, open_page):
    stuck, page = await open_page(), await open_page()
    stuck.reads.clear()
    await source.write("So far. ")
    await page.shows("So far. ")
    await source.save(status=Status.COMPLETE)
    await page.ends()
    assert stuck.frames == []


async def test_a_reader_whose_link_is_revoked_gets_nothing_more(source, open_page):
    reader, owner = await open_page(is_shared=True), await open_page()
    await source.write(Piece("So far. ", "Secret. "))
    for page in (reader, owner):
        await page.shows("So far. ")
    await reader.reader.follower.revoke()
    await source.write("And on.")
    await owner.shows("So far. And on.")
    await reader.until(lambda: reader.events and reader.events[-1]["type"] == "error")
    assert (reader.text, reader.events[-1]["code"]) == ("So far. ", "not_found")
    assert not [event for event in reader.events if event["type"] == "answer.reasoning"]
    await reader.reader.task  # it has ended


async def test_the_end_over_a_shared_link_has_no_figures_and_all_html(source, open_page):
    reader = await open_page(is_shared=True)
    await source.write(Piece("So far. ", "Secret. "))
    await source.save(status=Status.COMPLETE, seconds=3, completion_tokens=4)
    end = await reader.ends()
    reader.require_whole("So far. ")
    assert (end["usage"], end["seconds"], end["model"], end["reasoning_length"]) == (None, None, "", 0)


async def test_formatting_that_fails_ends_no_answer(source, open_page, monkeypatch, caplog):
    def fail(growing):
        raise ValueError("no")

    monkeypatch.setattr(rendering_module.Growing, "render", fail)
    pages = [await open_page(), await open_page()]
    await source.write("*So* far. ")
    for page in pages:
        await page.shows("*So* far. ")
    await source.write("<b>")
    await source.save(status=Status.COMPLETE)
    for page in pages:
        await page.ends()
        assert (page.text, page.html) == ("*So* far. <b>", '<p dir="auto">*So* far. &lt;b&gt;</p>')
    assert len(caplog.records) == 1


async def test_a_follower_that_is_closed_while_its_end_is_rendered_ends(source, open_page, monkeypatch):
    monkeypatch.setattr(follower_module, "CHECK_SECONDS", 60)
    begun = asyncio.Event()

    def never(growing):
        begun.set()
        while True:
            yield

    monkeypatch.setattr(rendering_module.Growing, "finish", never)
    page = await open_page()
    await source.write("So far. ")
    await page.shows("So far. ")
    await source.save(status=Status.COMPLETE)
    source.row.status = Status.COMPLETE
    await source.layer.group_send(group_name(source.row.pk), finished(source.row, 8))
    async with asyncio.timeout(20):
        await begun.wait()
        await page.reader.follower.close()
        await page.reader.task
    assert not page.end


async def test_an_answer_that_is_deleted_is_no_longer_followed(source, open_page):
    page = await open_page()
    await source.write("So far. ")
    await page.shows("So far. ")
    await database_sync_to_async(source.row.delete)()
    async with asyncio.timeout(20):
        await page.reader.task
    assert page.events[-1]["code"] == "not_found"
