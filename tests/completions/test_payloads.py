"""Chunks as real servers send them: one payload in, one delta out."""

from decimal import Decimal
from typing import Any

import pytest

from completions import Usage
from completions.delta import Delta
from completions.payloads import PayloadReader


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


# What has been found since in servers that claim to be compatible


@pytest.mark.parametrize(
    ("choices", "text"),
    [
        ([{"index": 1, "delta": {"content": "X"}}], ""),
        ([{"index": 1, "delta": {"content": "X"}}, {"index": 0, "delta": {"content": "A"}}], "A"),
        ([{"index": None, "delta": {"content": "A"}}], "A"),
        ([{"index": 1, "text": "X"}, {"index": 0, "text": "A"}], "A"),
        ([None, {"delta": {"content": "A"}}], "A"),
    ],
)
def test_only_choice_0_counts_wherever_it_stands(choices: Any, text: str) -> None:
    assert read_delta({"choices": choices}).text == text
    reader = PayloadReader()
    reader.read(chunk({}))  # later payloads may be read in a shorter way
    assert (reader.read_text({"choices": choices}) or text) == text


@pytest.mark.parametrize("text", ["i", ""])
def test_a_message_beside_the_text_of_a_legacy_completion_is_not_read(text: str) -> None:
    choice = {"index": 0, "text": text, "message": {"content": "Hi"}}
    assert read_delta({"choices": [choice]}).text == text


def test_a_legacy_completion_may_bring_reasoning() -> None:
    delta = read_delta({"choices": [{"text": "", "reasoning": "Hm"}]})
    assert (delta.text, delta.reasoning) == ("", "Hm")


@pytest.mark.parametrize(
    "fields",
    [
        {"delta": {"content": "a", "reasoning": "b"}},
        {"delta": {"content": "a", "reasoning_content": "b"}},
        {"delta": {"content": "a", "reasoning_details": [{"text": "b"}]}},
        {"delta": {"content": "a", "annotations": [{"url": "https://a.example"}]}},
        {"delta": {"content": [{"text": "a"}]}},
        {"finish_reason": "stop", "delta": {"content": "a"}},
        {"index": 1, "delta": {"content": "a"}},
        {"text": "a"},
    ],
)
def test_the_short_way_is_only_for_what_is_nothing_but_text(fields: dict[str, Any]) -> None:
    reader = PayloadReader()
    plain = {"choices": [{"index": 0, "delta": {"content": "a"}}]}
    assert reader.read_text(plain) is None  # the first payload tells the model and the id
    reader.read(plain)
    assert reader.read_text(plain) == "a"
    assert reader.read_text({"choices": [fields]}) is None
    for name in ("usage", "error", "citations", "search_results"):
        assert reader.read_text(plain | {name: ["x"]}) is None


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"prompt_tokens_details": {"cached_tokens": 3}}, Usage(cached_tokens=3)),
        ({"prompt_tokens_details": None, "prompt_cache_hit_tokens": 3}, Usage(cached_tokens=3)),
        ({"prompt_tokens_details": {"cached_tokens": 0}}, Usage(cached_tokens=0)),
        ({"completion_tokens_details": {"reasoning_tokens": 3}}, Usage(reasoning_tokens=3)),
        ({"completion_tokens_details": {"reasoning_tokens": None}}, Usage()),
        ({"input_tokens": 1, "output_tokens": 2}, Usage(1, 2)),
        ({"input_tokens_details": {"cached_tokens": 3}}, Usage(cached_tokens=3)),
        ({"output_tokens_details": {"reasoning_tokens": 3}}, Usage(reasoning_tokens=3)),
        ({"prompt_tokens_details": [], "output_tokens_details": "x"}, Usage()),
        ({"cost": 0.00014}, Usage(cost=Decimal("0.00014"))),
        ({"cost": 2}, Usage(cost=Decimal(2))),
        ({"cost": "0.1"}, Usage()),
        ({"cost": True}, Usage()),
        ({"cost": float("nan")}, Usage()),
        ({"cost": float("inf")}, Usage()),
        ({"cost": -1}, Usage()),
        ({"cost": 10**400}, Usage()),
    ],
)
def test_usage_says_what_was_cached_what_was_reasoning_and_what_it_cost(sent: Any, read: Usage) -> None:
    assert read_delta({"choices": [], "usage": sent}).usage == read


def test_the_id_of_a_completion_is_kept() -> None:
    assert read_delta(chunk({}) | {"id": "chatcmpl-1"}).response_id == "chatcmpl-1"
    assert read_delta(chunk({}) | {"id": None}).response_id is None
