"""From deltas to an answer: what becomes its text, and when it is complete."""

import threading
from typing import Any

import pytest

from completions import Prompt
from completions.errors import BadResponse, CompletionError, ConnectionFailed, Filtered, TooLarge
from tests.support.api_behaviours import Behaviour, Exchange, answer, chunk, events
from tests.support.api_server import ApiServer, ClientFor, every_api
from tests.support.completion_reader import failure_of

FRAMINGS = ("chunked", "close")


def test_invalid_characters_are_replaced_and_surrogate_pairs_joined(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    def halves(exchange: Exchange) -> None:
        exchange.head()
        for escaped in ("a\\u0000", "\\ud83d", "\\ude00", "b\\ud83d"):
            exchange.send('data: {"choices": [{"delta": {"content": "' + escaped + '"}}]}\n\n')
        exchange.finish()

    api_server.behaviour = halves
    assert list(client_for(api_server).ask(Prompt("Why?"))) == ["a\ufffd", "😀", "b", "\ufffd"]


def thinking(*thoughts: str, text: str = "", finish: str = "stop") -> Behaviour:
    def behaviour(exchange: Exchange) -> None:
        exchange.head()
        for thought in thoughts:
            exchange.chunk({"reasoning": thought})
        if text:
            exchange.chunk(text)
        exchange.finish(finish)

    return behaviour


@every_api
def test_reasoning_is_not_shown_beside_an_answer(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.behaviour = thinking("Hmm", text="Yes.")
    assert list(client_for(api_server).ask(Prompt("Why?"))) == ["Yes."]


@every_api
def test_an_answer_that_came_only_as_reasoning_is_shown(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.behaviour = thinking("Y", "es.")
    assert list(client_for(api_server).ask(Prompt("Why?"))) == ["Yes."]


@every_api
@pytest.mark.parametrize("finish", ["length", "content_filter"])
def test_reasoning_that_was_cut_off_is_not_taken_for_an_answer(
    api_server: ApiServer, client_for: ClientFor, finish: str
) -> None:
    api_server.behaviour = thinking("Y", "es.", finish=finish)
    completion = client_for(api_server).ask(Prompt("Why?"))
    with pytest.raises(CompletionError):
        next(completion)


@every_api
@pytest.mark.parametrize("framing", FRAMINGS)
def test_an_answer_over_the_limit_is_cut_off_and_the_connection_closed(
    api_server: ApiServer, client_for: ClientFor, framing: str
) -> None:
    def endless(exchange: Exchange) -> None:
        exchange.head(framing=framing)
        while True:
            exchange.chunk("äöü")

    api_server.behaviour = endless
    completion = client_for(api_server, answer_bytes=20).ask(Prompt("Why?"))
    texts: list[str] = []
    with pytest.raises(TooLarge):
        texts.extend(iter(lambda: next(completion), None))
    assert "".join(texts) == "äöüäöüäöüä"
    assert api_server.requests[0].closed.wait(5)


# When an answer is complete


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize(
    "payloads",
    [
        (chunk("Hi"), chunk(None, "stop"), "[DONE]"),
        (chunk("Hi"), chunk(None, "stop")),
        (chunk("Hi"), "[DONE]"),
        (chunk("Hi", "stop"),),
        (chunk("Hi"), chunk(None, "tool_calls")),
        (chunk("Hi", "stop"), {"error": {"message": "too late"}}),
    ],
)
def test_either_mark_means_that_the_answer_is_complete(
    api_server: ApiServer, client_for: ClientFor, framing: str, payloads: Any
) -> None:
    api_server.behaviour = events(*payloads, framing=framing)
    assert list(client_for(api_server).ask(Prompt("Why?"))) == ["Hi"]


@every_api
@pytest.mark.parametrize("framing", FRAMINGS)
def test_text_without_either_mark_is_kept_and_reported_as_cut_off(
    api_server: ApiServer, client_for: ClientFor, framing: str
) -> None:
    def behaviour(exchange: Exchange) -> None:
        exchange.head(framing=framing)
        exchange.chunk("Half an ans")
        exchange.end()

    api_server.behaviour = behaviour
    completion = client_for(api_server).ask(Prompt("Why?"))
    assert next(completion) == "Half an ans"
    with pytest.raises(ConnectionFailed, match="may be incomplete"):
        next(completion)
    assert len(api_server.requests) == 1  # text has been shown: never asked again


@every_api
@pytest.mark.parametrize("framing", [*FRAMINGS, "100000"])
@pytest.mark.parametrize("reset", [False, True])
def test_an_answer_that_is_cut_off_is_not_complete(
    api_server: ApiServer, client_for: ClientFor, framing: str, reset: bool
) -> None:
    seen = threading.Event()

    def cut(exchange: Exchange) -> None:
        exchange.head(framing=framing)
        exchange.chunk("Half an ans")
        exchange.send('data: {"choices": [{"delta": {"content": "lost"')
        seen.wait(10)
        exchange.cut(reset=reset)

    api_server.behaviour = cut
    completion = client_for(api_server).ask(Prompt("Why?"))
    assert next(completion) == "Half an ans"
    seen.set()
    with pytest.raises(ConnectionFailed):
        next(completion)
    assert len(api_server.requests) == 1


@every_api
def test_an_answer_that_ends_without_text_is_an_error(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.behaviour = answer([])
    with pytest.raises(BadResponse, match="empty answer"):
        list(client_for(api_server).ask(Prompt("Why?")))


@pytest.mark.parametrize("payloads", [(), (": nothing",), (chunk(""),), (chunk(None, "stop"), "[DONE]")])
def test_an_answer_without_text_is_an_error(
    api_server: ApiServer, client_for: ClientFor, payloads: Any
) -> None:
    api_server.behaviour = events(*payloads)
    with pytest.raises(BadResponse, match="empty answer"):
        list(client_for(api_server).ask(Prompt("Why?")))


@every_api
def test_a_length_limit_reached_before_any_text_tells_the_operator_what_to_do(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    details = {"completion_tokens_details": {"reasoning_tokens": 60}}
    details |= {"output_tokens_details": {"reasoning_tokens": 60}}
    api_server.behaviour = answer([], finish="length", usage={"completion_tokens": 64, **details})
    error = failure_of(client_for(api_server))
    assert isinstance(error, BadResponse)
    assert "length limit" in error.message
    assert error.remedy == "raise_max_tokens"
    assert error.detail.endswith("finish_reason: length; 64 completion tokens, 60 of them for reasoning")


@every_api
@pytest.mark.parametrize(("texts", "message"), [(["Half"], "cut this answer"), ([], "withheld")])
def test_a_content_filter_is_reported_and_the_text_before_it_kept(
    api_server: ApiServer, client_for: ClientFor, texts: list[str], message: str
) -> None:
    api_server.behaviour = answer(texts, finish="content_filter")
    completion = client_for(api_server).ask(Prompt("Why?"))
    assert [next(completion) for _ in texts] == texts
    with pytest.raises(Filtered, match=message):
        next(completion)
    assert completion.finish_reason == "content_filter"


@every_api
def test_a_finish_reason_of_error_is_an_error(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.behaviour = answer(["Half"], finish="error")  # OpenRouter; Responses has an event of its own
    completion = client_for(api_server).ask(Prompt("Why?"))
    assert next(completion) == "Half"
    with pytest.raises(BadResponse):
        next(completion)


@pytest.mark.parametrize(
    "start", [["\n\n\nYes."], ["\n", "\r\n", "\n", "Yes."], ["<think>\nHm</think>\n", "\n", "Yes."]]
)
def test_an_answer_does_not_begin_with_blank_lines(
    api_server: ApiServer, client_for: ClientFor, start: list[str]
) -> None:
    api_server.answer([*start, "\n\n  And more"])
    assert "".join(client_for(api_server).ask(Prompt("Why?"))) == "Yes.\n\n  And more"
    api_server.answer(["  indented"])
    assert "".join(client_for(api_server).ask(Prompt("Why?"))) == "  indented"
