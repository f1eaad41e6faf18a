"""Deadlines: for the first text, for silence and for the whole answer, over HTTP and TLS."""

import time

import pytest

from completions import Prompt
from completions.errors import CompletionError, TimedOut
from tests.support.api_behaviours import Behaviour, Exchange, answer, stall
from tests.support.api_server import ApiServer, ClientFor, every_api
from tests.support.completion_reader import Reader
from tests.support.silent_apis import SILENT_BEHAVIOURS, comments


def half(exchange: Exchange) -> None:
    exchange.head()
    exchange.chunk("Half")
    exchange.stall()


@pytest.mark.parametrize("behaviour", SILENT_BEHAVIOURS.values(), ids=SILENT_BEHAVIOURS)
def test_only_text_ends_the_wait_for_the_first_text(
    any_api_server: ApiServer, client_for: ClientFor, behaviour: Behaviour
) -> None:
    any_api_server.behaviour = behaviour
    began = time.monotonic()
    with pytest.raises(TimedOut, match="did not begin"):
        list(client_for(any_api_server, first_text_seconds=0.3, silence_seconds=0.1).ask(Prompt("Why?")))
    assert 0.3 <= time.monotonic() - began < 1.3
    assert any_api_server.requests[0].closed.wait(5)
    assert len(any_api_server.requests) == 1


@pytest.mark.parametrize("behaviour", [half, lambda exchange: comments(exchange, text="Half")])
def test_silence_has_a_deadline_and_the_text_is_kept(
    any_api_server: ApiServer, client_for: ClientFor, behaviour: Behaviour
) -> None:
    any_api_server.behaviour = behaviour
    completion = client_for(any_api_server, first_text_seconds=5, silence_seconds=0.3).ask(Prompt("Why?"))
    assert next(completion) == "Half"
    began = time.monotonic()
    with pytest.raises(TimedOut, match="stopped responding"):
        next(completion)
    assert 0.25 <= time.monotonic() - began < 1.3
    assert any_api_server.requests[0].closed.wait(5)


@every_api
def test_text_that_arrives_in_time_is_not_silence(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.behaviour = answer(["a"] * 8, delay=0.1)
    client = client_for(api_server, first_text_seconds=0.5, silence_seconds=0.5)
    assert list(client.ask(Prompt("Why?"))) == ["a"] * 8


@pytest.mark.measures
def test_the_whole_answer_has_a_deadline(any_api_server: ApiServer, client_for: ClientFor) -> None:
    any_api_server.behaviour = answer(["a"] * 1000, delay=0.02)
    began = time.monotonic()
    reader = Reader(client_for(any_api_server, answer_seconds=0.4).ask(Prompt("Why?"))).ended()
    assert isinstance(reader.error, TimedOut)
    assert "took too long" in reader.error.message
    assert 0.4 <= reader.ended_at - began < 1.4
    assert len(reader.texts) > 3
    assert any_api_server.requests[0].closed.wait(5)


@every_api
def test_a_slow_reader_is_not_the_models_silence(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.behaviour = stall(["one"])
    completion = client_for(api_server, silence_seconds=0.4).ask(Prompt("Why?"))
    assert next(completion) == "one"
    api_server.requests[0].wait(0.6)  # nobody reads
    api_server.release()
    assert list(completion) == []


@every_api
def test_reasoning_is_a_sign_of_life(api_server: ApiServer, client_for: ClientFor) -> None:
    def thinks(exchange: Exchange) -> None:
        exchange.head()
        for _ in range(8):
            exchange.chunk({"reasoning_content": "Hmm"})
            exchange.wait(0.1)
        exchange.chunk("Yes.")
        exchange.finish()

    api_server.behaviour = thinks
    assert list(client_for(api_server, first_text_seconds=0.5, silence_seconds=0.5).ask(Prompt("Why?"))) == [
        "Yes."
    ]


@every_api
def test_endless_reasoning_meets_the_deadline_of_the_answer(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    def thinks(exchange: Exchange) -> None:
        exchange.head()
        while not exchange.wait(0.02):
            exchange.chunk({"reasoning_content": "Hmm"})

    api_server.behaviour = thinks
    with pytest.raises(TimedOut, match="took too long"):
        list(client_for(api_server, answer_seconds=0.4).ask(Prompt("Why?")))


def test_the_wait_for_the_first_text_spans_all_attempts(api_server: ApiServer, client_for: ClientFor) -> None:
    def late(exchange: Exchange) -> None:
        if not exchange.wait(0.3):
            exchange.reply(500, {}, {"retry-after-ms": "1"})

    api_server.behaviour = late
    began = time.monotonic()
    with pytest.raises(CompletionError):
        list(client_for(api_server, first_text_seconds=0.5).ask(Prompt("Why?")))
    assert 0.3 <= time.monotonic() - began < 0.9


def test_zero_means_no_deadline(api_server: ApiServer, client_for: ClientFor) -> None:
    client = client_for(
        api_server, connect_seconds=0, first_text_seconds=0, silence_seconds=0, answer_seconds=0
    )
    assert "".join(client.ask(Prompt("Why?"))) == "Hello, world"
