import asyncio
import threading
import uuid

import pytest

from answers.completions import Prompt
from answers.models import Status
from answers.outcome import Outcome
from answers.relay import Relay, group_name
from answers.running import HEALING_CHARS, RunningAnswer

COMPLETE = Outcome(Status.COMPLETE)


def running():
    return RunningAnswer(uuid.uuid4(), user_id=1, prompt=Prompt("?"))


@pytest.fixture
async def relay(settings):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "answers.layers.InMemoryLayer"}}
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
            answer.incoming.append(f"{number} ")
            relay.wake(answer)
        answer.conclude(COMPLETE)
        relay.wake(answer)

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
        for group in received(relay, channel):
            assert group["position"] <= len(shown)
            shown = shown[: group["position"]] + group["text"]
        assert shown == answer.text == whole


async def test_what_comes_while_the_loop_is_busy_is_one_group(relay):
    answer = running()
    channel = await follow(relay, answer)
    for text in ("one ", "two ", "three"):
        answer.incoming.append(text)
        relay.wake(answer)
    answer.conclude(COMPLETE)
    relay.wake(answer)
    await end(relay)
    assert [group["text"] for group in received(relay, channel)] == ["one two three"]


async def test_a_group_carries_all_that_is_not_saved_yet(relay):
    answer = running()
    answer.incoming.append("saved, ")
    answer.collect()
    answer.saved = len(answer.text)
    answer.incoming.append("shown, ")
    answer.collect()
    answer.incoming.append("new")
    assert answer.group(answer.collect()) == {
        "type": "answer.text",
        "answer": str(answer.id),
        "position": 7,
        "text": "shown, new",
    }


async def test_a_flood_is_not_sent_over_and_over(relay):
    answer = running()
    answer.incoming.append("x" * HEALING_CHARS)
    answer.collect()
    answer.incoming.append("new")
    group = answer.group(answer.collect())
    assert (group["position"], group["text"]) == (HEALING_CHARS, "new")


async def test_a_layer_that_fails_does_not_take_the_end_with_it(relay, monkeypatch, caplog):
    async def fail(group, message):
        raise OSError("gone")

    monkeypatch.setattr(relay.layer, "group_send", fail)
    answer = running()
    answer.incoming.append("text")
    answer.conclude(COMPLETE)
    relay.wake(answer)
    assert (await end(relay)).text == "text"
    assert "the channel layer failed" in caplog.text


async def test_the_first_outcome_is_the_one_and_later_text_is_not_added(relay):
    answer = running()
    answer.incoming.append("kept")
    answer.conclude(Outcome(Status.STOPPED))
    answer.conclude(COMPLETE)
    relay.wake(answer)
    await end(relay)
    answer.incoming.append(" late")
    relay.wake(answer)
    await relay.close()
    assert (answer.text, answer.outcome.status) == ("kept", Status.STOPPED)
    assert relay.ended.empty()


def test_a_thread_that_outlives_its_loop_is_not_harmed():
    async def make():
        return Relay(lambda answer: None)

    relay = asyncio.run(make())
    relay.wake(running())
