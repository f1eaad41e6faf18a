"""What can go wrong between a question and the end of its answer. `api_errors` maps the API's errors to it.

    CompletionError             code            meaning
    ├── NotConfigured           not_configured  the key, address or model is wrong: only the operator can act
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
import secrets
import time
from collections.abc import Mapping
from typing import ClassVar

DETAIL_CHARS = 2000  # an HTML error page need not fill the admin
RETRY_CAP_SECONDS = 10  # nobody should wait longer in front of an empty page
FIRST_PAUSE_SECONDS = 0.5


def gettext_noop(sentence: str) -> str:
    """Mark a sentence for the translation catalogues, as Django's function of this name does."""
    return sentence


# What the operator can change. The site has a sentence for each, with the names of its settings.
REMEDIES = (
    "check_address",
    "check_certificate",
    "check_key",
    "check_proxy",
    "choose_model",  # the model does not exist, or was shut down
    "raise_max_tokens",  # the model used all tokens for reasoning
    "renew_quota",
    "use_chat",  # the server does not have the Responses API
    "use_responses",  # the model has only the Responses API
    "verify_organization",  # OpenAI streams some models only to verified organizations
)

SERVER_FAILED = gettext_noop("The model's server failed. Please ask again in a minute.")
QUESTION_TOO_LONG = gettext_noop("The question is too long for the model. Please shorten it.")


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
        self.detail = detail[: 2 * DETAIL_CHARS]  # half of a key cannot be found, so it is cut again later
        self.retryable = retryable  # worth another attempt, as long as no text has been shown
        self.retry_after = retry_after  # seconds, as the API asked
        self.remedy = remedy  # one of REMEDIES: what the operator can do, if it is known
        super().__init__(self.message)


class NotConfigured(CompletionError):
    code = "not_configured"
    default_message = gettext_noop("This site's model is not set up correctly; its operator needs to act.")


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
    default_message = gettext_noop(
        "The model's reply could not be understood. Please ask again. "
        "If it happens again, please contact the site's operator."
    )


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
    return pause * secrets.SystemRandom().uniform(0.75, 1.25)  # so that not all retry at once


def _float(value: str | None) -> float | None:
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
