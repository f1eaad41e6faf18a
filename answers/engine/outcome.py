"""How an answer ended, as fields of its row: by a completion, an error, a stop or a shutdown."""

from dataclasses import dataclass
from typing import Self

from django.utils.translation import gettext_noop

from answers.models import FINISH_REASON_CHARS, MODEL_CHARS, Status
from completions import Completion, CompletionError


@dataclass(frozen=True, slots=True)
class Outcome:
    """`error_message` is for the person, and translated when shown; `error_detail` is for the operator."""

    status: Status
    finish_reason: str = ""
    error_code: str = ""
    error_message: str = ""
    error_detail: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    model: str = ""

    @classmethod
    def of(cls, completion: Completion) -> Self:
        """The outcome of a completion that has ended or was stopped."""
        if completion.stopped:
            return cls(Status.STOPPED)
        usage = completion.usage
        return cls(
            Status.COMPLETE,
            finish_reason=_fit(completion.finish_reason, FINISH_REASON_CHARS),
            model=_fit(completion.model, MODEL_CHARS),
            prompt_tokens=_fit_count(usage.prompt_tokens) if usage else None,
            completion_tokens=_fit_count(usage.completion_tokens) if usage else None,
        )

    @classmethod
    def of_error(cls, error: CompletionError, completion: Completion) -> Self:
        return cls(
            Status.FAILED,
            error_code=error.code,
            error_message=error.message,
            error_detail=_fit(error.detail),
            finish_reason=_fit(completion.finish_reason, FINISH_REASON_CHARS),
            model=_fit(completion.model, MODEL_CHARS),
        )


def _fit(value: str | None, chars: int | None = None) -> str:
    """Limit text from an API, which may have any length and content, to what a column and a frame hold."""
    return "".join(one for one in value or "" if one == "\n" or one.isprintable())[:chars]


def _fit_count(number: int | None) -> int | None:
    return number if number is not None and 0 <= number < 2**31 else None


INTERNAL = Outcome(
    Status.FAILED,
    error_code="internal",
    error_message=gettext_noop("Something went wrong on this site. Please ask again."),
)
INTERRUPTED = Outcome(Status.INTERRUPTED)
EXPIRED = Outcome(
    Status.INTERRUPTED,
    error_code="expired",
    error_message=gettext_noop("This question waited for over an hour. Please ask again."),
)
STOPPED = Outcome(Status.STOPPED)
