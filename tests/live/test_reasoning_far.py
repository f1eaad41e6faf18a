"""Reasoning, and text that begins anew, as a page sees them whose answer runs in another process."""

import asyncio

import pytest

from answers.engine.relay import group_name
from answers.live import follower as follower_module
from answers.live import progress
from answers.models import Status
from answers.protocol import finished
from completions import Activity, Piece
from tests.live.far_page import Unreliable, dictate

pytestmark = pytest.mark.django_db(transaction=True)

REASONING = "".join(f"{number}ü🤔 " for number in range(200))
TEXT = "".join(f"{number}é🎈 " for number in range(200))


async def end(page):
    async with asyncio.timeout(20):
        await page.end.wait()
    return page.ends[0]


@pytest.mark.parametrize("seed", range(8))
async def test_reasoning_and_text_are_whole_when_the_layer_loses_doubles_or_delays_messages(
    page, source, seed, monkeypatch
):
    unreliable = Unreliable(source.layer, seed)
    monkeypatch.setattr(source.layer, "deliver", unreliable)
    await page.reader.follow(source.row.pk, 0)
    await dictate(source, unreliable.chance, REASONING, lambda text: Piece(reasoning=text))
    await dictate(source, unreliable.chance, TEXT, Piece)
    await source.save(status=Status.COMPLETE)
    found = await end(page)
    assert (page.reasoning, page.text) == (REASONING, TEXT)
    assert (found["reasoning_length"], found["length"]) == (len(REASONING), len(TEXT))


@pytest.mark.parametrize("seed", range(8))
async def test_a_text_that_begins_anew_is_whole_when_the_layer_loses_doubles_or_delays_messages(
    page, source, seed, monkeypatch
):
    unreliable = Unreliable(source.layer, seed)
    monkeypatch.setattr(source.layer, "deliver", unreliable)
    await page.reader.follow(source.row.pk, 0)
    await dictate(source, unreliable.chance, REASONING, Piece)
    await source.write(Piece("", REASONING, restarts=True))
    await dictate(source, unreliable.chance, TEXT, Piece)
    await source.save(status=Status.COMPLETE)
    found = await end(page)
    assert (page.reasoning, page.text, page.edition) == (REASONING, TEXT, 1)
    assert (found["edition"], found["length"]) == (1, len(TEXT))


async def test_the_message_that_a_text_begins_anew_may_be_lost(page, source, monkeypatch):
    monkeypatch.setattr(follower_module, "CHECK_SECONDS", 60)  # the next messages are enough
    await page.reader.follow(source.row.pk, 0)
    await source.write("Hm. ")
    await page.shows("Hm. ")
    source.write_unnoticed(Piece("Yes", "Hm. ", restarts=True))
    await source.write(".")
    await page.shows("Yes.")
    await source.save()
    await source.write("!")  # it says that reasoning was saved which the page does not have
    await page.shows("Yes.!", "Hm. ")
    assert page.edition == 1


async def test_an_empty_text_of_a_new_edition_replaces_the_old_one(page, source):
    await page.reader.follow(source.row.pk, 0)
    await source.write("Hm. ")
    await page.shows("Hm. ")
    await source.write(Piece("", "Hm. ", restarts=True))
    await page.shows("", "Hm. ")
    await source.write(Piece("More", "", restarts=True))
    source.write_unnoticed(Piece("", "More", restarts=True))
    await source.save(status=Status.STOPPED)
    assert (await end(page))["edition"] == 3
    assert (page.text, page.reasoning, page.edition) == ("", "Hm. More", 3)


async def test_a_batch_of_the_edition_before_comes_too_late(page, source):
    await page.reader.follow(source.row.pk, 0)
    await source.write("Hm. ")
    await source.write(Piece("Yes", "Hm. ", restarts=True))
    await page.shows("Yes", "Hm. ")
    late = {"type": "answer.text", "answer": str(source.row.pk), "position": 0, "text": "Hm. And so on"}
    await source.layer.group_send(group_name(source.row.pk), late)
    await source.write("!")
    await page.shows("Yes!")
    assert page.editions == [1]


@pytest.mark.parametrize("saved", [True, False])
async def test_a_page_that_comes_back_continues_in_the_middle_of_reasoning(page, source, saved):
    await source.write(Piece(reasoning="So far, "))
    page.reasoning = "So f"
    if saved:
        await source.save()
    await page.follow_on(source.row.pk)
    if saved:
        await page.shows("", "So far, ")
    await source.write(Piece(reasoning="and on. "))
    await source.write("Yes.")
    await page.shows("Yes.", "So far, and on. ")


