"""What is sent: the body for each API, earlier turns, and the fields that a model accepts."""

import json

import pytest

from completions import DEFAULT_PROMPT_TEMPLATE, Prompt, Turn
from tests.support.api_behaviours import Behaviour, Exchange, answer, refuse
from tests.support.api_server import ApiServer, ClientFor
from tests.support.completion_reader import failure_of

EARLIER = (Turn("Why?", " Because.\n"), Turn("{question}?", "{}"))


def test_the_chat_api_gets_the_configured_fields_and_no_others(
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
    }


def test_a_system_prompt_a_temperature_and_a_limit_are_sent_as_configured(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    list(client_for(api_server, system_prompt="Be brief.", temperature=0.0, max_tokens=7).ask(Prompt("Why?")))
    body = api_server.requests[0].body
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert body["temperature"] == 0.0
    assert body["max_tokens"] == 7


def test_the_legacy_api_gets_a_prompt(api_server: ApiServer, client_for: ClientFor) -> None:
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


def test_a_template_may_contain_braces(api_server: ApiServer, client_for: ClientFor) -> None:
    list(
        client_for(api_server, api="completions", prompt_template='{"q": {question}} {}').ask(Prompt("Why?"))
    )
    assert api_server.requests[0].body["prompt"] == '{"q": Why?} {}'


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
def test_the_legacy_api_gets_earlier_turns_in_the_form_of_the_template(
    api_server: ApiServer, client_for: ClientFor, template: str, prompt: str
) -> None:
    client = client_for(api_server, api="completions", prompt_template=template)
    list(client.ask(Prompt("And now?", EARLIER)))
    assert api_server.requests[0].body["prompt"] == prompt
    list(client.ask(Prompt("And now?")))
    assert api_server.requests[1].body["prompt"] == template.replace("{question}", "And now?")


def test_a_prompt_may_name_another_model(api_server: ApiServer, client_for: ClientFor) -> None:
    client = client_for(api_server)
    list(client.ask(Prompt("Why?", model="large")))
    list(client.ask(Prompt("Why?")))
    assert [request.body["model"] for request in api_server.requests] == ["large", "small"]


def test_the_address_may_end_with_a_slash_and_have_a_query(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    list(client_for(api_server, base_url=f"{api_server.base_url}/?api-version=1").ask(Prompt("Why?")))
    assert api_server.requests[0].path == "/v1/chat/completions?api-version=1"


# Fields that a model refuses


OPENAI_REFUSAL = {
    "message": "Unsupported parameter: 'max_tokens' is not supported with this model. "
    "Use 'max_completion_tokens' instead.",
    "type": "invalid_request_error",
    "param": "max_tokens",
    "code": "unsupported_parameter",
}


def picky(*refused: str) -> Behaviour:
    """Accepts any request without these fields."""

    def behaviour(exchange: Exchange) -> None:
        for field in refused:
            if field in exchange.body:
                message = f"Unsupported parameter: '{field}' is not supported with this model."
                exchange.reply(400, {"error": {"message": message, "param": field}})
                return
        answer(["Hi"])(exchange)

    return behaviour


def test_the_new_name_of_the_limit_is_tried_once_and_kept(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    api_server.script(refuse(400, OPENAI_REFUSAL))
    client = client_for(api_server, max_tokens=7)
    assert "".join(client.ask(Prompt("Why?"))) == "Hello, world"
    assert "".join(client.ask(Prompt("Why?"))) == "Hello, world"
    fields = [
        request.body.keys() & {"max_tokens", "max_completion_tokens"} for request in api_server.requests
    ]
    assert fields == [{"max_tokens"}, {"max_completion_tokens"}, {"max_completion_tokens"}]
    assert api_server.requests[1].body["max_completion_tokens"] == 7


def test_every_refused_field_is_left_out(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.behaviour = picky("temperature", "stream_options", "max_tokens", "max_completion_tokens")
    client = client_for(api_server, temperature=0.5, max_tokens=7)
    assert list(client.ask(Prompt("Why?"))) == ["Hi"]
    assert api_server.requests[-1].body.keys() == {"model", "messages", "stream"}
    asked = len(api_server.requests)
    assert list(client.ask(Prompt("Why?"))) == ["Hi"]
    assert len(api_server.requests) == asked + 1


def test_a_field_that_one_model_refuses_is_still_sent_to_another(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    def newer_refuses(exchange: Exchange) -> None:
        behaviour = (
            picky("max_tokens") if exchange.body["model"] == "newer" else picky("max_completion_tokens")
        )
        behaviour(exchange)

    api_server.behaviour = newer_refuses
    client = client_for(api_server, max_tokens=7)
    for model in ("newer", "older", "newer", "older", ""):
        assert list(client.ask(Prompt("Why?", model=model))) == ["Hi"]
    asked = [
        (request.body["model"], "max_completion_tokens" in request.body) for request in api_server.requests
    ]
    assert asked == [
        ("newer", False),
        ("newer", True),
        ("older", False),
        ("newer", True),
        ("older", False),
        ("small", False),
    ]


def test_the_number_of_remembered_models_is_limited(
    api_server: ApiServer, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("completions.dialects.REMEMBERED_MODELS", 3)
    api_server.behaviour = picky("max_tokens")
    client = client_for(api_server, max_tokens=7)
    for number in range(10):
        assert list(client.ask(Prompt("Why?", model=f"model-{number}"))) == ["Hi"]
        assert len(client.dialects._learned) <= 3
    asked = len(api_server.requests)
    assert list(client.ask(Prompt("Why?", model="model-9"))) == ["Hi"]
    assert len(api_server.requests) == asked + 1


def test_a_fallback_that_does_not_help_is_not_kept(api_server: ApiServer, client_for: ClientFor) -> None:
    api_server.script(refuse(400, OPENAI_REFUSAL), refuse(400, "Bad"))
    client = client_for(api_server, max_tokens=7)
    assert failure_of(client).code == "bad_request"
    list(client.ask(Prompt("Why?")))
    assert "max_tokens" in api_server.requests[-1].body


def test_a_limit_that_is_too_large_is_not_a_refused_field(
    api_server: ApiServer, client_for: ClientFor
) -> None:
    api_server.behaviour = refuse(400, "max_tokens is too large: 1024")
    client = client_for(api_server, max_tokens=1024)
    assert failure_of(client).code == "bad_request"
    assert ["max_tokens" in request.body for request in api_server.requests] == [True, False]


def test_a_422_from_pydantic_is_understood(api_server: ApiServer, client_for: ClientFor) -> None:
    detail = [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]
    api_server.script(lambda exchange: exchange.reply(422, {"detail": detail}))
    assert "".join(client_for(api_server).ask(Prompt("Why?"))) == "Hello, world"
    assert "stream_options" not in json.loads(api_server.requests[1].content)
