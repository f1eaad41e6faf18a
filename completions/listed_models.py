"""The models that a server lists: `GET /models`, in all the formats that servers use."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from completions.api_errors import api_error
from completions.connection_errors import TIMEOUT_MESSAGES
from completions.error_bodies import parse_body
from completions.errors import DETAIL_CHARS, BadResponse, CompletionError, TimedOut
from completions.request import Endpoint
from completions.transport import Transport
from completions.wire import Deadlines, Wire

SECONDS = 10
BYTES = 5_000_000  # OpenRouter's list has a few hundred kilobytes
NAMES = ("id", "name", "model")


class ListedModel(NamedTuple):
    id: str
    shutdown_date: date | None = None


def list_models(endpoint: Endpoint, transport: Transport) -> list[ListedModel]:
    """Raises CompletionError, for example if the server is too slow or sends too much."""
    try:
        try:
            return _list_models(endpoint, transport)
        except CompletionError as error:
            if not (error.retry_after == 0.0 and error.retryable):
                raise
        return _list_models(endpoint, transport)  # the server had closed the first connection
    except CompletionError as error:
        error.detail = endpoint.without_secrets(error.detail)[:DETAIL_CHARS]
        raise


def _list_models(endpoint: Endpoint, transport: Transport) -> list[ListedModel]:
    deadlines = Deadlines(replace(endpoint, first_text_seconds=SECONDS, answer_seconds=SECONDS))
    deadlines.start()
    deadlines.start_attempt()
    wire = Wire(deadlines)
    try:
        reply = transport.get("/models", wire, limit=BYTES)
        try:
            text = reply.text(limit=BYTES, seconds=SECONDS)
        finally:
            reply.close()
    finally:
        wire.release()
    if deadlines.expired:
        raise TimedOut(TIMEOUT_MESSAGES["first text"], detail=f"no list of models within {SECONDS} s")
    body = parse_body(text)
    if reply.status >= 300 or isinstance(body, str):
        raise api_error(body, status=reply.status, headers=reply.headers)
    return read_models(body)


def read_models(body: Any) -> list[ListedModel]:
    """From {"data": [...]}, {"models": [...]} or a bare list. Raises CompletionError."""
    entries = body
    if isinstance(body, dict):
        entries = body.get("data") if "data" in body else body.get("models")
        if entries is None and body.get("error"):
            raise api_error(body)
    if not isinstance(entries, list):
        raise BadResponse(detail="no list of models")
    return [model for entry in entries if (model := _model(entry))]


def _model(entry: Any) -> ListedModel | None:
    if isinstance(entry, str):
        return ListedModel(entry) if entry else None
    if not isinstance(entry, dict):
        return None
    name = next((entry[key] for key in NAMES if entry.get(key) and isinstance(entry[key], str)), None)
    return ListedModel(name, _date(entry.get("shutdown_date"))) if name else None


def _date(value: Any) -> date | None:
    """From a date, a time, or seconds since 1970 (a number or text). None for anything else."""
    try:
        if isinstance(value, str) and not value.isdigit():
            return datetime.fromisoformat(value).date()
        has_seconds = value and not isinstance(value, bool)
        return datetime.fromtimestamp(float(value), UTC).date() if has_seconds else None
    except (ValueError, TypeError, OverflowError, OSError):
        return None
