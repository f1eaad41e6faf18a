"""Deadlines: for the first text, for silence and for the whole answer, over HTTP and TLS."""

import time

import pytest

from completions import Prompt
from completions.errors import CompletionError, TimedOut
from tests.completions.conftest import RunningClock
from tests.support.api_behaviours import Behaviour, Exchange, answer, stall
from tests.support.api_server import ApiServer, ClientFor, every_api
from tests.support.completion_reader import Reader
from tests.support.measurements import TookTooLong
from tests.support.silent_apis import SILENT_BEHAVIOURS, comments

MOST_SECONDS = 10  # on a busy machine. Without a deadline, the API is silent for 20 s


def half(exchange: Exchange) -> None:
    exchange.head()
    exchange.chunk("Half")
    exchange.stall()


@pytest.mark.timed
@pytest.mark.parametrize("behaviour", SILENT_BEHAVIOURS.values(), ids=SILENT_BEHAVIOURS)
def test_only_text_ends_the_wait_for_the_first_text(
    any_api_server: ApiServer, client_for: ClientFor, behaviour: Behaviour
) -> None:
    any_api_server.behaviour = behaviour
    began = time.monotonic()
    client = client_for(any_api_server, first_text_seconds=0.3, silence_seconds=0.1)
    with pytest.raises(TimedOut, match="did not begin"):
        list(client.ask(Prompt("Why?")))
    assert 0.3 <= time.monotonic() - began < MOST_SECONDS
    if not any_api_server.requests:
        raise TookTooLong("the request was not sent in 0.3 s")
    assert any_api_server.requests[0].closed.wait(5)
    assert len(any_api_server.requests) == 1


@pytest.mark.parametrize("behaviour", [half, lambda exchange: comments(exchange, text="Half")])
def test_silence_has_a_deadline_and_the_text_is_kept(
    any_api_server: ApiServer, client_for: ClientFor, behaviour: Behaviour
) -> None:
    any_api_server.behaviour = behaviour
    completion = client_for(any_api_server, silence_seconds=0.3).ask(Prompt("Why?"))
    assert next(completion) == "Half"
    began = time.monotonic()
    with pytest.raises(TimedOut, match="stopped responding"):
        next(completion)
    assert 0.25 <= time.monotonic() - began < MOST_SECONDS
    assert any_api_server.requests[0].closed.wait(5)


@every_api
def test_text_that_arrives_in_time_is_not_silence(
    api_server: ApiServer, client_for: ClientFor, clock: RunningClock
) -> None:
    def slow(exchange: Exchange) -> None:
        exchange.head()
        for _ in range(8):
            clock.put_forward(40)
            with clock.until_read(), exchange.in_one_packet():
                exchange.chunk("a")
        exchange.finish()

    api_server.behaviour = slow
    client = client_for(api_server, first_text_seconds=60, silence_seconds=60, answer_seconds=0)
    assert list(client.ask(Prompt("Why?"))) == ["a"] * 8


@pytest.mark.measures
def test_the_whole_answer_has_a_deadline(any_api_server: ApiServer, client_for: ClientFor) -> None:
    any_api_server.behaviour = answer(["a"] * 1000, delay=0.02)
    began = time.monotonic()
    reader = Reader(client_for(any_api_server, answer_seconds=0.4).ask(Prompt("Why?"))).ended()
    assert isinstance(reader.error, TimedOut)
    assert "took too long" in reader.error.message
    assert 0.4 <= reader.ended_at - began < MOST_SECONDS
    assert len(reader.texts) > 3
    assert any_api_server.requests[0].closed.wait(5)


@every_api
def test_a_slow_reader_is_not_the_models_silence(
    api_server: ApiServer, client_for: ClientFor, clock: RunningClock
) -> None:
    api_server.behaviour = stall(["one"])
    completion = client_for(api_server, silence_seconds=60).ask(Prompt("Why?"))
    assert next(completion) == "one"
    clock.put_forward(90)  # nobody reads
    api_server.release()
    assert list(completion) == []


@every_api
def test_reasoning_is_a_sign_of_life(
    api_server: ApiServer, client_for: ClientFor, clock: RunningClock
) -> None:
    def thinks(exchange: Exchange) -> None:
        exchange.head()
        for _ in range(8):
            with clock.until_read(), exchange.in_one_packet():
                exchange.chunk({"reasoning_content": "Hmm"})
            clock.put_forward(40)
        exchange.chunk("Yes.")
        exchange.finish()

    api_server.behaviour = thinks
    client = client_for(api_server, first_text_seconds=60, silence_seconds=60, answer_seconds=0)
    assert list(client.ask(Prompt("Why?"))) == ["Yes."]


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


def test_the_wait_for_the_first_text_spans_all_attempts(
    api_server: ApiServer, client_for: ClientFor, clock: RunningClock
) -> None:
    def late(exchange: Exchange) -> None:
        clock.put_forward(40)
        exchange.reply(500, {}, {"retry-after-ms": "1"})

    api_server.behaviour = late
    with pytest.raises(CompletionError):
        list(client_for(api_server, first_text_seconds=60).ask(Prompt("Why?")))
    assert len(api_server.requests) == 2  # of three, for which there is no time


def test_zero_means_no_deadline(api_server: ApiServer, client_for: ClientFor) -> None:
    client = client_for(
        api_server, connect_seconds=0, first_text_seconds=0, silence_seconds=0, answer_seconds=0
    )
    assert "".join(client.ask(Prompt("Why?"))) == "Hello, world"
