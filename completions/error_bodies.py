"""Reads what an API says about an error: a JSON value of any shape, or text. No network.

An error may repeat the question, whole or shortened. A person who asks about `max_tokens` or about an invalid
API key must not change how the error is handled, so `without_echoes` removes the question before the text is
searched for patterns.
"""

import ast
import json
from collections.abc import Iterable, Iterator
from typing import Any

ECHO_CHARS = 20  # a shorter match with the question may be a coincidence
ECHOING_FIELDS = ("input", "ctx", "url")  # of pydantic's errors; `input` may hold the whole request


def parse_body(text: str) -> Any:
    """The JSON value, or the text if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def error_fields(body: Any) -> dict[str, Any]:
    """The object with `message`, `type`, `code` and `param`, however deeply the server wraps it."""
    if isinstance(body, list):  # Gemini
        body = body[0] if body else None
    if not isinstance(body, dict):
        return {"message": body}
    inner = body.get("error")
    return error_fields(inner) if isinstance(inner, dict) else body


def error_text(body: Any) -> str:
    """The API's own words, with its names for the error and for the field that it is about."""
    fields = error_fields(body)
    parts = [fields.get(name) for name in ("message", "type", "code")]
    if fields.get("param"):
        parts.append(f"(param: {fields['param']})")
    text = " ".join(part if isinstance(part, str) else json.dumps(part) for part in parts if part)
    return text or (body if isinstance(body, str) else json.dumps(body))


def error_words(body: Any, echoes: Iterable[str] = ()) -> str:
    """The words to search for patterns, without the names and without text from the request."""
    if is_html(body):
        return ""  # an HTML page may contain any words
    message = _unprinted(error_fields(body).get("message")) or body
    text = message if isinstance(message, str) else json.dumps(_without_inputs(message))
    return without_echoes(text, echoes)


def is_html(body: Any) -> bool:
    start = body.lstrip()[:15].lower() if isinstance(body, str) else ""
    return start.startswith(("<!doctype html", "<html", "<head", "<body", "<!--"))


def named_fields(body: Any) -> Iterator[str]:
    """The fields of the request that pydantic names in `loc`, dotted: "reasoning.summary"."""
    if isinstance(body, dict):
        loc = body.get("loc")
        if isinstance(loc, list | tuple):
            yield ".".join(str(part) for part in loc if part != "body")
        body = [_unprinted(one) for one in _without_inputs(body).values()]
    if isinstance(body, list):
        for part in body:
            yield from named_fields(part)


def without_echoes(text: str, echoes: Iterable[str]) -> str:
    """The text without these echoes, even if a server has escaped or shortened them."""
    for echo in echoes:
        if len(echo) >= ECHO_CHARS:
            for form in (echo, json.dumps(echo)[1:-1], repr(echo)[1:-1]):
                text = _without(text, form)
    return text


def _without(text: str, echo: str) -> str:
    """The text without each part that begins like the echo, up to where the two differ."""
    start = echo[:ECHO_CHARS]
    before, *others = text.split(start)
    rest = echo[ECHO_CHARS:]
    return before + "".join(
        other[
            next(
                (at for at, pair in enumerate(zip(other, rest, strict=False)) if pair[0] != pair[1]),
                min(len(other), len(rest)),
            ) :
        ]
        for other in others
    )


def _unprinted(message: Any) -> Any:
    """vLLM sends pydantic's list of errors as Python prints it."""
    if not (isinstance(message, str) and message.startswith("[{")):
        return message
    try:
        return ast.literal_eval(message)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return message


def _without_inputs(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_inputs(one) for key, one in value.items() if key not in ECHOING_FIELDS}
    if isinstance(value, list):
        return [_without_inputs(one) for one in value]
    return value
