"""What can go wrong between a question and the end of its answer, and how an API's own error maps to it.

    CompletionError             code            meaning
    ├── NotConfigured           not_configured  the key, address or model is wrong: the operator must act
    ├── Busy                    busy            the API asks us to come back later
    ├── TimedOut                timeout         the first text, more text or the whole answer took too long
    ├── ConnectionFailed        connection      never connected, or cut before the end of the answer
    ├── BadRequest              bad_request     the API rejects this request
    ├── BadResponse             bad_response    the API's reply makes no sense, or the API itself failed
    ├── TooLarge                too_large       the answer, or one line of it, is over the limit
    ├── QuotaExceeded           quota           the API account is used up
    ├── Filtered                filtered        a content filter withheld the answer
    └── InternalError           internal        a bug in our own code

`message` is a sentence for the person who asked. It never holds a reply body, a key, a URL or a traceback. It
has no parameters: each error always has the same English sentence, so the site can look up its translation.
`detail` is for the operator: the status, the request id and the API's own message, shortened. A stop is not
an error.
"""

import email.utils
import json
import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from completions.dialects import sent_optional_fields

DETAIL_CHARS = 2000  # an HTML error page need not fill the admin
RETRY_CAP_SECONDS = 10  # nobody should wait longer in front of an empty page
FIRST_PAUSE_SECONDS = 0.5


def gettext_noop(sentence: str) -> str:
    """Mark a sentence for the translation catalogues, as Django's function of this name does."""
    return sentence


# What the operator can change. The site has a sentence for each, with the names of its settings.
REMEDIES = (
    "check_address",
    "check_key",
    "choose_model",  # this one does not exist, or has been shut down
    "raise_max_tokens",  # the model used them all to reason
    "renew_quota",
    "use_chat",  # the server does not have the Responses API
    "use_responses",  # the model has only the Responses API
    "verify_organization",  # OpenAI streams some models only to those
)

SERVER_FAILED = gettext_noop("The model's server failed. Please ask again in a minute.")
QUESTION_TOO_LONG = gettext_noop("The question is too long for the model. Please shorten it.")
NO_SUCH_MODEL = gettext_noop(
    "This site's model was not found. The site's operator needs to check the model's name and address."
)


class CompletionError(Exception):
    code: ClassVar[str]
    default_message: ClassVar[str]

    def __init__(
        self,
        message: str = "",
        *,
        detail: str = "",
        retryable: bool = False,
        retry_after: float | None = None,
        remedy: str = "",
    ) -> None:
        self.message = message or self.default_message
        self.detail = detail[:DETAIL_CHARS]
        self.retryable = retryable  # worth another attempt, as long as no text has been shown
        self.retry_after = retry_after  # seconds, as the API asked
        self.remedy = remedy  # one of REMEDIES: what the operator can do, if it is known
        super().__init__(self.message)


class NotConfigured(CompletionError):
    code = "not_configured"
    default_message = gettext_noop(
        "The model is not set up correctly on this site. "
        "The site's operator needs to check the API key and address."
    )


class Busy(CompletionError):
    code = "busy"
    default_message = gettext_noop("The model is busy right now. Please ask again in a minute.")


class TimedOut(CompletionError):
    code = "timeout"
    default_message = gettext_noop("The model took too long to answer. Please ask again.")


class ConnectionFailed(CompletionError):
    code = "connection"
    default_message = gettext_noop("The connection to the model failed. Please ask again in a minute.")


class BadRequest(CompletionError):
    """The cause may be the question or the site's settings, so the sentence must suit both."""

    code = "bad_request"
    default_message = gettext_noop(
        "The model did not accept this question. "
        "If other questions fail too, please contact the site's operator."
    )


class BadResponse(CompletionError):
    code = "bad_response"
    default_message = gettext_noop("The model's reply could not be understood. Please ask again.")


class TooLarge(CompletionError):
    code = "too_large"
    default_message = gettext_noop(
        "The answer was too long and has been cut off. Please ask for a shorter one."
    )


class QuotaExceeded(CompletionError):
    code = "quota"
    default_message = gettext_noop(
        "This site has used up its quota with the model's provider. The site's operator needs to renew it."
    )


class Filtered(CompletionError):
    code = "filtered"
    default_message = gettext_noop(
        "A content filter withheld this answer. Please rephrase your question and try again."
    )


