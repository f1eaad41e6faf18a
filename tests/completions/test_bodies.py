"""The body for each API: effort, reasoning, web search, identifiers, and what is never left out."""

from contextlib import suppress
from typing import Any

import pytest

from completions import Endpoint, Prompt, Turn
from completions.dialects import OPTIONAL_FIELDS, Dialect
from completions.errors import CompletionError
from completions.request import make_request
from tests.support.api_behaviours import Behaviour, Exchange, answer
from tests.support.api_server import ApiServer, ClientFor

FULL = Prompt(
    "And now?",
    (Turn("Why?", "Because."),),
    effort="high",
    web_search=True,
    safety_identifier="0123abcd",
    cache_key="thread-1",
)


def body_of(api: str, prompt: Prompt = FULL, base_url: str = "http://api.example/v1", **fields: Any) -> Any:
    return make_request(Endpoint(base_url=base_url, model="m", api=api, **fields), prompt, Dialect()).body


def test_the_body_for_responses() -> None:
    assert body_of("responses", system_prompt="Be brief.", max_tokens=9, temperature=0.5) == {
        "model": "m",
        "stream": True,
        "store": False,
        "instructions": "Be brief.",
        "input": [
            {"role": "user", "content": "Why?"},
            {"role": "assistant", "content": "Because."},
            {"role": "user", "content": "And now?"},
        ],
        "reasoning": {"summary": "auto", "effort": "high"},
        "tools": [{"type": "web_search"}],
        "safety_identifier": "0123abcd",
        "prompt_cache_key": "thread-1",
        "max_output_tokens": 9,
        "temperature": 0.5,
    }


def test_what_is_not_set_is_not_sent() -> None:
    question = [{"role": "user", "content": "Why?"}]
    stream = {"model": "m", "stream": True}
    usage = {"stream_options": {"include_usage": True}}
    assert body_of("responses", Prompt("Why?")) == stream | {
        "input": question,
        "store": False,
        "reasoning": {"summary": "auto"},  # so that people see something while the model reasons
    }
    assert body_of("chat", Prompt("Why?")) == stream | {"messages": question} | usage
    assert body_of("completions", Prompt("Why?"), prompt_template="{question}") == (
        stream | {"prompt": "Why?"} | usage
    )


def test_chat_takes_effort_and_identifiers() -> None:
    body = body_of("chat", max_tokens=9)
    assert body.keys() == {
        "model", "messages", "stream", "stream_options", "max_tokens",
        "reasoning_effort", "safety_identifier", "prompt_cache_key",
    }  # fmt: skip
    assert (body["reasoning_effort"], body["safety_identifier"]) == ("high", "0123abcd")
    assert body["prompt_cache_key"] == "thread-1"


def test_legacy_completions_take_none_of_them() -> None:
    assert body_of("completions").keys() == {"model", "prompt", "stream", "stream_options"}


@pytest.mark.parametrize(
    ("host", "tools"),
    [
        ("openrouter.ai", [{"type": "openrouter:web_search"}]),
        ("api.example", None),
        ("notopenrouter.ai", None),
        ("openrouter.ai.example", None),
    ],
)
def test_web_search_in_chat_is_for_openrouter_only(host: str, tools: Any) -> None:
    assert body_of("chat", base_url=f"https://{host}/api/v1").get("tools") == tools
    assert "tools" not in body_of("chat", Prompt("Why?"), base_url=f"https://{host}/api/v1")


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_perplexity_gets_the_identifier_in_a_header(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch, api: str
) -> None:
    name = "perplexity-safety-identifier"
    client = client_for(api_server, api=api)
    with_field = ask(client, api_server, FULL)
    monkeypatch.setattr("completions.request.PERPLEXITY_HOST", "127.0.0.1")
    with_header = ask(client, api_server, FULL)
    without = ask(client, api_server, Prompt("Why?"))
    assert (with_field.headers.get(name), with_field.body["safety_identifier"]) == (None, "0123abcd")
    assert with_header.headers[name] == "0123abcd"
    assert "safety_identifier" not in with_header.body
    assert name not in without.headers


