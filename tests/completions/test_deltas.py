"""Chunks as real servers send them: one payload in, one delta out."""

from typing import Any

import pytest

from completions import Usage
from completions.delta import Delta
from completions.deltas import PayloadReader


def read_delta(payload: Any) -> Delta:
    return PayloadReader().read(payload)


def chunk(delta: Any = None, **fields: Any) -> dict[str, Any]:
    return {"model": "m", "choices": [{"index": 0, "delta": delta, **fields}]}


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (chunk({"content": "Hi"}), "Hi"),
        (chunk({"role": "assistant"}), ""),
        (chunk({"role": "assistant", "content": None}), ""),
        (chunk({"content": ""}), ""),
        (chunk({"content": [{"type": "text", "text": "H"}, {"type": "text", "text": "i"}]}), "Hi"),
        (chunk({"content": [{"type": "image_url"}, "Hi", None]}), ""),
        (chunk({"content": 5}), ""),
        (chunk({"content": None, "refusal": "I cannot."}), "I cannot."),
        (chunk({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}), ""),
        (chunk(None), ""),
        (chunk("text"), ""),
        ({"choices": [{"text": "Hi"}]}, "Hi"),
        ({"choices": [{"text": None}]}, ""),
        ({"choices": [{"message": {"content": "Hi"}}]}, "Hi"),
        ({"choices": [{"delta": {"content": "i"}, "message": {"content": "Hi"}}]}, "i"),
        ({"choices": [{"delta": {}, "message": {"content": "Hi"}}]}, ""),
        ({"choices": []}, ""),
        ({"choices": None}, ""),
        ({"choices": {}}, ""),
        ({"choices": [None]}, ""),
        ({"choices": [], "prompt_filter_results": [{"prompt_index": 0}]}, ""),
        ({"choices": [{"content_filter_results": {}, "content_filter_offsets": {}}]}, ""),
        ({}, ""),
    ],
)
def test_text_is_found_and_nothing_else_is_taken_for_it(payload: Any, text: str) -> None:
    delta = read_delta(payload)
    assert delta.text == text
    assert delta.error is None


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_is_kept_apart(name: str) -> None:
    delta = read_delta(chunk({"content": None, name: "Hmm"}))
    assert (delta.text, delta.reasoning) == ("", "Hmm")


@pytest.mark.parametrize(
    ("sent", "read"),
    [("stop", "stop"), ("length", "length"), ("error", "error"), (None, None), ("", None), (1, None)],
)
def test_finish_reason(sent: Any, read: str | None) -> None:
    assert read_delta(chunk({}, finish_reason=sent)).finish_reason == read


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}, Usage(1, 2, 3)),
        ({"prompt_tokens": 1, "completion_tokens": None, "total_tokens": "3"}, Usage(1, None, None)),
        ({}, Usage()),
        (None, None),
        ([], None),
    ],
)
def test_usage(sent: Any, read: Usage | None) -> None:
    assert read_delta({"choices": [], "usage": sent}).usage == read


def test_the_model_has_the_name_that_the_api_gives_it() -> None:
    assert read_delta(chunk({})).model == "m"
    assert read_delta({"model": None}).model is None
    assert read_delta({"model": ""}).model is None


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({"error": {"message": "no", "code": 429}}, {"message": "no", "code": 429}),
        ({"error": "no"}, "no"),
        ({"object": "error", "message": "no"}, {"object": "error", "message": "no"}),
        ({"error": None, "choices": []}, None),
        ({"error": {}, "choices": []}, None),
        ("no", "no"),
        ([1], [1]),
    ],
)
def test_errors_in_every_shape(payload: Any, error: Any) -> None:
    assert read_delta(payload).error == error


def test_unknown_fields_are_ignored() -> None:
    payload = chunk({"content": "a", "obfuscation": "x"}, logprobs=None, matched_stop=1) | {
        "service_tier": "x"
    }
    assert read_delta(payload) == Delta(text="a", model="m")