async def test_a_page_that_comes_back_with_an_old_edition_gets_the_new_text(page, source):
    await source.write("Hm. ", Piece("Yes, of course.", "Hm. ", restarts=True))
    await source.save()
    page.text = "Hm. "
    await page.follow_on(source.row.pk)
    await page.shows("Yes, of course.", "Hm. ")


async def test_a_page_with_a_newer_edition_than_the_row_waits_for_it(page, source):
    await source.write("Hm. ")
    await source.save()
    await source.write(Piece("Yes", "Hm. ", restarts=True))
    page.edition, page.text, page.reasoning = 1, "Yes", "Hm. "
    await page.follow_on(source.row.pk)
    await source.write(", of course.")
    await page.shows("Yes, of course.", "Hm. ")
    # Its process is killed, and the edition was never saved: the row is what counts.
    await source.save(status=Status.INTERRUPTED, edition=0, text="Hm. ", reasoning="")
    found = await end(page)
    assert (page.edition, page.text) == (0, "Hm. ")
    assert found["reasoning_length"] == 0  # the page reads it again, as it has another length


async def test_the_end_repairs_what_was_lost(page, source):
    await page.reader.follow(source.row.pk, 0)
    source.write_unnoticed(Piece("Yes.", "Hm. "))
    await source.save(status=Status.COMPLETE)
    source.row.status, source.row.edition = Status.COMPLETE, 0
    await source.layer.group_send(group_name(source.row.pk), finished(source.row, 4, 4))
    await end(page)
    assert (page.text, page.reasoning) == ("Yes.", "Hm. ")


async def test_a_row_with_reasoning_and_no_text_says_that_the_model_is_thinking(page, source):
    await source.write(Piece(reasoning="Hm. "))
    await source.save()
    await page.reader.follow(source.row.pk, 0)
    await page.shows("", "Hm. ")
    assert [status["type"] for status in page.statuses] == ["answer.started", "answer.activity"]
    assert page.statuses[1]["activity"] == "thinking"
    await source.write(Piece(activity=Activity("searching")))
    await source.write("Yes.")
    await page.shows("Yes.")
    assert page.statuses[2]["activity"] == "searching"


async def test_long_reasoning_comes_in_pieces(page, source, monkeypatch):
    monkeypatch.setattr(progress, "PIECE_CHARS", 100)
    monkeypatch.setattr("answers.live.answer_rows.PIECE_CHARS", 100)
    seen = []
    send = page.send

    async def watched(event):
        seen.append(len(event.get("text", "")))
        await send(event)

    page.reader.send = watched
    await source.write(Piece(TEXT, REASONING))
    await source.save(status=Status.COMPLETE)
    await page.reader.follow(source.row.pk, 0)
    await end(page)
    assert (page.text, page.reasoning) == (TEXT, REASONING)
    assert max(seen) == 100


async def test_a_reader_of_a_shared_link_gets_text_and_end_but_no_reasoning(page, source, monkeypatch):
    monkeypatch.setattr(follower_module, "CHECK_SECONDS", 60)
    await source.write(Piece(reasoning="Secret. "))
    await source.save()
    await page.reader.follow(source.row.pk, 0, is_shared=True)
    await source.write(Piece(activity=Activity("retrying", 7.0)))
    await source.write(Piece(reasoning="Secret, too. "))
    await source.write("Yes.")
    await page.shows("Yes.")
    looks = []
    with monkeypatch.context() as watched:
        watched.setattr(follower_module, "read_row", looks.append)
        await source.write(" And.")  # reasoning that was saved is not missing here
        await page.shows("Yes. And.")
    sources = [{"url": "https://example.org/", "title": "Example"}]
    await source.save(status=Status.COMPLETE, sources=sources)
    for _ in range(2):  # the first check after some text does not read the row
        await page.layer.group_send(group_name(source.row.pk), {"type": "check"})
    found = await end(page)
    assert looks == []
    assert page.reasoning == ""
    assert (found["reasoning_length"], found["length"], found["sources"]) == (0, 9, sources)
    activities = [status for status in page.statuses if status["type"] == "answer.activity"]
    assert {(one["activity"], one["retry_after"]) for one in activities} == {("thinking", None)}
