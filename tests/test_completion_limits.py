"""Stop and the deadlines: in every phase of a call, over HTTP and TLS, and never at another call's cost."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from answers.completions import Client, Completion, Prompt
from answers.completions.errors import CompletionError, ConnectionFailed, TimedOut
from answers.completions.transport import Reply
from tests.api_server import ApiServer, Behaviour, Exchange, answer, numbered, refuse, stall

ClientFor = Callable[..., Client]
PROMPT = 1.0  # seconds: the promise for a stop


class Reader(threading.Thread):
    """Reads a completion in a thread of its own, as the worker does."""

    def __init__(self, completion: Completion) -> None:
        super().__init__(daemon=True)
        self.completion = completion
        self.texts: list[str] = []
        self.first = threading.Event()
        self.ended_at = 0.0
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            for text in self.completion:
                self.texts.append(text)
                self.first.set()
        except BaseException as error:
            self.error = error
        self.ended_at = time.monotonic()

    def ended(self) -> "Reader":
        self.join(10)
        assert not self.is_alive()
        return self


@pytest.fixture(params=["http", "tls"])
def server(request: pytest.FixtureRequest) -> Iterator[ApiServer]:
    with ApiServer(tls=request.param == "tls") as server:
        yield server


def stop(reader: Reader) -> float:
    """Stop, check that it returned at once and that the reading ended; return when it was called."""
    began = time.monotonic()
    reader.completion.stop()
    assert time.monotonic() - began < 0.2
    reader.ended()
    assert reader.error is None
    assert reader.completion.stopped
    assert reader.ended_at - began < PROMPT
    return began


@contextmanager
def full_listener() -> Iterator[str]:
    """An address that does not answer to a SYN: its queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = []
        for _ in range(3):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(address)
            waiting.append(sock)
        yield f"//127.0.0.1:{address[1]}/v1"
        for sock in waiting:
            sock.close()


@contextmanager
def mute_listener() -> Iterator[tuple[str, threading.Event, threading.Event]]:
    """Takes a connection and says nothing, as a TLS server that hangs: the address, taken, and closed."""
    taken, closed = threading.Event(), threading.Event()

    def take() -> None:
        sock, _ = listener.accept()
        with sock:
            sock.settimeout(10)
            while sock.recv(4096):
                taken.set()
            closed.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=take)
        thread.start()
        yield f"//127.0.0.1:{listener.getsockname()[1]}/v1", taken, closed
        thread.join(10)


def head_drip(exchange: Exchange) -> None:
    exchange.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Padding: x\r\n" * 1000, 0.02)


def comments(exchange: Exchange, *, text: str = "") -> None:
    """Signs of life from a proxy, none from the model."""
    exchange.head()
    if text:
        exchange.chunk(text)
    while not exchange.wait(0.02):
        exchange.send(": keep-alive\n\n")
        exchange.chunk("")


def body_drip(exchange: Exchange) -> None:
    exchange.head()
    exchange.drip(b"fff\r\ndata: " + b"x" * 1000, 0.02)


def half(exchange: Exchange) -> None:
    exchange.head()
    exchange.chunk("Half")
    exchange.stall()


# Stop


@pytest.mark.parametrize(
    "behaviour",
    [stall(head=False), head_drip, stall(), comments, body_drip, stall(framing="close")],
    ids=["no head", "half a head", "no text", "keep-alives", "half a line", "not chunked"],
)
def test_stop_before_the_first_text(server: ApiServer, client_for: ClientFor, behaviour: Behaviour) -> None:
    server.behaviour = behaviour
    reader = Reader(client_for(server).ask(Prompt("Why?")))
    exchange = server.wait_for_requests(1)
    began = stop(reader)
    assert reader.texts == []
    assert exchange.closed.wait(5)
    assert exchange.closed_at is not None
    assert exchange.closed_at - began < PROMPT
    assert len(server.requests) == 1


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_stop_in_the_midst_keeps_the_text(server: ApiServer, client_for: ClientFor, framing: str) -> None:
    server.behaviour = stall(["Half ", "an ans"], framing=framing)
    reader = Reader(client_for(server).ask(Prompt("Why?")))
    assert reader.first.wait(5)
    began = stop(reader)
    assert "".join(reader.texts) in ("Half ", "Half an ans")
    exchange = server.requests[0]
    assert exchange.closed.wait(5)
    assert exchange.closed_at is not None
    assert exchange.closed_at - began < PROMPT


def test_stop_while_text_pours_in(server: ApiServer, client_for: ClientFor) -> None:
    server.behaviour = numbered(1_000_000)
    reader = Reader(client_for(server, answer_bytes=0).ask(Prompt("Why?")))
    assert reader.first.wait(5)
    stop(reader)
    assert reader.texts == [f"{index} " for index in range(len(reader.texts))]
    assert server.requests[0].closed.wait(5)


