"""Stop: in every phase of a call, over HTTP and TLS, and never at the cost of another call."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from completions import Prompt
from completions.errors import CompletionError
from completions.transport import Reply
from completions.wire import Wire
from tests.support.api_behaviours import Behaviour, Exchange, numbered, refuse, stall
from tests.support.api_server import ApiServer, ClientFor, every_api
from tests.support.completion_reader import Reader
from tests.support.measurements import within
from tests.support.silent_apis import SILENT_BEHAVIOURS, full_listener, mute_listener

STOP_SECONDS = 1.0  # the promise for a stop
MOST_SECONDS = 6.0  # on a busy machine. Without a stop, the API is silent for 20 s


def stop(reader: Reader) -> float:
    """Stop, check that the reading ends, and return the time of the call."""
    began = time.monotonic()
    reader.completion.stop()
    reader.ended()
    assert reader.error is None
    assert reader.completion.stopped
    assert reader.ended_at - began < MOST_SECONDS
    return began


@pytest.mark.parametrize("behaviour", SILENT_BEHAVIOURS.values(), ids=SILENT_BEHAVIOURS)
def test_stop_before_the_first_text(
    any_api_server: ApiServer, client_for: ClientFor, behaviour: Behaviour
) -> None:
    any_api_server.behaviour = behaviour
    reader = Reader(client_for(any_api_server).ask(Prompt("Why?")))
    exchange = any_api_server.wait_for_requests(1)
    began = stop(reader)
    assert reader.texts == []
    assert reader.completion.may_be_generating  # the API had the prompt, and may bill it
    assert exchange.closed.wait(5)
    assert exchange.closed_at is not None
    assert exchange.closed_at - began < MOST_SECONDS
    assert len(any_api_server.requests) == 1


@pytest.mark.measures
@pytest.mark.parametrize("behaviour", SILENT_BEHAVIOURS.values(), ids=SILENT_BEHAVIOURS)
def test_a_stop_takes_as_little_time_as_promised(
    any_api_server: ApiServer, client_for: ClientFor, behaviour: Behaviour
) -> None:
    any_api_server.behaviour = behaviour
    reader = Reader(client_for(any_api_server).ask(Prompt("Why?")))
    exchange = any_api_server.wait_for_requests(1)
    with within(STOP_SECONDS):
        with within(0.2):
            reader.completion.stop()
        reader.ended()
        assert exchange.closed.wait(5)
    assert reader.error is None
    assert reader.completion.stopped


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_stop_after_the_first_text_keeps_the_text(
    any_api_server: ApiServer, client_for: ClientFor, framing: str
) -> None:
    any_api_server.behaviour = stall(["Half ", "an ans"], framing=framing)
    reader = Reader(client_for(any_api_server).ask(Prompt("Why?")))
    assert reader.first.wait(5)
    began = stop(reader)
    assert "".join(reader.texts) in ("Half ", "Half an ans")
    exchange = any_api_server.requests[0]
    assert exchange.closed.wait(5)
    assert exchange.closed_at is not None
    assert exchange.closed_at - began < MOST_SECONDS


def test_stop_while_text_pours_in(any_api_server: ApiServer, client_for: ClientFor) -> None:
    any_api_server.behaviour = numbered(1_000_000)
    reader = Reader(client_for(any_api_server, answer_bytes=0).ask(Prompt("Why?")))
    assert reader.first.wait(5)
    stop(reader)
    assert reader.texts == [f"{index} " for index in range(len(reader.texts))]
    assert any_api_server.requests[0].closed.wait(5)


@every_api
def test_stop_from_within_the_reading_thread(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.behaviour = stall(["one"])
    completion = client_for(api_server).ask(Prompt("Why?"))
    for _ in completion:
        completion.stop()
        completion.stop()
    assert completion.stopped
    assert list(completion) == []


def test_stop_before_the_first_text_is_wanted_sends_nothing(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    client = client_for(api_server)
    list(client.ask(Prompt("Why?")))  # so that there is a connection to be reused
    completion = client.ask(Prompt("Why?"))
    completion.stop()
    assert list(completion) == []
    assert completion.stopped
    assert not completion.may_be_generating
    assert len(api_server.requests) == 1


def test_stop_during_the_pause_before_a_retry(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    pausing, sleep = threading.Event(), Wire.sleep

    def pause(wire: Wire, seconds: float) -> None:
        pausing.set()
        sleep(wire, seconds)

    monkeypatch.setattr(Wire, "sleep", pause)
    api_server.behaviour = refuse(429, "x", {"retry-after": "9"})
    reader = Reader(client_for(api_server).ask(Prompt("Why?")))
    assert pausing.wait(20)
    stop(reader)
    assert not reader.completion.may_be_generating
    assert len(api_server.requests) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_stop_while_connecting(api_server: ApiServer, client_for: ClientFor, scheme: str) -> None:
    with full_listener() as address:
        client = client_for(api_server, base_url=f"{scheme}:{address}", connect_seconds=20)
        reader = Reader(client.ask(Prompt("Why?")))
        reader.join(0.2)
        assert reader.is_alive()
        stop(reader)
        assert not reader.completion.may_be_generating


def test_stop_during_the_tls_handshake(api_server: ApiServer, client_for: ClientFor) -> None:
    with mute_listener() as (address, taken, closed):
        reader = Reader(
            client_for(api_server, base_url=f"https:{address}", connect_seconds=20).ask(Prompt("Why?"))
        )
        assert taken.wait(5)
        stop(reader)
        assert not reader.completion.may_be_generating
        assert closed.wait(5)


def test_stop_after_the_end_changes_nothing(api_server: ApiServer, client_for: ClientFor) -> None:
    completion = client_for(api_server).ask(Prompt("Why?"))
    assert "".join(completion) == "Hello, world"
    completion.stop()
    assert not completion.stopped
    assert completion.finish_reason == "stop"


def test_stop_after_a_failure_changes_nothing(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.behaviour = refuse(400)
    completion = client_for(api_server).ask(Prompt("Why?"))
    with pytest.raises(CompletionError):
        next(completion)
    completion.stop()
    assert not completion.stopped


@every_api
@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_after_a_stop_nothing_more_is_read(
    api_server: ApiServer, client_for: ClientFor, framing: str
) -> None:
    sent = threading.Event()

    def all_at_once(exchange: Exchange) -> None:
        numbered(2000, framing=framing)(exchange)
        sent.set()

    api_server.behaviour = all_at_once
    completion = client_for(api_server).ask(Prompt("Why?"))
    assert next(completion) == "0 "
    assert sent.wait(20)
    completion.stop()
    assert len(list(completion)) < 1000  # what one read of 64 KB held, of 2000
    assert completion.stopped


# Other calls


def test_a_late_stop_does_not_cut_the_next_question_on_the_same_connection(
    any_api_server: ApiServer, client_for: ClientFor
) -> None:
    client = client_for(any_api_server, connections=1)
    first = client.ask(Prompt("first"))
    assert "".join(first) == "Hello, world"
    any_api_server.behaviour = stall(["second"])
    second = Reader(client.ask(Prompt("second")))
    assert second.first.wait(5)
    assert any_api_server.accepted == 1  # otherwise this test would test nothing
    first.stop()
    any_api_server.release()
    second.ended()
    assert (second.texts, second.error) == (["second"], None)
    assert second.completion.finish_reason == "stop"


def test_a_stop_at_the_very_end_does_not_cut_the_next_question_either(
    any_api_server: ApiServer, client_for: ClientFor, monkeypatch: Any
) -> None:
    """The connection is in use again before the first question has noticed its own end."""
    client = client_for(any_api_server, connections=1)
    first = client.ask(Prompt("first"))
    others: list[Reader] = []
    drain = Reply.drain

    def drain_and_meanwhile(reply: Reply, seconds: float) -> None:
        drain(reply, seconds)
        if not others:
            any_api_server.behaviour = stall(["second"])
            others.append(Reader(client.ask(Prompt("second"))))
            assert others[0].first.wait(5)
            first.stop()

    monkeypatch.setattr(Reply, "drain", drain_and_meanwhile)
    assert "".join(first) == "Hello, world"
    assert any_api_server.accepted == 1
    any_api_server.release()
    assert (others[0].ended().texts, others[0].error) == (["second"], None)


def test_a_stop_at_any_moment_does_not_affect_other_questions(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    """Stops race with the ends of answers, whose connections go straight to the next question."""
    api_server.behaviour = numbered(20)
    client = client_for(api_server, connections=4)
    whole = [f"{index} " for index in range(20)]

    def ask(stop_after: float) -> bool:
        completion = client.ask(Prompt("Why?"))
        timer = threading.Timer(stop_after, completion.stop) if stop_after else None
        if timer:
            timer.start()
        texts = list(completion)
        if timer:
            timer.join()
        assert texts == whole[: len(texts)]
        return bool(completion.stopped or texts == whole)

    with ThreadPoolExecutor(8) as pool:
        stops = [index % 7 / 2000 if index % 2 else 0.0 for index in range(200)]
        assert all(pool.map(ask, stops))


def test_a_connection_that_was_cut_is_not_reused(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.script(stall(["one"]))
    client = client_for(api_server, connections=1)
    completion = client.ask(Prompt("Why?"))
    for _ in completion:
        completion.stop()
    assert "".join(client.ask(Prompt("Why?"))) == "Hello, world"
    assert api_server.accepted == 2
