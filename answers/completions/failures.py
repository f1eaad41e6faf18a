"""What an API's own error means to us: its status, headers and words in, a `CompletionError` out. Pure."""

import email.utils
import json
import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from answers.completions import errors
from answers.completions.errors import CompletionError, gettext_noop

RETRY_CAP_SECONDS = 10  # nobody waits longer in front of an empty page
FIRST_PAUSE_SECONDS = 0.5

FAILED = gettext_noop("The model's server failed. Please ask again in a minute.")
TOO_LONG = gettext_noop("The question is too long for the model. Please shorten it.")
NO_SUCH_MODEL = gettext_noop(
    "This site's model does not exist: its operator must check the model's name and address."
)


@dataclass(frozen=True, slots=True)
class _Rule:
    """The first rule with the status, or with one of the words in the error's code or type, decides."""

    error: type[CompletionError]
    statuses: frozenset[int]
    words: str
    message: str = ""
    retryable: bool = False


_RULES = (
    _Rule(errors.QuotaExceeded, frozenset({402}), r"insufficient_(quota|balance|funds)|billing"),
    _Rule(errors.Filtered, frozenset(), r"content_?filter|content_policy|responsible_?ai"),
    _Rule(errors.BadRequest, frozenset({413}), r"context_(length|size)|too_long|string_above_max", TOO_LONG),
    _Rule(errors.NotConfigured, frozenset({401, 403}), r"api_key|authentication|unauthorized|permission"),
    _Rule(errors.NotConfigured, frozenset({404}), r"model_not_found|not_?found", NO_SUCH_MODEL),
    _Rule(errors.Busy, frozenset({409, 429, 503, 529}), r"rate_?limit|overload|unavailable", retryable=True),
    _Rule(errors.TimedOut, frozenset({408, 504, 524}), r"time_?out", retryable=True),
    _Rule(errors.BadRequest, frozenset({400, 405, 415, 422}), r"invalid_request|bad_?request"),
    _Rule(errors.NotConfigured, frozenset(range(300, 400)), r"(?!)"),
    _Rule(errors.BadResponse, frozenset(range(500, 600)), r"server_?error|internal", FAILED, retryable=True),
)


def api_failure(said: Any, *, status: int = 0, headers: Mapping[str, str] | None = None) -> CompletionError:
    """The error for what the API said, in an HTTP status (0: none), a JSON value or both."""
    fields = error_fields(said)
    status = status if status >= 300 else _int(fields.get("code")) or _int(fields.get("status"))
    words = f"{fields.get('code')} {fields.get('type')}".lower()
    if re.search(
        r"maximum context length|ontext (window|size)|prompt is too long", str(fields.get("message"))
    ):
        words += " context_length"  # vLLM and llama.cpp say it in their message alone
    detail = " ".join(filter(None, (f"HTTP {status}:" if status else "", said_text(said))))
    for rule in _RULES:
        if status in rule.statuses or re.search(rule.words, words):
            wait = retry_after(headers or {})
            return rule.error(rule.message, detail=detail, retryable=rule.retryable, retry_after=wait)
    return errors.BadResponse(FAILED, detail=detail)


def error_fields(said: Any) -> dict[str, Any]:
    """The object with `message`, `type`, `code` and `param`, however deep the server wraps it."""
    if isinstance(said, list):  # Gemini's
        said = said[0] if said else None
    if not isinstance(said, dict):
        return {"message": said}
    inner = said.get("error")
    return error_fields(inner) if isinstance(inner, dict) else said


def said_text(said: Any) -> str:
    fields = error_fields(said)
    parts = [fields.get(name) for name in ("message", "type", "code")]
    text = " ".join(str(part) for part in parts if part)
    return text or (said if isinstance(said, str) else json.dumps(said))


def refused_field(said: Any, sent: Mapping[str, Any]) -> str | None:
    """Which optional field of what we sent this 400 or 422 refuses as such (not: its value as too large)."""
    text = said if isinstance(said, str) else json.dumps(said)
    if not re.search(r"support|unrecogni|unknown|unexpected|extra|permitted|allowed|deprecated", text, re.I):
        return None
    optional = ("max_tokens", "max_completion_tokens", "temperature", "stream_options")
    named = [field for field in optional if field in sent and re.search(rf"\b{field}\b", text)]
    param = error_fields(said).get("param")
    return param if param in named else next(iter(named), None)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks us to wait: `retry-after-ms` (Azure), or seconds or a date."""
    if (milliseconds := _float(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    if (seconds := _float(value)) is not None or not value:
        return seconds
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def pause_seconds(error: CompletionError, attempt: int) -> float:
    """How long to wait after the given attempt (the first is 1): as asked, or longer each time."""
    if error.retry_after is not None:
        return min(error.retry_after, RETRY_CAP_SECONDS)
    pause: float = FIRST_PAUSE_SECONDS * 2 ** (attempt - 1)
    return pause * random.uniform(0.75, 1.25)  # noqa: S311 - spreads retries, guards nothing


def _int(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _float(value: str | None) -> float | None:
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
