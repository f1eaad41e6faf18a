"""A client and its completions: nothing is sent early, and everything is known at the end."""

import threading

import pytest

from completions import Prompt, Usage
from tests.support.api_behaviours import Exchange, answer, stall
from tests.support.api_server import ApiServer, ClientFor, every_api
from tests.support.completion_reader import Reader


def test_nothing_is_sent_before_the_first_text_is_wanted(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    completion = client_for(api_server).ask(Prompt("Why?"))
    assert api_server.accepted == 0
    next(completion)
    assert len(api_server.requests) == 1


@every_api
def test_usage_model_finish_reason_and_request_id_are_known_at_the_end(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    api_server.behaviour = answer(["Hi"], finish="length", usage=usage)
    completion = client_for(api_server).ask(Prompt("Why?"))
    assert list(completion) == ["Hi"]
    assert completion.usage == Usage(1, 2, 3)
    assert completion.model == "stand-in"
    assert completion.finish_reason == "length"
    assert completion.request_id == "req-1"
    assert not completion.stopped


@every_api
def test_an_iterator_that_is_dropped_closes_its_connection(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    api_server.behaviour = stall(["one"])
    completion = client_for(api_server).ask(Prompt("Why?"))
    assert next(completion) == "one"
    del completion
    assert api_server.requests[0].closed.wait(5)


def test_as_many_answers_stream_at_once_as_there_are_connections(
    api_server: ApiServer, client_for: ClientFor, caplog: pytest.LogCaptureFixture
) -> None:
    api_server.behaviour = stall(["one"])
    client = client_for(api_server, connections=20)
    readers = [Reader(client.ask(Prompt("Why?"))) for _ in range(20)]
    assert all(reader.first.wait(5) for reader in readers)
    assert api_server.connections == 20
    api_server.release()
    assert [reader.ended().texts for reader in readers] == [["one"]] * 20
    assert list(client.ask(Prompt("Why?"))) == ["one"]
    assert api_server.accepted == 20  # all went back to the pool
    assert "pool is full" not in caplog.text


def test_closing_the_client_closes_idle_connections(api_server: ApiServer, client_for: ClientFor) -> None:
    client = client_for(api_server)
    list(client.ask(Prompt("Why?")))
    assert api_server.connections == 1
    client.close()
    assert api_server.wait_for(lambda: api_server.connections == 0, 5)


# The pace of reading


def test_with_a_pace_gathered_text_is_one_read_and_the_first_text_is_not_held_back(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_is_read, all_is_sent = threading.Event(), threading.Event()
    rests: list[float] = []

    def behaviour(exchange: Exchange) -> None:
        exchange.head()
        exchange.chunk("0 ")
        assert first_is_read.wait(5)
        for number in range(1, 20):
            exchange.chunk(f"{number} ")
        exchange.finish()
        all_is_sent.set()

    def rest(seconds: float) -> None:
        rests.append(seconds)
        assert all_is_sent.wait(5)

    api_server.behaviour = behaviour
    client = client_for(api_server)
    client.pace(0.15)
    monkeypatch.setattr("completions.wire.time.sleep", rest)
    completion = client.ask(Prompt("Why?"))
    assert next(completion) == "0 "
    assert rests == []
    first_is_read.set()
    assert "".join(completion) == "".join(f"{number} " for number in range(1, 20))
    assert set(rests) == {0.15}
    assert len(rests) <= 2


def test_a_stop_is_not_held_back_by_the_pace(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests, is_rested = threading.Event(), threading.Event()

    def rest(seconds: float) -> None:
        rests.set()
        assert is_rested.wait(20)

    api_server.behaviour = stall(["0 "])
    client = client_for(api_server)
    client.pace(1)
    monkeypatch.setattr("completions.wire.time.sleep", rest)
    reader = Reader(client.ask(Prompt("Why?")))
    assert rests.wait(10)
    reader.completion.stop()
    assert api_server.requests[0].closed.wait(10)
    is_rested.set()
    assert reader.ended().texts == ["0 "]
