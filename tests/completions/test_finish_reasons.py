"""When a finish reason is the end of an answer, and when it is not."""

import pytest

from completions import Prompt
from completions.errors import ConnectionFailed
from tests.completions.conftest import RunningClock
from tests.support.api_server import ApiServer, ClientFor, Exchange
from tests.support.known_replies import event
from tests.support.offline_replies import read_offline

DONE = b"data: [DONE]\n\n"


def legacy(text: str, finish_reason: str) -> bytes:
    return b'data: {"choices": [{"index": 0, "text": "%s", "finish_reason": "%s"}]}\n\n' % (
        text.encode(),
        finish_reason.encode(),
    )


@pytest.mark.parametrize("reason", ["normal", "stop"])
@pytest.mark.parametrize("make", [lambda text, reason: event(text, finish_reason=reason), legacy])
def test_a_finish_reason_in_every_chunk_is_no_end(make: object, reason: str) -> None:
    assert callable(make)
    chunks = [make("Half ", reason), make("an ans", reason)]
    assert read_offline(*chunks, breaks=True).outcome == "connection"
    assert read_offline(*chunks, has_own_end=False).outcome == "connection"
    for end in ([DONE], [make("wer", reason), DONE], []):
        reading = read_offline(*chunks, *end)
        assert (reading.outcome, reading.text[:13]) == ("complete", "Half an ans" + ("we" if end[1:] else ""))


def test_a_reason_of_its_own_at_the_end_counts_even_if_every_chunk_has_another() -> None:
    chunks = [event("Half ", finish_reason="normal"), event("more", finish_reason="normal")]
    reading = read_offline(*chunks, event(finish_reason="length"), has_own_end=False)
    assert (reading.outcome, reading.finish_reason) == ("complete", "length")


@pytest.mark.parametrize(
    ("reason", "has_own_end", "outcome"),
    [
        ("stop", False, "complete"),
        ("length", False, "complete"),
        ("normal", True, "complete"),
        ("normal", False, "connection"),  # it may be the first of many
    ],
)
def test_an_answer_in_one_chunk_is_complete_if_its_reason_or_the_reply_says_so(
    reason: str, has_own_end: bool, outcome: str
) -> None:
    reading = read_offline(event("Yes.", finish_reason=reason), has_own_end=has_own_end)
    assert (reading.text, reading.outcome) == ("Yes.", outcome)


def test_a_finish_reason_that_text_follows_does_not_shorten_the_wait(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch, clock: RunningClock
) -> None:
    monkeypatch.setattr("completions.call.TAIL_SECONDS", 20)

    def behaviour(exchange: Exchange) -> None:
        exchange.head()
        with clock.until_read(), exchange.in_one_packet():
            for text in ("One, ", "two, "):
                exchange.chunk(text, "stop")
        clock.put_forward(10)
        with clock.until_read():
            exchange.chunk("three, ")
        clock.put_forward(25)
        with clock.until_read():
            exchange.send(": keep-alive\n\n")  # the client looks at the clock again
        exchange.chunk("four.", "stop")
        exchange.done()

    api_server.behaviour = behaviour
    completion = client_for(api_server, silence_seconds=0).ask(Prompt("Why?"))
    assert "".join(completion) == "One, two, three, four."


@pytest.mark.parametrize("framing", ["chunked", "100000", "close"])
@pytest.mark.parametrize("reset", [False, True])
def test_a_cut_after_a_finish_reason_in_every_chunk_is_a_cut(
    api_server: ApiServer, client_for: ClientFor, framing: str, reset: bool
) -> None:
    def behaviour(exchange: Exchange) -> None:
        exchange.head(framing=framing)
        exchange.chunk("Half ", "normal")
        exchange.chunk("an ans", "normal")
        exchange.cut(reset=reset)

    api_server.behaviour = behaviour
    with pytest.raises(ConnectionFailed):
        list(client_for(api_server).ask(Prompt("Why?")))


@pytest.mark.parametrize(("tokens", "finish_reason"), [(20, "length"), (21, "length"), (19, "stop")])
def test_an_answer_that_used_all_its_tokens_was_cut_whatever_the_server_calls_it(
    tokens: int, finish_reason: str
) -> None:
    """llama.cpp's Responses API says "completed" at the limit, and LiteLLM's bridge to it says "stop"."""
    usage = f'data: {{"choices": [], "usage": {{"completion_tokens": {tokens}}}}}\n\n'.encode()
    chat = [event("Half an"), event(finish_reason="stop"), usage, DONE]
    delta = b'data: {"type": "response.output_text.delta", "delta": "Half an"}\n\n'
    response = f'{{"usage": {{"output_tokens": {tokens}}}, "output": []}}'.encode()
    responses = [delta, b'data: {"type": "response.completed", "response": ' + response + b"}\n\n"]
    for stream, api in ((chat, "chat"), (responses, "responses")):
        reading = read_offline(*stream, api=api, max_tokens=20)
        assert (reading.text, reading.outcome, reading.finish_reason) == (
            "Half an",
            "complete",
            finish_reason,
        )
        assert read_offline(*stream, api=api).finish_reason == "stop"  # no limit was sent


@pytest.mark.parametrize(("accepts_limit", "finish_reason"), [(True, "length"), (False, "stop")])
def test_only_a_limit_that_was_sent_can_have_cut_an_answer(
    api_server: ApiServer, client_for: ClientFor, accepts_limit: bool, finish_reason: str
) -> None:
    def behaviour(exchange: Exchange) -> None:
        limit = next((name for name in exchange.body if name.startswith("max_")), None)
        if limit and not accepts_limit:
            return exchange.reply(400, {"error": {"message": f"Unsupported parameter: '{limit}'"}})
        exchange.head()
        exchange.chunk("Yes.")
        exchange.finish("stop", usage={"completion_tokens": 9})

    api_server.behaviour = behaviour
    completion = client_for(api_server, max_tokens=9).ask(Prompt("Why?"))
    assert "".join(completion) == "Yes."
    assert completion.finish_reason == finish_reason