def test_stop_from_within_the_reading_thread(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.behaviour = stall(["one"])
    completion = client_for(api_server).ask(Prompt("Why?"))
    for _ in completion:
        completion.stop()
        completion.stop()
    assert completion.stopped
    assert list(completion) == []


def test_stop_before_the_beginning_asks_nothing(api_server: ApiServer, client_for: ClientFor) -> None:
    client = client_for(api_server)
    list(client.ask(Prompt("Why?")))  # so that there is a connection to be reused
    completion = client.ask(Prompt("Why?"))
    completion.stop()
    assert list(completion) == []
    assert completion.stopped
    assert len(api_server.requests) == 1


def test_stop_while_waiting_to_try_again(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.behaviour = refuse(429, "x", {"retry-after": "9"})
    reader = Reader(client_for(api_server).ask(Prompt("Why?")))
    assert api_server.wait_for_requests(1).wait(0.05) is False
    stop(reader)
    assert len(api_server.requests) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_stop_while_connecting(api_server: ApiServer, client_for: ClientFor, scheme: str) -> None:
    with full_listener() as address:
        client = client_for(api_server, base_url=f"{scheme}:{address}", connect_seconds=20)
        reader = Reader(client.ask(Prompt("Why?")))
        reader.join(0.2)
        assert reader.is_alive()
        stop(reader)


def test_stop_during_the_tls_handshake(api_server: ApiServer, client_for: ClientFor) -> None:
    with mute_listener() as (address, taken, closed):
        reader = Reader(
            client_for(api_server, base_url=f"https:{address}", connect_seconds=20).ask(Prompt("Why?"))
        )
        assert taken.wait(5)
        stop(reader)
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


def test_a_late_stop_does_not_cut_the_next_question_on_the_same_connection(
    server: ApiServer, client_for: ClientFor
) -> None:
    client = client_for(server, connections=1)
    first = client.ask(Prompt("first"))
    assert "".join(first) == "Hello, world"
    server.behaviour = stall(["second"])
    second = Reader(client.ask(Prompt("second")))
    assert second.first.wait(5)
    assert server.accepted == 1  # or this test would test nothing
    first.stop()
    server.release()
    second.ended()
    assert (second.texts, second.error) == (["second"], None)
    assert second.completion.finish_reason == "stop"


def test_a_stop_that_meets_the_end_does_not_cut_the_next_question_either(
    server: ApiServer, client_for: ClientFor, monkeypatch: Any
) -> None:
    """The connection is in use again before the first question knows that it is over."""
    client = client_for(server, connections=1)
    first = client.ask(Prompt("first"))
    others: list[Reader] = []
    drain = Reply.drain

    def drain_and_meanwhile(reply: Reply, seconds: float) -> None:
        drain(reply, seconds)
        if not others:
            server.behaviour = stall(["second"])
            others.append(Reader(client.ask(Prompt("second"))))
            assert others[0].first.wait(5)
            first.stop()

    monkeypatch.setattr(Reply, "drain", drain_and_meanwhile)
    assert "".join(first) == "Hello, world"
    assert server.accepted == 1
    server.release()
    assert (others[0].ended().texts, others[0].error) == (["second"], None)


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
    assert sent.wait(5)
    completion.stop()
    assert len(list(completion)) < 600  # what one read of 64 KB held
    assert completion.stopped


def test_a_stop_at_any_moment_harms_nobody_else(api_server: ApiServer, client_for: ClientFor) -> None:
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


def test_a_connection_that_was_cut_is_not_used_again(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.script(stall(["one"]))
    client = client_for(api_server, connections=1)
    completion = client.ask(Prompt("Why?"))
    for _ in completion:
        completion.stop()
    assert "".join(client.ask(Prompt("Why?"))) == "Hello, world"
    assert api_server.accepted == 2


def test_an_iterator_that_is_dropped_closes_its_connection(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    api_server.behaviour = stall(["one"])
    completion = client_for(api_server).ask(Prompt("Why?"))
    assert next(completion) == "one"
    del completion
    assert api_server.requests[0].closed.wait(5)


# Deadlines


@pytest.mark.parametrize(
    "behaviour",
    [stall(head=False), head_drip, stall(), comments, body_drip, stall(framing="close")],
    ids=["no head", "half a head", "no text", "keep-alives", "half a line", "not chunked"],
)
def test_the_first_text_has_a_deadline_that_nothing_but_text_can_move(
    server: ApiServer, client_for: ClientFor, behaviour: Behaviour
) -> None:
    server.behaviour = behaviour
    began = time.monotonic()
    with pytest.raises(TimedOut, match="did not begin"):
        list(client_for(server, first_text_seconds=0.3, silence_seconds=0.1).ask(Prompt("Why?")))
    assert 0.3 <= time.monotonic() - began < 1.3
    assert server.requests[0].closed.wait(5)
    assert len(server.requests) == 1


@pytest.mark.parametrize("behaviour", [half, lambda exchange: comments(exchange, text="Half")])
def test_silence_has_a_deadline_and_the_text_is_kept(
    server: ApiServer, client_for: ClientFor, behaviour: Behaviour
) -> None:
    server.behaviour = behaviour
    completion = client_for(server, first_text_seconds=5, silence_seconds=0.3).ask(Prompt("Why?"))
    assert next(completion) == "Half"
    began = time.monotonic()
    with pytest.raises(TimedOut, match="fell silent"):
        next(completion)
    assert 0.25 <= time.monotonic() - began < 1.3
    assert server.requests[0].closed.wait(5)


def test_text_in_time_is_no_silence(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.behaviour = answer(["a"] * 8, delay=0.1)
    client = client_for(api_server, first_text_seconds=0.5, silence_seconds=0.5)
    assert list(client.ask(Prompt("Why?"))) == ["a"] * 8


@pytest.mark.measures
def test_the_whole_answer_has_a_deadline(server: ApiServer, client_for: ClientFor) -> None:
    server.behaviour = answer(["a"] * 1000, delay=0.02)
    began = time.monotonic()
    reader = Reader(client_for(server, answer_seconds=0.4).ask(Prompt("Why?"))).ended()
    assert isinstance(reader.error, TimedOut)
    assert "took too long" in reader.error.message
    assert 0.4 <= reader.ended_at - began < 1.4
    assert len(reader.texts) > 3
    assert server.requests[0].closed.wait(5)


def test_a_slow_reader_is_not_the_models_silence(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.behaviour = stall(["one"])
    completion = client_for(api_server, silence_seconds=0.4).ask(Prompt("Why?"))
    assert next(completion) == "one"
    api_server.requests[0].wait(0.6)  # nobody reads
    api_server.release()
    assert list(completion) == []


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


def test_reasoning_for_ever_meets_the_answers_deadline(api_server: ApiServer, client_for: ClientFor) -> None:
    def thinks(exchange: Exchange) -> None:
        exchange.head()
        while not exchange.wait(0.02):
            exchange.chunk({"reasoning_content": "Hmm"})

    api_server.behaviour = thinks
    with pytest.raises(TimedOut, match="took too long"):
        list(client_for(api_server, answer_seconds=0.4).ask(Prompt("Why?")))


def test_the_wait_for_the_first_text_goes_on_over_all_attempts(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    def late(exchange: Exchange) -> None:
        if not exchange.wait(0.3):
            exchange.reply(500, {}, {"retry-after-ms": "1"})

    api_server.behaviour = late
    began = time.monotonic()
    with pytest.raises(CompletionError):
        list(client_for(api_server, first_text_seconds=0.5).ask(Prompt("Why?")))
    assert 0.3 <= time.monotonic() - began < 0.9


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_connecting_has_a_deadline(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: Any, scheme: str
) -> None:
    monkeypatch.setattr("answers.completions.client.RETRIES", 0)
    with full_listener() as address:
        began = time.monotonic()
        client = client_for(api_server, base_url=f"{scheme}:{address}", connect_seconds=0.3)
        with pytest.raises(ConnectionFailed, match="cannot be reached"):
            list(client.ask(Prompt("Why?")))
        assert 0.3 <= time.monotonic() - began < 1.3


def test_the_deadline_of_connecting_ends_with_it(server: ApiServer, client_for: ClientFor) -> None:
    server.behaviour = answer(["one", "two"], delay=0.25)
    assert list(client_for(server, connect_seconds=0.4).ask(Prompt("Why?"))) == ["one", "two"]


def test_an_address_that_does_not_answer_leaves_time_for_the_next(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: Any
) -> None:
    with full_listener() as silent:
        ports = (int(silent.split(":")[1].split("/")[0]), api_server.port)
        addresses = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)) for port in ports]
        monkeypatch.setattr("socket.getaddrinfo", lambda *_: addresses)
        client = client_for(api_server, base_url="http://api.example/v1", connect_seconds=1)
        assert "".join(client.ask(Prompt("Why?"))) == "Hello, world"


def test_the_tls_handshake_is_part_of_connecting(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: Any
) -> None:
    monkeypatch.setattr("answers.completions.client.RETRIES", 0)
    with mute_listener() as (address, _, closed):
        began = time.monotonic()
        client = client_for(api_server, base_url=f"https:{address}", connect_seconds=0.3)
        with pytest.raises(ConnectionFailed, match="cannot be reached"):
            list(client.ask(Prompt("Why?")))
        assert 0.3 <= time.monotonic() - began < 1.3
        assert closed.wait(5)


def test_zero_means_no_deadline(api_server: ApiServer, client_for: ClientFor) -> None:
    client = client_for(
        api_server, connect_seconds=0, first_text_seconds=0, silence_seconds=0, answer_seconds=0
    )
    assert "".join(client.ask(Prompt("Why?"))) == "Hello, world"


# Connections


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_a_connection_is_reused_after_a_whole_answer(
    server: ApiServer, client_for: ClientFor, encoding: str
) -> None:
    server.behaviour = answer(["one"], encoding=encoding)
    client = client_for(server)
    for _ in range(3):
        assert list(client.ask(Prompt("Why?"))) == ["one"]
    assert server.accepted == 1


def test_a_connection_is_reused_after_a_refusal(server: ApiServer, client_for: ClientFor) -> None:
    server.script(refuse(429, "x", {"retry-after-ms": "1"}), refuse(500, "x", {"retry-after-ms": "1"}))
    assert "".join(client_for(server).ask(Prompt("Why?"))) == "Hello, world"
    assert server.accepted == 1


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
