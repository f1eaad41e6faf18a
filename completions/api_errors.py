"""Chooses the error for what the API reports, and what the operator can do about it. No network."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from completions.error_bodies import error_fields, error_text, error_words, is_html
from completions.errors import (
    QUESTION_TOO_LONG,
    SERVER_FAILED,
    BadRequest,
    BadResponse,
    Busy,
    CompletionError,
    Filtered,
    NotConfigured,
    QuotaExceeded,
    TimedOut,
    retry_after,
)

NEVER = r"(?!)"  # matches no text
REFUSALS = frozenset(range(400, 500)) - {408, 409, 429}
# With these, an HTML page means that the address is wrong. With others, it may be a proxy's page for a server
# that restarts.
HTML_STATUSES = frozenset({0, *REFUSALS}) - {401, 407, 413}


@dataclass(frozen=True, slots=True)
class _Rule:
    """Matches by status, by the API's name for the error, or by the API's own words.

    Words count only in a refusal: an overloaded server may also say that its model is not available.
    """

    error: type[CompletionError]
    statuses: frozenset[int] = frozenset()
    names: str = NEVER  # found in `code`, `type` or (Gemini) `status`
    words: str = NEVER
    any_status: bool = False  # the words count with any status, not only in a refusal
    html: bool = False  # an HTML page matches too
    message: str = ""
    remedy: str = ""
    responses_remedy: str = ""  # replaces `remedy` if the Responses API was used
    retryable: bool = False


# The first rule that matches decides.
_RULES = (
    _Rule(
        NotConfigured,
        words=r"organi[sz]ation must be verified|verify (your |the )?organi[sz]ation",
        remedy="verify_organization",
    ),
    _Rule(  # OpenAI; Perplexity: "Sonar is now the Agent API"
        NotConfigured,
        words=r"only (be )?(supported|available|used|accessible) (in|with|via|through) (the )?"
        r"(/?v1/responses|responses (api|endpoint))|use (the )?(/?v1/responses|responses api)"
        r"|is now the agent api",
        remedy="use_responses",
    ),
    _Rule(
        NotConfigured,
        words=r"(did you mean to use|only (supported|available) (in|with)) (the )?/?v1/chat/completions"
        r"|not (supported|available) (in|with|by|for|on) (the )?(/?v1/)?responses\b",
        remedy="use_chat",
    ),
    _Rule(
        Filtered,
        names=r"content_?filter|content_policy|responsible_?ai",
        # OpenAI, OpenRouter, xAI
        words=r"\bflagged\b.{0,80}(moderation|polic|safety)|moderation.{0,80}\bflagged\b|content violates",
    ),
    _Rule(
        QuotaExceeded,
        frozenset({402}),
        names=r"insufficient_(quota|balance|funds|credit)|billing",
        any_status=True,  # xAI: 429
        words=r"(credit balance|balance) is too low|insufficient (balance|credits?|funds|quota)"  # Anthropic
        r"|(used all|exhausted|out of).{0,40}\bcredits|spending limit",  # xAI
        remedy="renew_quota",
    ),
    _Rule(
        BadRequest,
        frozenset({413}),
        names=r"context_(length|size)|too_long|string_above_max",
        any_status=True,  # llama.cpp: 500
        words=r"maximum context length|context (window|size|limit)|(prompt|input) is too long"
        r"|max_tokens must be at least 1, got -",  # vLLM, for what is left after the question
        message=QUESTION_TOO_LONG,
    ),
    _Rule(
        NotConfigured,
        frozenset({410}),
        names=r"(model|deployment)_?not_?found|model_(decommissioned|deprecated|retired)|invalid_model",
        words=r"\b(models?|deployment)\b((?!\. ).){0,100}\b"
        r"(not exist|not found|not available|no longer|retired|decommissioned|deprecated|shut ?down"
        r"|discontinued)\b"
        r"|\b(invalid|unknown|no such|unsupported) model\b|not a valid model"
        # OpenRouter, Together, Anthropic
        r"|no endpoints found|(not have|no|unable to) access (to )?(the )?model|^model: ",
        remedy="choose_model",
    ),
    _Rule(NotConfigured, names=r"unsupported_country"),  # no setting for this provider would help
    _Rule(NotConfigured, frozenset({407}), remedy="check_proxy"),
    _Rule(  # LM Studio says this with status 200
        NotConfigured,
        frozenset({404, 405, *range(300, 400)}),
        names=r"not_?found|unknown_url",
        words=r"unexpected endpoint|cannot post /|unknown (request )?url|invalid url|no route matched",
        html=True,
        remedy="check_address",
        responses_remedy="use_chat",
    ),
    _Rule(
        NotConfigured,
        frozenset({401, 403}),
        # LiteLLM without a database: a key other than the master key
        names=r"api_key|authentication|unauthori[sz]ed|unauthenticated|permission|no_db_connection",
        words=r"\bapi[ _-]?key\b.{0,20}\b"
        r"(not valid|invalid|incorrect|expired|missing|not found|required|revoked)\b"
        r"|\b(invalid|incorrect|wrong|missing|no|expired) (api[ _-]?key|access token|credentials)\b",
        remedy="check_key",
    ),
    _Rule(Busy, frozenset({409, 429, 503, 529}), names=r"rate_?limit|overload|unavailable", retryable=True),
    _Rule(TimedOut, frozenset({408, 504, 524}), names=r"time_?out", retryable=True),
    _Rule(  # a field that is never left out, such as `store`
        NotConfigured,
        names=r"(unsupported|unknown)_(parameter|field|value)|extra_forbidden",
        words=r"\b(unsupported|unknown|unrecognized) (parameter|field|request argument)"
        r"|extra (inputs|fields) (are )?not permitted",
        responses_remedy="use_chat",
    ),
    _Rule(BadRequest, frozenset({400, 415, 422}), names=r"invalid_request|bad_?request"),
    _Rule(
        BadResponse,
        frozenset(range(500, 600)),
        names=r"server_?error|internal",
        message=SERVER_FAILED,
        retryable=True,
    ),
)


def api_error(
    body: Any,
    *,
    status: int = 0,
    headers: Mapping[str, str] | None = None,
    api: str = "",
    echoes: Iterable[str] = (),
) -> CompletionError:
    """Return the error for an HTTP status (0: none), an error body (a JSON value or text), or both.

    `api` is the API that was used. `echoes` are texts of the request, which the body may repeat.
    """
    fields = error_fields(body)
    status = status if status >= 300 else _int(fields.get("code")) or _int(fields.get("status"))
    names = " ".join(str(fields.get(name)) for name in ("code", "type", "status"))
    words = error_words(body, echoes)
    refused = status == 0 or status in REFUSALS
    detail = " ".join(filter(None, (f"HTTP {status}:" if status else "", error_text(body))))
    for rule in _RULES:
        if (
            status in rule.statuses
            or re.search(rule.names, names, re.IGNORECASE)
            or ((refused or rule.any_status) and re.search(rule.words, words, re.IGNORECASE))
            or (rule.html and status in HTML_STATUSES and is_html(body))
        ):
            return rule.error(
                rule.message,
                detail=detail,
                retryable=rule.retryable,
                retry_after=retry_after(headers or {}),
                remedy=(api == "responses" and rule.responses_remedy) or rule.remedy,
            )
    return BadResponse(SERVER_FAILED, detail=detail)


def _int(value: Any) -> int:
    return value if isinstance(value, int) else 0