class InternalError(CompletionError):
    code = "internal"
    default_message = gettext_noop("Something went wrong on this site. Please ask again.")


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule matches by its statuses, or by a pattern found in the error's `code` or `type`."""

    error: type[CompletionError]
    statuses: frozenset[int]
    pattern: str
    message: str = ""
    retryable: bool = False


# The first rule that matches decides.
_RULES = (
    _Rule(QuotaExceeded, frozenset({402}), r"insufficient_(quota|balance|funds)|billing"),
    _Rule(Filtered, frozenset(), r"content_?filter|content_policy|responsible_?ai"),
    _Rule(
        BadRequest, frozenset({413}), r"context_(length|size)|too_long|string_above_max", QUESTION_TOO_LONG
    ),
    _Rule(NotConfigured, frozenset({401, 403}), r"api_key|authentication|unauthorized|permission"),
    _Rule(NotConfigured, frozenset({404}), r"model_not_found|not_?found", NO_SUCH_MODEL),
    _Rule(Busy, frozenset({409, 429, 503, 529}), r"rate_?limit|overload|unavailable", retryable=True),
    _Rule(TimedOut, frozenset({408, 504, 524}), r"time_?out", retryable=True),
    _Rule(BadRequest, frozenset({400, 405, 415, 422}), r"invalid_request|bad_?request"),
    _Rule(NotConfigured, frozenset(range(300, 400)), r"(?!)"),
    _Rule(BadResponse, frozenset(range(500, 600)), r"server_?error|internal", SERVER_FAILED, retryable=True),
)


def api_error(body: Any, *, status: int = 0, headers: Mapping[str, str] | None = None) -> CompletionError:
    """Return the error for an HTTP status (0: none), an error body (a JSON value or text), or both."""
    fields = error_fields(body)
    status = status if status >= 300 else _int(fields.get("code")) or _int(fields.get("status"))
    labels = f"{fields.get('code')} {fields.get('type')}".lower()
    if re.search(
        r"maximum context length|ontext (window|size)|prompt is too long", str(fields.get("message"))
    ):
        labels += " context_length"  # vLLM and llama.cpp report this only in the message
    detail = " ".join(filter(None, (f"HTTP {status}:" if status else "", error_text(body))))
    for rule in _RULES:
        if status in rule.statuses or re.search(rule.pattern, labels):
            wait = retry_after(headers or {})
            return rule.error(rule.message, detail=detail, retryable=rule.retryable, retry_after=wait)
    return BadResponse(SERVER_FAILED, detail=detail)


def error_fields(body: Any) -> dict[str, Any]:
    """The object with `message`, `type`, `code` and `param`, however deeply the server wraps it."""
    if isinstance(body, list):  # Gemini
        body = body[0] if body else None
    if not isinstance(body, dict):
        return {"message": body}
    inner = body.get("error")
    return error_fields(inner) if isinstance(inner, dict) else body


def error_text(body: Any) -> str:
    fields = error_fields(body)
    parts = [fields.get(name) for name in ("message", "type", "code")]
    text = " ".join(str(part) for part in parts if part)
    return text or (body if isinstance(body, str) else json.dumps(body))


def refused_field(body: Any, sent: Mapping[str, Any]) -> str | None:
    """Which optional field of the request this 400 or 422 does not support.

    A field whose value is merely too large does not count.
    """
    text = body if isinstance(body, str) else json.dumps(body)
    if not re.search(r"support|unrecogni|unknown|unexpected|extra|permitted|allowed|deprecated", text, re.I):
        return None
    named = [field for field in sent_optional_fields(sent) if re.search(rf"\b{field}\b", text)]
    param = error_fields(body).get("param")
    return param if param in named else next(iter(named), None)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from `retry-after-ms` (Azure), or from `retry-after` as seconds or as a date."""
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
    """How long to wait after this attempt (the first is 1): as the API asked, or longer each time."""
    if error.retry_after is not None:
        return min(error.retry_after, RETRY_CAP_SECONDS)
    pause: float = FIRST_PAUSE_SECONDS * 2 ** (attempt - 1)
    return pause * random.uniform(0.75, 1.25)  # noqa: S311 - spreads retries, protects nothing


def _int(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _float(value: str | None) -> float | None:
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
