"""The relay: batches of text from many threads to the followers, and the end of each answer."""

import asyncio
import threading

import pytest
from django.utils import timezone

from answers.engine.outcome import Outcome
from answers.engine.relay import Relay, group_name
from answers.engine.running_answer import CATCH_UP_CHARS, RunningAnswer, Saved
from answers.models import Answer, Status
from completions import Piece, Prompt

COMPLETE = Outcome(Status.COMPLETE)


def running():
    return RunningAnswer(Answer(user_id=1, asked_at=timezone.now()), Prompt("?"))


@pytest.fixture
async def relay(settings):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "answers.engine.layers.InMemoryLayer"}}
    ended = asyncio.Queue()

    def on_end(answer):
        answer.ended = True
        ended.put_nowait(answer)

    relay = Relay(on_end)
    relay.ended = ended
    return relay


async def follow(relay, answer):
    channel = await relay.layer.new_channel()
    await relay.layer.group_add(group_name(answer.id), channel)
    return channel


def received(relay, channel):
    queue = relay.layer.channels[channel]
    return [queue.get_nowait() for _ in range(queue.qsize())]


async def end(relay):
    async with asyncio.timeout(10):
        return await relay.ended.get()


async def test_text_of_many_threads_arrives_whole_and_in_order(relay):
    answers = [running() for _ in range(20)]
    channels = {answer: await follow(relay, answer) for answer in answers}

    def write(answer):
        for number in range(500):
            answer.incoming.append(Piece(f"{number} "))
            relay.signal(answer)
        answer.finish_with(COMPLETE)
        relay.signal(answer)

    threads = [threading.Thread(target=write, args=[answer]) for answer in answers]
    for thread in threads:
        thread.start()
    for _ in answers:
        await end(relay)
    for thread in threads:
        thread.join()
    whole = "".join(f"{number} " for number in range(500))
    for answer, channel in channels.items():
        shown = ""
        for batch in received(relay, channel):
            assert batch["position"] <= len(shown)
            shown = shown[: batch["position"]] + batch["text"]
        assert shown == answer.content.text == whole


async def test_text_that_arrives_while_the_loop_is_busy_is_one_batch(relay):
    answer = running()
    channel = await follow(relay, answer)
    for text in ("one ", "two ", "three"):
        answer.incoming.append(Piece(text))
        relay.signal(answer)
    answer.finish_with(COMPLETE)
    relay.signal(answer)
    await end(relay)
    assert [batch["text"] for batch in received(relay, channel)] == ["one two three"]


async def test_a_batch_contains_all_text_that_is_not_saved_yet(relay):
    answer = running()
    answer.incoming.append(Piece("saved, "))
    answer.collect()
    answer.saved = Saved(0, len(answer.content.text), 0)
    answer.incoming.append(Piece("shown, "))
    answer.collect()
    answer.incoming.append(Piece("new"))
    assert answer.collect() == [
        {"type": "answer.text", "answer": str(answer.id), "position": 7, "text": "shown, new"}
    ]


async def test_a_batch_contains_at_most_the_catch_up_limit_of_old_text(relay):
    answer = running()
    answer.incoming.append(Piece("x" * CATCH_UP_CHARS))
    answer.collect()
    answer.incoming.append(Piece("new"))
    [batch] = answer.collect()
    assert (batch["position"], batch["text"]) == (CATCH_UP_CHARS, "new")


async def test_an_answer_ends_even_if_the_layer_fails(relay, monkeypatch, caplog):
    async def fail(group, message):
        raise OSError("gone")

    monkeypatch.setattr(relay.layer, "group_send", fail)
    answer = running()
    answer.incoming.append(Piece("text"))
    answer.finish_with(COMPLETE)
    relay.signal(answer)
    assert (await end(relay)).content.text == "text"
    assert "the channel layer failed" in caplog.text


async def test_the_first_outcome_counts_and_later_text_is_not_added(relay):
    answer = running()
    answer.incoming.append(Piece("kept"))
    answer.finish_with(Outcome(Status.STOPPED))
    answer.finish_with(COMPLETE)
    relay.signal(answer)
    await end(relay)
    answer.incoming.append(Piece(" late"))
    relay.signal(answer)
    await relay.close()
    assert (answer.content.text, answer.outcome.status) == ("kept", Status.STOPPED)
    assert relay.ended.empty()


def test_a_thread_may_signal_after_its_loop_has_ended():
    async def make():
        return Relay(lambda answer: None)

    relay = asyncio.run(make())
    relay.signal(running())
