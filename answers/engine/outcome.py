"""How an answer ended, and what the API reported about it, as fields of its row."""

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Self

from django.utils.translation import gettext_noop

from answers.engine.model_options import Price
from answers.engine.remedies import remedy_sentence
from answers.models import API_ID_CHARS, FINISH_REASON_CHARS, MODEL_CHARS, Status
from completions import Completion, CompletionError, Usage

COST_STEP = Decimal("1e-8")  # the column has eight decimal places
COST_LIMIT = 10**6
PRICED_TOKENS = 10**6


@dataclass(frozen=True, slots=True)
class Outcome:
    """`error_message` is for the person, and translated when shown; `error_detail` is for the operator."""

    status: Status
    error_code: str = ""
    error_message: str = ""
    error_detail: str = ""

    def fields(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, completion: Completion) -> Self:
        """The outcome of a completion that has ended or was stopped."""
        return cls(Status.STOPPED if completion.stopped else Status.COMPLETE)

    @classmethod
    def of_error(cls, error: CompletionError) -> Self:
        remedy = remedy_sentence(error.remedy)
        return cls(
            Status.FAILED,
            error_code=error.code,
            error_message=error.message,
            error_detail="\n".join(filter(None, [_fit(error.detail), remedy])),
        )


def api_facts(completion: Completion) -> dict[str, Any]:
    """What the API has reported so far. Each value fits into its column."""
    usage = completion.usage or Usage()
    return {
        "finish_reason": _fit(completion.finish_reason, FINISH_REASON_CHARS),
        "model": _fit(completion.model, MODEL_CHARS),
        "response_id": _fit(completion.response_id, API_ID_CHARS),
        "request_id": _fit(completion.request_id, API_ID_CHARS),
        "prompt_tokens": _fit_count(usage.prompt_tokens),
        "completion_tokens": _fit_count(usage.completion_tokens),
        "cached_tokens": _fit_count(usage.cached_tokens),
        "reasoning_tokens": _fit_count(usage.reasoning_tokens),
        "cost": _fit_cost(usage.cost),
        "sources": [{"url": _fit(url), "title": _fit(title)} for url, title in list(completion.sources)],
    }


def cost_by_price(
    price: Price | None, prompt_tokens: int | None, completion_tokens: int | None, cached_tokens: int | None
) -> Decimal | None:
    """What these tokens cost. None without a price, or if the API did not report their numbers."""
    if price is None or prompt_tokens is None or completion_tokens is None:
        return None
    cached = min(cached_tokens or 0, prompt_tokens)
    tokens = (
        (price.input, prompt_tokens - cached),
        (price.cached_input, cached),
        (price.output, completion_tokens),
    )
    return _fit_cost(sum((each * number for each, number in tokens), Decimal()) / PRICED_TOKENS)


def _fit(value: str | None, chars: int | None = None) -> str:
    """Limit text from an API, which may have any length and content, to what a column and a frame hold."""
    return "".join(one for one in value or "" if one == "\n" or one.isprintable())[:chars]


def _fit_count(number: int | None) -> int | None:
    return number if number is not None and 0 <= number < 2**31 else None


def _fit_cost(cost: Decimal | None) -> Decimal | None:
    if cost is None or not cost.is_finite() or not 0 <= cost < COST_LIMIT:
        return None
    rounded = cost.quantize(COST_STEP)
    return rounded if rounded < COST_LIMIT else None


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
