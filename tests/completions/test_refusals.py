"""Which part of a request a refusal is about, in the words of many servers."""

import json
from typing import Any

import pytest

from completions.dialects import Dialect
from completions.error_bodies import without_echoes
from completions.refusals import limit_is_too_large, refused_field

CHAT = {
    "max_tokens": 8192,
    "temperature": 0.2,
    "stream_options": {"include_usage": True},
    "reasoning_effort": "high",
    "safety_identifier": "abc",
    "prompt_cache_key": "def",
    "tools": [{"type": "openrouter:web_search"}],
}
RESPONSES = {
    "store": False,
    "max_output_tokens": 8192,
    "temperature": 0.2,
    "reasoning": {"summary": "auto", "effort": "high"},
    "safety_identifier": "abc",
    "prompt_cache_key": "def",
    "tools": [{"type": "web_search"}],
}
COMPLETIONS = {"max_tokens": 1024, "temperature": 0.2, "stream_options": {"include_usage": True}}
BODIES = {"chat": CHAT, "completions": COMPLETIONS, "responses": RESPONSES}
FIELDS = [
    (api, name) for api, body in BODIES.items() for name in body if name not in ("store", "reasoning")
] + [("responses", "reasoning.summary"), ("responses", "reasoning.effort"), ("responses", "reasoning")]


def openai(message: str, param: Any = None, code: Any = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


def openai_parameter(name: str) -> Any:
    message = f"Unsupported parameter: '{name}' is not supported with this model."
    return openai(message, name, "unsupported_parameter")


def openai_unknown(name: str) -> Any:
    return openai(f"Unknown parameter: '{name}'.", name, "unknown_parameter")


def openai_value(name: str) -> Any:
    return openai(
        f"Unsupported value: '{name}' does not support this with this model.", name, "unsupported_value"
    )


def without_param(name: str) -> Any:
    return openai(f"Unrecognized request argument supplied: {name}")


def litellm(name: str) -> Any:
    return openai(
        f"litellm.UnsupportedParamsError: openai does not support parameters: ['{name}']", "None", "400"
    )


def extra(name: str) -> dict[str, Any]:
    message = "Extra inputs are not permitted"
    return {
        "type": "extra_forbidden",
        "loc": ["body", *name.split(".")],
        "msg": message,
        "input": "max_tokens",
    }


def fastapi(name: str) -> Any:
    return {"detail": [extra(name)]}


def mistral(name: str) -> Any:
    return {"object": "error", "message": {"detail": [extra(name)]}, "type": "invalid_request_error"}


def vllm(name: str) -> Any:
    """The list of errors as Python prints it."""
    error = extra(name) | {"loc": ("body", *name.split("."))}
    return {"object": "error", "message": str([error]), "type": "BadRequestError", "param": None, "code": 400}


def anthropic(name: str) -> Any:
    message = f"{name}: Extra inputs are not permitted"
    return {"type": "error", "error": {"type": "invalid_request_error", "message": message}}


def anthropic_deprecated(name: str) -> Any:
    message = f"`{name}` is deprecated for this model."
    return {"type": "error", "error": {"type": "invalid_request_error", "message": message}}


WORDINGS = [
    openai_parameter,
    openai_unknown,
    openai_value,
    without_param,
    litellm,
    fastapi,
    mistral,
    vllm,
    anthropic,
    anthropic_deprecated,
]


@pytest.mark.parametrize("wording", WORDINGS)
@pytest.mark.parametrize(("api", "name"), FIELDS)
def test_every_optional_field_is_recognized_in_every_wording(api: str, name: str, wording: Any) -> None:
    assert refused_field(wording(name), BODIES[api]) == name


@pytest.mark.parametrize("wording", WORDINGS)
@pytest.mark.parametrize("name", ["store", "model", "stream", "input", "messages"])
def test_a_field_that_is_always_sent_is_never_refused(name: str, wording: Any) -> None:
    for body in (CHAT, RESPONSES):
        assert refused_field(wording(name), body | {name: "x"}) is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        # A summary needs a verified organization: the effort stays.
        (
            openai(
                "Your organization must be verified to generate reasoning summaries. Please go to settings.",
                "reasoning.summary",
                "unsupported_value",
            ),
            "reasoning.summary",
        ),
        (openai("Your organization must be verified to generate reasoning summaries."), "reasoning.summary"),
        # To stream needs one too: nothing else would help.
        (
            openai("Your organization must be verified to stream this model.", "stream", "unsupported_value"),
            None,
        ),
        (openai("'reasoning.summary' is not supported.", "reasoning"), "reasoning.summary"),
        (openai("Unsupported tool", "tools[0].type", "unsupported_value"), "tools"),
        ({"detail": [{"loc": ["body", "tools", 0, "type"], "msg": "Unexpected value"}]}, "tools"),
        (openai("This model does not support reasoning."), "reasoning"),
        (openai("Reasoning effort is not supported for this model."), "reasoning.effort"),
        (
            {"detail": [{"loc": ["body", "reasoning", "effort"], "msg": "Input should be 'low'"}]},
            "reasoning.effort",
        ),
        ({"detail": [{"loc": ["body", "temperature"], "msg": "Input should be less than 2"}]}, None),
        ({"detail": [{"loc": ["body", "input", 0], "msg": "Extra inputs", "input": "temperature"}]}, None),
    ],
)
def test_nested_fields_and_their_neighbours_are_told_apart(body: Any, field: str | None) -> None:
    assert refused_field(body, RESPONSES) == field


