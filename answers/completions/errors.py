"""What may go wrong between a question and the end of its answer.

    CompletionError             code            what it says
    ├── NotConfigured           not_configured  key, address or model are wrong: the operator must act
    ├── Busy                    busy            the API asks us to come back later
    ├── TimedOut                timeout         first text, silence or the whole answer took too long
    ├── ConnectionFailed        connection      not reached, or cut before the answer's end
    ├── BadRequest              bad_request     the API refuses this question
    ├── BadResponse             bad_response    the API's reply makes no sense, or is its own failure
    ├── TooLarge                too_large       the answer, or one line of it, is over the limit
    ├── QuotaExceeded           quota           the API's account is used up
    ├── Filtered                filtered        a content filter withheld the answer
    └── InternalError           internal        a fault of ours

`message` is a sentence for the person who asked, and never holds a body, key, URL or traceback. It has no
parameters either: it is the same English sentence each time, by which whoever shows it finds its translation.
`detail` is for the operator: status, request id, the API's own words, shortened. Stopping is no error.
"""

from typing import ClassVar

DETAIL_CHARS = 2000  # an HTML error page need not fill the admin


def gettext_noop(sentence: str) -> str:
    """Marks a sentence for the catalogues of translations, as Django's does, which is not known here."""
    return sentence


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
    ) -> None:
        self.message = message or self.default_message
        self.detail = detail[:DETAIL_CHARS]
        self.retryable = retryable  # worth another try, if no text has been shown
        self.retry_after = retry_after  # seconds that the API asked for
        super().__init__(self.message)


class NotConfigured(CompletionError):
    code = "not_configured"
    default_message = gettext_noop(
        "This site cannot use its model: its operator must check the API key and address."
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
    code = "bad_request"
    default_message = gettext_noop("The model did not accept this question. Please ask it in other words.")


class BadResponse(CompletionError):
    code = "bad_response"
    default_message = gettext_noop("The model's reply could not be understood. Please ask again.")


class TooLarge(CompletionError):
    code = "too_large"
    default_message = gettext_noop("The answer grew too long and was cut. Please ask for a shorter one.")


class QuotaExceeded(CompletionError):
    code = "quota"
    default_message = gettext_noop(
        "This site's allowance at its model is used up: its operator must renew it."
    )


class Filtered(CompletionError):
    code = "filtered"
    default_message = gettext_noop("A content filter withheld this answer. Please ask in other words.")


class InternalError(CompletionError):
    code = "internal"
    default_message = gettext_noop("Something went wrong on this site. Please ask again.")
