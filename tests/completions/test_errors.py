"""Which error an API's own error becomes, and how long to wait before a retry."""

import email.utils
import time
from typing import Any

import pytest

from completions.api_errors import api_error
from completions.errors import DETAIL_CHARS, Busy, CompletionError, pause_seconds, retry_after
from completions.refusals import refused_field

# OpenAI's message for its reasoning models
MAX_TOKENS_REFUSED = (
    "Unsupported parameter: 'max_tokens' is not supported with this model. "
    "Use 'max_completion_tokens' instead."
)


def openai(message: str = "no", code: Any = None, type_: Any = None, param: Any = None) -> dict[str, Any]:
    return {"error": {"message": message, "code": code, "type": type_, "param": param}}


@pytest.mark.parametrize(
    ("status", "body", "code", "retryable"),
    [
        (400, openai("Bad", None, "invalid_request_error"), "bad_request", False),
        (400, openai("Too long", "context_length_exceeded"), "bad_request", False),
        (400, openai("Filtered", "content_filter"), "filtered", False),
        (400, openai("Filtered", "content_policy_violation"), "filtered", False),
        (401, openai("Key", "invalid_api_key", "invalid_request_error"), "not_configured", False),
        (401, "", "not_configured", False),
        (402, openai("Balance"), "quota", False),
        (403, "<html>", "not_configured", False),
        (404, openai("Model", "model_not_found", "invalid_request_error"), "not_configured", False),
        (405, "", "not_configured", False),
        (408, "", "timeout", True),
        (409, "", "busy", True),
        (413, "", "bad_request", False),
        (422, {"detail": [{"msg": "no"}]}, "bad_request", False),
        (429, openai("Slow down", "rate_limit_exceeded", "requests"), "busy", True),
        (429, openai("Pay", "insufficient_quota", "insufficient_quota"), "quota", False),
        (429, openai("Pay", "billing_hard_limit_reached"), "quota", False),
        (500, openai("Oops", None, "server_error"), "bad_response", True),
        (502, "<html>Bad gateway</html>", "bad_response", True),
        (503, "", "busy", True),
        (504, "", "timeout", True),
        (529, openai("Overloaded", None, "overloaded_error"), "busy", True),
        (301, "", "not_configured", False),
        (418, "", "bad_response", False),
        (0, {"message": "later", "code": 429}, "busy", True),
        (0, {"message": "later", "code": "rate_limit_exceeded"}, "busy", True),
        (
            0,
            {"message": "m", "code": 400, "type": "BadRequestError", "object": "error"},
            "bad_request",
            False,
        ),
        (0, [{"error": {"code": 503, "status": "UNAVAILABLE", "message": "m"}}], "busy", True),
        (0, "out of memory", "bad_response", False),
        (0, None, "bad_response", False),
    ],
)
def test_each_error_has_its_code(status: int, body: Any, code: str, retryable: bool) -> None:
    error = api_error(body, status=status)
    assert (error.code, error.retryable) == (code, retryable)
    assert error.message.endswith(".")


def test_the_person_gets_a_sentence_and_the_operator_the_message_of_the_api() -> None:
    error = api_error(openai("Secret <b>words</b>", "weird"), status=500)
    assert "Secret" not in error.message
    assert "500" not in error.message
    assert error.detail == "HTTP 500: Secret <b>words</b> weird"


def test_a_question_that_is_too_long_is_recognized_from_any_server() -> None:
    vllm = {"object": "error", "message": "This model's maximum context length is 10 tokens.", "code": 400}
    for body in (openai("x", "context_length_exceeded"), vllm):
        assert "too long" in api_error(body, status=400).message


def test_an_html_page_is_shortened() -> None:
    assert len(api_error("<html>" + "x" * 100_000, status=502).detail) <= 2 * DETAIL_CHARS


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (openai(MAX_TOKENS_REFUSED, "unsupported_parameter", None, "max_tokens"), "max_tokens"),
        (openai("Unsupported value: 'temperature' does not support 0.2 with this model."), "temperature"),
        (
            {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]},
            "stream_options",
        ),
        ("Unknown field: stream_options", "stream_options"),
        (openai("max_tokens is too large: 9999."), None),
        (openai("Unsupported parameter: 'messages'", None, None, "messages"), None),
        (openai("Unsupported: top_temperature"), None),
        (openai("Bad"), None),
    ],
)
def test_a_refused_field_is_recognized_by_its_name(body: Any, field: str | None) -> None:
    sent = {"model": "m", "messages": [], "max_tokens": 1, "temperature": 0.2, "stream_options": {}}
    assert refused_field(body, sent) == field


def test_only_what_was_sent_can_have_been_refused() -> None:
    assert refused_field("Unknown field: temperature", {"max_tokens": 1}) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_retry_after_as_a_date() -> None:
    seconds = retry_after({"retry-after": email.utils.formatdate(time.time() + 60, usegmt=True)})
    assert seconds is not None
    assert 58 <= seconds <= 61


def test_pauses_are_as_long_as_asked_up_to_a_cap() -> None:
    assert pause_seconds(Busy(retry_after=3), 1) == 3
    assert pause_seconds(Busy(retry_after=0), 1) == 0
    assert pause_seconds(Busy(retry_after=3600), 1) == 10


def test_pauses_grow_and_differ_when_nothing_was_asked() -> None:
    first = {pause_seconds(Busy(), 1) for _ in range(50)}
    second = {pause_seconds(Busy(), 2) for _ in range(50)}
    assert 0.3 < min(first) < max(first) < 0.7 < min(second) < max(second) < 1.3


def test_codes_are_those_of_the_protocol() -> None:
    codes = {error.code for error in CompletionError.__subclasses__()}
    assert codes == {
        "not_configured", "busy", "timeout", "connection", "bad_request",
        "bad_response", "too_large", "quota", "filtered", "internal",
    }  # fmt: skip