def test_the_question_in_an_error_is_not_taken_for_the_name_of_a_field() -> None:
    question = 'Why is "temperature" unsupported, and\nmax_tokens too large?'
    for echo in (question, json.dumps(question), repr(question), question[:40] + "..."):
        body = openai(f"Invalid prompt: {echo}")
        assert refused_field(body, CHAT, [question]) is None
        assert not limit_is_too_large(body, CHAT, [question])
        assert refused_field(body, CHAT) == "temperature"  # without knowing the question


def test_only_longer_matches_with_the_question_are_echoes() -> None:
    assert (
        refused_field(openai("Unknown field: stream_options"), CHAT, ["stream_options"]) == "stream_options"
    )
    assert without_echoes("a b " * 3, ["a", "b"]) == "a b " * 3
    echo = "a question of some length"
    assert without_echoes(f"<{echo}> and <{echo[:22]}…>", [echo]) == "<> and <…>"


@pytest.mark.parametrize(
    "message",
    [
        "'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum context length is "
        "4096 tokens and your request has 20 input tokens (8192 > 4096 - 20). None",
        "This model's maximum context length is 4096 tokens. However, you requested 8212 tokens "
        "(20 in the messages, 8192 in the completion). Please reduce the length of the messages.",
        "max_tokens is too large: 99999. This model supports at most 16384 completion tokens, whereas you "
        "provided 99999.",
        "max_tokens: 99999 > 64000, which is the maximum allowed number of output tokens for this model",
        "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000",
        "`max_tokens` must be less than or equal to `8192`",
        "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]",
    ],
)
def test_a_limit_that_is_too_large_is_recognized(message: str) -> None:
    for body in (openai(message), {"object": "error", "message": message, "code": 400}):
        assert limit_is_too_large(body, CHAT)
        assert not limit_is_too_large(body, {"temperature": 1})


@pytest.mark.parametrize(
    "message",
    [
        "Unsupported parameter: 'max_tokens' is not supported with this model. "
        "Use 'max_completion_tokens' instead.",
        "This model's maximum context length is 4096 tokens. Your request has 5000 input tokens.",
        "`max_tokens` is deprecated for this model.",
    ],
)
def test_other_refusals_are_not_about_the_size_of_the_limit(message: str) -> None:
    assert not limit_is_too_large(openai(message), CHAT)


def test_dropping_the_summary_keeps_the_effort_and_dropping_both_leaves_nothing() -> None:
    dialect = Dialect().without("reasoning.summary")
    assert dialect.without_refused(RESPONSES)["reasoning"] == {"effort": "high"}
    assert "reasoning" not in dialect.without("reasoning.effort").without_refused(RESPONSES)
    assert RESPONSES["reasoning"] == {"summary": "auto", "effort": "high"}
