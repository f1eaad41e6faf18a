"""Answers that come: what is asked, how the text arrives, and when it counts as whole."""

import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from answers.completions import DEFAULT_PROMPT_TEMPLATE, Client, Prompt, Turn, Usage
from answers.completions.errors import BadResponse, ConnectionFailed, Filtered, TooLarge
from tests.api_server import ApiServer, Exchange, answer, events, numbered, stall

ClientFor = Callable[..., Client]
FRAMINGS = ("chunked", "close")


def chunk(text: str | None = None, finish_reason: str | None = None) -> dict[str, Any]:
    return {"model": "m", "choices": [{"delta": {"content": text}, "finish_reason": finish_reason}]}


# What is asked


def test_a_chat_is_asked_with_what_is_configured_and_nothing_else(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    list(client_for(api_server, api_key="secret").ask(Prompt("Why?")))
    request = api_server.requests[0]
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["authorization"] == "Bearer secret"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept-encoding"] == "identity"
    assert request.body == {
        "model": "small",
        "messages": [{"role": "user", "content": "Why?"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 1024,
    }


def test_system_prompt_temperature_and_no_limit(api_server: ApiServer, client_for: ClientFor) -> None:
    list(client_for(api_server, system_prompt="Be brief.", temperature=0.0, max_tokens=0).ask(Prompt("Why?")))
    body = api_server.requests[0].body
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert body["temperature"] == 0.0
    assert "max_tokens" not in body


def test_the_older_api_is_asked_with_a_prompt(api_server: ApiServer, client_for: ClientFor) -> None:
    assert (
        "".join(client_for(api_server, api="completions").ask(Prompt("Why {0} {question}?")))
        == "Hello, world"
    )
    request = api_server.requests[0]
    assert request.path == "/v1/completions"
    assert request.body["prompt"] == (
        "Answer the following question.\nQuestion: Why {0} {question}?\nAnswer:"
    )
    assert "messages" not in request.body


def test_a_template_may_hold_braces(api_server: ApiServer, client_for: ClientFor) -> None:
    list(
        client_for(api_server, api="completions", prompt_template='{"q": {question}} {}').ask(Prompt("Why?"))
    )
    assert api_server.requests[0].body["prompt"] == '{"q": Why?} {}'


EARLIER = (Turn("Why?", " Because.\n"), Turn("{question}?", "{}"))


def test_earlier_turns_come_between_the_system_prompt_and_the_question(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    list(client_for(api_server, system_prompt="Be brief.").ask(Prompt("And now?", EARLIER)))
    assert api_server.requests[0].body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Why?"},
        {"role": "assistant", "content": " Because.\n"},
        {"role": "user", "content": "{question}?"},
        {"role": "assistant", "content": "{}"},
        {"role": "user", "content": "And now?"},
    ]


@pytest.mark.parametrize(
    ("template", "prompt"),
    [
        (
            DEFAULT_PROMPT_TEMPLATE,
            "Answer the following question.\nQuestion: Why?\nAnswer: Because.\n\n"
            "Question: {question}?\nAnswer: {}\n\nQuestion: And now?\nAnswer:",
        ),
        ("{question}", "Why? Because.\n\n{question}? {}\n\nAnd now?"),
        (
            "[INST] {question} [/INST]",
            "[INST] Why? [/INST] Because.\n\n[INST] {question}? [/INST] {}\n\n[INST] And now? [/INST]",
        ),
        (
            "Be brief.\n\n### Instruction:\n{question}\n\n### Response:\n",
            "Be brief.\n\n### Instruction:\nWhy?\n\n### Response:\nBecause.\n\n"
            "### Instruction:\n{question}?\n\n### Response:\n{}\n\n"
            "### Instruction:\nAnd now?\n\n### Response:\n",
        ),
        (
            "Q: {question} ({question})\nA:",
            "Q: Why? (Why?)\nA: Because.\n\nQ: {question}? ({question}?)\nA: {}"
            "\n\nQ: And now? (And now?)\nA:",
        ),
    ],
)
def test_the_older_api_gets_earlier_turns_in_the_form_that_the_template_has(
    api_server: ApiServer, client_for: ClientFor, template: str, prompt: str
) -> None:
    client = client_for(api_server, api="completions", prompt_template=template)
    list(client.ask(Prompt("And now?", EARLIER)))
    assert api_server.requests[0].body["prompt"] == prompt
    list(client.ask(Prompt("And now?")))
    assert api_server.requests[1].body["prompt"] == template.replace("{question}", "And now?")


def test_a_prompt_may_name_a_model_of_its_own(api_server: ApiServer, client_for: ClientFor) -> None:
    client = client_for(api_server)
    list(client.ask(Prompt("Why?", model="large")))
    list(client.ask(Prompt("Why?")))
    assert [request.body["model"] for request in api_server.requests] == ["large", "small"]


def test_without_a_key_there_is_no_header(api_server: ApiServer, client_for: ClientFor) -> None:
    list(client_for(api_server).ask(Prompt("Why?")))
    assert "authorization" not in api_server.requests[0].headers


def test_a_key_from_a_file_may_end_with_a_newline(api_server: ApiServer, client_for: ClientFor) -> None:
    list(client_for(api_server, api_key="secret\n").ask(Prompt("Why?")))
    assert api_server.requests[0].headers["authorization"] == "Bearer secret"


def test_the_address_may_end_with_a_slash_and_have_a_query(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    list(client_for(api_server, base_url=f"{api_server.base_url}/?api-version=1").ask(Prompt("Why?")))
    assert api_server.requests[0].path == "/v1/chat/completions?api-version=1"


def test_nothing_is_sent_before_the_first_text_is_wanted(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    completion = client_for(api_server).ask(Prompt("Why?"))
    assert api_server.accepted == 0
    next(completion)
    assert len(api_server.requests) == 1


def test_the_environment_does_not_interfere(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login alice password wrong\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    list(client_for(api_server, api_key="secret").ask(Prompt("Why?")))
    assert api_server.requests[0].headers["authorization"] == "Bearer secret"


def test_cookies_are_not_kept(api_server: ApiServer, client_for: ClientFor) -> None:
    def with_cookie(exchange: Exchange) -> None:
        exchange.head(headers={"Set-Cookie": "who=alice; Path=/"})
        exchange.chunk("Hi")
        exchange.finish()

    api_server.behaviour = with_cookie
    client = client_for(api_server)
    for _ in range(2):
        list(client.ask(Prompt("Why?")))
    assert "cookie" not in api_server.requests[1].headers


# How it arrives


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("encoding", ["", "gzip", "deflate"])
def test_text_is_live_in_every_framing(
    api_server: ApiServer, client_for: ClientFor, framing: str, encoding: str
) -> None:
    given = threading.Semaphore(0)

    def one_at_a_time(exchange: Exchange) -> None:
        exchange.head(framing=framing, encoding=encoding)
        for text in ("one", "two", "three"):
            exchange.chunk(text)
            assert given.acquire(timeout=10)  # nothing more is sent until this text has been given out
        exchange.finish()

    api_server.behaviour = one_at_a_time
    texts = []
    for text in client_for(api_server, silence_seconds=5).ask(Prompt("Why?")):
        texts.append(text)
        given.release()
    assert texts == ["one", "two", "three"]


def test_text_is_live_where_the_length_is_known(api_server: ApiServer, client_for: ClientFor) -> None:
    given = threading.Event()
    parts = [f"data: {json.dumps(payload)}\n\n" for payload in (chunk("one"), chunk("two", "stop"))]

    def with_length(exchange: Exchange) -> None:
        exchange.head(framing=str(len("".join(parts))))
        exchange.raw(parts[0].encode())
        assert given.wait(10)
        exchange.raw(parts[1].encode())

    api_server.behaviour = with_length
    completion = client_for(api_server, silence_seconds=5).ask(Prompt("Why?"))
    assert next(completion) == "one"
    given.set()
    assert list(completion) == ["two"]


def test_text_is_live_over_tls(tls_api_server: ApiServer, client_for: ClientFor) -> None:
    tls_api_server.behaviour = stall(["one"])
    completion = client_for(tls_api_server, silence_seconds=5).ask(Prompt("Why?"))
    assert next(completion) == "one"
    tls_api_server.release()
    assert list(completion) == []
    assert completion.finish_reason == "stop"


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_thousand_tokens_arrive_whole_and_in_order(
    api_server: ApiServer, client_for: ClientFor, framing: str
) -> None:
    api_server.behaviour = numbered(1000, framing=framing)
    assert list(client_for(api_server).ask(Prompt("Why?"))) == [f"{index} " for index in range(1000)]


def test_keep_alives_and_odd_line_ends_are_no_text(api_server: ApiServer, client_for: ClientFor) -> None:
    def odd(exchange: Exchange) -> None:
        exchange.head()
        exchange.send(": OPENROUTER PROCESSING\n\n\r\n: keep-alive\r\rdata:\n\ndata: : ping\n\n")
        exchange.send(f"id: 1\nevent: completion\ndata:{json.dumps(chunk('Hi'))}\r")
        exchange.send("\n\r")
        pretty = json.dumps(chunk(" there"), indent=1).replace("\n", "\ndata: ")
        exchange.send(f"\ndata: {pretty}\n\n")
        exchange.send("data: [DONE] \n\n")
        exchange.end()

    api_server.behaviour = odd
    assert list(client_for(api_server).ask(Prompt("Why?"))) == ["Hi", " there"]


def test_any_content_type_will_do_for_events(api_server: ApiServer, client_for: ClientFor) -> None:
    def plain(exchange: Exchange) -> None:
        exchange.head(content_type="text/plain; charset=iso-8859-1")
        exchange.chunk("Grüße \u2028😀")
        exchange.finish()

    api_server.behaviour = plain
    assert list(client_for(api_server).ask(Prompt("Why?"))) == ["Grüße \u2028😀"]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("newline", ["", "\n", "\n\n"])
def test_a_whole_completion_instead_of_a_stream_is_an_answer(
    api_server: ApiServer, client_for: ClientFor, indent: int | None, newline: str
) -> None:
    said = {"model": "m", "choices": [{"message": {"content": "Hi"}, "finish_reason": "length"}]}
    said["usage"] = {"total_tokens": 3}

    def whole(exchange: Exchange) -> None:
        body = newline + json.dumps(said, indent=indent) + newline
        exchange.head(framing=str(len(body)), content_type="application/json")
        exchange.raw(body.encode())

    api_server.behaviour = whole
    completion = client_for(api_server).ask(Prompt("Why?"))
    assert list(completion) == ["Hi"]
    assert completion.finish_reason == "length"
    assert completion.usage == Usage(total_tokens=3)


def test_unfit_characters_are_replaced_and_halves_joined(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    def halves(exchange: Exchange) -> None:
        exchange.head()
        for escaped in ("a\\u0000", "\\ud83d", "\\ude00", "b\\ud83d"):
            exchange.send('data: {"choices": [{"delta": {"content": "' + escaped + '"}}]}\n\n')
        exchange.finish()

    api_server.behaviour = halves
    assert list(client_for(api_server).ask(Prompt("Why?"))) == ["a\ufffd", "😀", "b", "\ufffd"]


def test_reasoning_is_no_text_beside_an_answer(api_server: ApiServer, client_for: ClientFor) -> None:
    thought = {"choices": [{"delta": {"reasoning_content": "Hmm"}}]}
    api_server.behaviour = events(thought, chunk("Yes."), chunk(None, "stop"), "[DONE]")
    assert list(client_for(api_server).ask(Prompt("Why?"))) == ["Yes."]


def test_an_answer_that_came_as_reasoning_only_is_shown(api_server: ApiServer, client_for: ClientFor) -> None:
    thoughts = [{"choices": [{"delta": {"reasoning": text}}]} for text in ("Y", "es.")]
    api_server.behaviour = events(*thoughts, chunk("", "stop"), "[DONE]")
    assert list(client_for(api_server).ask(Prompt("Why?"))) == ["Yes."]


# What is known at the end


def test_usage_model_reason_and_request_id_are_known_at_the_end(
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


def test_a_call_is_logged_once_without_text_or_key(
    api_server: ApiServer, client_for: ClientFor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="answers")
    list(client_for(api_server, api_key="secret").ask(Prompt("Why?")))
    (record,) = [record for record in caplog.records if record.name.startswith("answers")]
    line = record.getMessage()
    assert record.name == "answers.completions"
    assert line.startswith("complete status=200 request_id='req-1' attempts=1 head_seconds=")
    assert " first_text_seconds=" in line
    assert line.endswith(" finish_reason='stop' chars=12")
    for private in ("secret", "Why", "Hello"):
        assert private not in caplog.text


# When it is whole


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
def test_either_mark_means_whole(
    api_server: ApiServer, client_for: ClientFor, framing: str, payloads: Any
) -> None:
    api_server.behaviour = events(*payloads, framing=framing)
    assert list(client_for(api_server).ask(Prompt("Why?"))) == ["Hi"]


@pytest.mark.parametrize("framing", FRAMINGS)
def test_text_without_either_mark_is_kept_and_named_as_cut(
    api_server: ApiServer, client_for: ClientFor, framing: str
) -> None:
    api_server.behaviour = events(chunk("Half an ans"), framing=framing)
    completion = client_for(api_server).ask(Prompt("Why?"))
    assert next(completion) == "Half an ans"
    with pytest.raises(ConnectionFailed, match="may be incomplete"):
        next(completion)
    assert len(api_server.requests) == 1  # text has been shown: never asked again


@pytest.mark.parametrize("framing", [*FRAMINGS, "100000"])
@pytest.mark.parametrize("reset", [False, True])
def test_an_answer_cut_in_its_midst_is_no_whole_answer(
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


@pytest.mark.parametrize("payloads", [(), (": nothing",), (chunk(""),), (chunk(None, "stop"), "[DONE]")])
def test_no_text_is_no_answer(api_server: ApiServer, client_for: ClientFor, payloads: Any) -> None:
    api_server.behaviour = events(*payloads)
    with pytest.raises(BadResponse, match="empty answer"):
        list(client_for(api_server).ask(Prompt("Why?")))


def test_a_limit_used_up_before_any_text_is_named(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.behaviour = events(chunk(None, "length"))
    with pytest.raises(BadResponse, match="length limit"):
        list(client_for(api_server).ask(Prompt("Why?")))


@pytest.mark.parametrize(("texts", "message"), [(["Half"], "cut this answer"), ([], "withheld")])
def test_a_content_filter_is_named_and_the_text_before_it_kept(
    api_server: ApiServer, client_for: ClientFor, texts: list[str], message: str
) -> None:
    api_server.behaviour = answer(texts, finish="content_filter")
    completion = client_for(api_server).ask(Prompt("Why?"))
    assert [next(completion) for _ in texts] == texts
    with pytest.raises(Filtered, match=message):
        next(completion)
    assert completion.finish_reason == "content_filter"


def test_a_finish_reason_of_error_is_an_error(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.behaviour = answer(["Half"], finish="error")
    completion = client_for(api_server).ask(Prompt("Why?"))
    assert next(completion) == "Half"
    with pytest.raises(BadResponse):
        next(completion)


def test_after_the_last_mark_nobody_waits_for_the_end(api_server: ApiServer, client_for: ClientFor) -> None:
    def open_end(exchange: Exchange) -> None:
        exchange.head()
        exchange.chunk("Hi")
        exchange.event("[DONE]")
        exchange.stall()

    api_server.behaviour = open_end
    began = time.monotonic()
    assert list(client_for(api_server).ask(Prompt("Why?"))) == ["Hi"]
    assert time.monotonic() - began < 1
    assert api_server.requests[0].closed.wait(5)


def test_after_the_finish_reason_the_tail_is_awaited_a_moment_only(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("answers.completions.client.TAIL_SECONDS", 0.1)

    def open_end(exchange: Exchange) -> None:
        exchange.head()
        exchange.chunk("Hi", "stop")
        exchange.stall()

    api_server.behaviour = open_end
    began = time.monotonic()
    assert list(client_for(api_server).ask(Prompt("Why?"))) == ["Hi"]
    assert time.monotonic() - began < 1
    assert api_server.requests[0].closed.wait(5)


# Its size


@pytest.mark.parametrize("framing", FRAMINGS)
def test_an_answer_over_its_size_is_cut_and_the_connection_closed(
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


@pytest.mark.parametrize("end", ["", "\n\n"])
def test_a_line_over_its_size_is_refused(api_server: ApiServer, client_for: ClientFor, end: str) -> None:
    def long_line(exchange: Exchange) -> None:
        exchange.head()
        exchange.send("data: " + "x" * 5000 + end)
        exchange.stall()

    api_server.behaviour = long_line
    with pytest.raises(TooLarge):
        list(client_for(api_server, line_bytes=4000).ask(Prompt("Why?")))
    assert api_server.requests[0].closed.wait(5)


def test_an_event_or_a_json_reply_of_many_lines_is_bounded_too(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    def endless(start: str, line: str) -> Callable[[Exchange], None]:
        def behaviour(exchange: Exchange) -> None:
            exchange.head()
            exchange.send(start)
            while True:
                exchange.send(line)

        return behaviour

    api_server.script(endless("", "data: 12345678\n"), endless("{\n", '"a": 1,\n'))
    client = client_for(api_server, line_bytes=4000)
    for _ in range(2):
        with pytest.raises(TooLarge):
            list(client.ask(Prompt("Why?")))


# How often it is read


def test_with_a_pace_all_that_gathers_is_one_read_and_the_first_text_is_not_held_back(
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
    monkeypatch.setattr("answers.completions.wire.time.sleep", rest)
    completion = client.ask(Prompt("Why?"))
    assert next(completion) == "0 "
    assert rests == []
    first_is_read.set()
    assert "".join(completion) == "".join(f"{number} " for number in range(1, 20))
    assert set(rests) == {0.15}
    assert len(rests) <= 2


def test_a_stop_is_not_held_back_by_the_pace(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.behaviour = stall(["0 "])
    client = client_for(api_server)
    client.pace(1)
    completion = client.ask(Prompt("Why?"))
    assert next(completion) == "0 "
    reading = threading.Thread(target=list, args=[completion])
    reading.start()
    completion.stop()
    assert api_server.requests[0].closed.wait(1)
    reading.join(10)