def ask(client: Any, server: ApiServer, prompt: Prompt) -> Exchange:
    with suppress(CompletionError):  # the stand-in answers only in the format of chat completions
        list(client.ask(prompt))
    return server.requests[-1]


def test_the_prompt_names_the_api_and_its_path(api_server: ApiServer, client_for: ClientFor) -> None:
    client = client_for(api_server)
    paths = {
        "responses": "/v1/responses",
        "": "/v1/chat/completions",
        "completions": "/v1/completions",
    }
    for api, path in paths.items():
        assert ask(client, api_server, Prompt("Why?", api=api)).path == path


# What a model refuses


def refuses_all(api: str) -> Behaviour:
    """Refuse one optional field after the other, and then what is left."""

    def behaviour(exchange: Exchange) -> None:
        for name in OPTIONAL_FIELDS:
            outer, _, inner = name.partition(".")
            if outer in exchange.body and (not inner or inner in exchange.body[outer]):
                message = f"Unsupported parameter: '{name}' is not supported with this model."
                exchange.reply(400, {"error": {"message": message, "param": name}})
                return
        exchange.reply(400, {"error": {"message": "Unknown parameter: 'store'.", "param": "store"}})

    return behaviour


@pytest.mark.parametrize(
    ("api", "left"),
    [
        ("responses", {"model", "input", "instructions", "stream", "store"}),
        ("chat", {"model", "messages", "stream"}),
        ("completions", {"model", "prompt", "stream"}),
    ],
)
def test_every_optional_field_is_left_out_and_store_never_is(
    api_server: ApiServer, client_for: ClientFor, api: str, left: set[str]
) -> None:
    api_server.behaviour = refuses_all(api)
    client = client_for(api_server, api=api, max_tokens=9, temperature=0.5, system_prompt="Be brief.")
    assert ask(client, api_server, FULL).body.keys() == left
    for request in api_server.requests:
        assert request.body["stream"] is True
        assert request.body.get("store") == (False if api == "responses" else None)


def test_a_server_that_refuses_store_is_for_the_operator(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    api_server.behaviour = refuses_all("responses")
    with pytest.raises(CompletionError) as caught:
        list(client_for(api_server, api="responses").ask(Prompt("Why?")))
    assert (caught.value.code, caught.value.remedy) == ("not_configured", "use_chat")


def test_refused_fields_are_known_and_belong_to_one_model_at_one_api(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    def behaviour(exchange: Exchange) -> None:
        if "reasoning_effort" in exchange.body and exchange.body["model"] == "plain":
            exchange.reply(422, {"detail": [{"loc": ["body", "reasoning_effort"], "msg": "Extra inputs"}]})
        else:
            answer(["Hi"])(exchange)

    api_server.behaviour = behaviour
    client = client_for(api_server)
    for model, refused in (
        ("plain", {"reasoning_effort"}),
        ("other", set()),
        ("plain", {"reasoning_effort"}),
    ):
        completion = client.ask(Prompt("Why?", model=model, effort="low"))
        assert list(completion) == ["Hi"]
        assert completion.refused_fields == refused
    assert ["reasoning_effort" in one.body for one in api_server.requests] == [True, False, True, False]
    assert client.dialects.of("responses", "plain") == Dialect()


def test_without_a_model_nothing_is_sent(api_server: ApiServer, client_for: ClientFor) -> None:
    with pytest.raises(CompletionError) as caught:
        list(client_for(api_server, model="").ask(Prompt("Why?")))
    assert (caught.value.code, caught.value.remedy) == ("not_configured", "choose_model")
    assert api_server.accepted == 0
    assert "".join(client_for(api_server, model="").ask(Prompt("Why?", model="m"))) == "Hello, world"
