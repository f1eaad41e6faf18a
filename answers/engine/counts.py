"""What a worker counts about its answers, each at its end, for those who watch the process from outside.

Nothing here is per person, and each model that is not configured counts as `OTHER`, so that the number of
figures is bounded. Everything runs on the event loop.
"""

from decimal import Decimal

from answers.engine.histogram import Histogram
from answers.engine.model_options import configured
from answers.engine.running_answer import RunningAnswer
from answers.models import Answer, Status
from completions import CompletionError

OTHER = "other"
# Some of vLLM's own bounds, so that both can be shown in one plot.
WAIT_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 640.0)
ANSWER_SECONDS = (0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0, 240.0, 480.0, 960.0)
TOKEN_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.4, 0.75, 1.0)

# How answers end without an error; `abort` is vLLM's word for one that was stopped.
FINISHED = ("stop", "length", "abort", OTHER)
FAILED = (*sorted(error.code for error in CompletionError.__subclasses__()), "expired", "interrupted", OTHER)
REFUSED = (
    *("bad_model", "bad_question", "budget_used", "busy", "login_required", "no_session", "not_found"),
    *("too_many_questions", "unavailable", OTHER),
)


class ModelCounts:
    """Of one model, since the start of the process."""

    def __init__(self) -> None:
        self.finished = dict.fromkeys(FINISHED, 0)  # by reason
        self.failed = dict.fromkeys(FAILED, 0)  # by error code
        self.prompt_tokens = self.completion_tokens = 0
        self.cost = Decimal()
        self.requests = self.retries = self.connects = 0  # to the API
        self.queue_seconds = Histogram(*WAIT_SECONDS)
        self.first_text_seconds = Histogram(*WAIT_SECONDS)
        self.seconds = Histogram(*ANSWER_SECONDS)
        self.token_seconds = Histogram(*TOKEN_SECONDS)


class Counts:
    def __init__(self) -> None:
        self.models = {label: ModelCounts() for label in (*(one.key for one in configured()), OTHER) if label}
        self.accepted = 0  # questions
        self.refused = dict.fromkeys(REFUSED, 0)  # questions, by the code of the refusal

    def label_of(self, model: str) -> str:
        """The label of a model, given as the key of an option."""
        return model if model in self.models else OTHER

    def refuse(self, code: str) -> None:
        _add_one(self.refused, code)

    def end(self, answer: RunningAnswer) -> None:
        """Count an answer that ran here, and whose end has been saved."""
        counts, fields = self.models[self.label_of(answer.option.key)], answer.end_fields
        _count_end(counts, fields["status"], fields["error_code"], fields.get("finish_reason", ""))
        counts.prompt_tokens += fields.get("prompt_tokens") or 0
        counts.completion_tokens += fields.get("completion_tokens") or 0
        counts.cost += fields.get("cost") or 0
        if answer.completion is not None:
            counts.requests += answer.completion.requests
            counts.retries += max(0, answer.completion.requests - 1)
            counts.connects += answer.completion.connects
        counts.seconds.observe(fields["seconds"])
        if answer.started_at is not None:  # by the clock of the process that accepted the question
            counts.queue_seconds.observe(max(0.0, (answer.started_at - answer.asked_at).total_seconds()))
        if (first := fields["first_text_seconds"]) is not None:
            counts.first_text_seconds.observe(first)
            shown = (fields.get("completion_tokens") or 0) - (fields.get("reasoning_tokens") or 0)
            if shown > 1 and not fields.get("tokens_estimated"):
                counts.token_seconds.observe((fields["seconds"] - first) / (shown - 1))

    def end_elsewhere(self, row: Answer) -> None:
        """Count an answer that did not run here: one that was still waiting, or whose process is dead."""
        _count_end(self.models[self.label_of(row.model)], row.status, row.error_code, "")


def _count_end(counts: ModelCounts, status: str, error_code: str, finish_reason: str) -> None:
    match status:
        case Status.COMPLETE:
            _add_one(counts.finished, finish_reason)
        case Status.STOPPED:
            _add_one(counts.finished, "abort")
        case Status.INTERRUPTED:
            _add_one(counts.failed, error_code or "interrupted")
        case _:
            _add_one(counts.failed, error_code)


def _add_one(numbers: dict[str, int], name: str) -> None:
    numbers[name if name in numbers else OTHER] += 1
