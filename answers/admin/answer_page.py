"""What the page of an answer shows beside its texts: how it ended, what it used, when, and its ids."""

from decimal import Decimal
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from answers.admin.conversation import Conversation
from answers.admin.numbers import moment
from answers.admin.rights import may_read, may_see_names, may_see_people, may_stop
from answers.models import Answer, Rating, Status

NOT_REPORTED = "not reported"


class Fact(NamedTuple):
    """`name` is the class of its line. `mark` says what a reader should know about the value."""

    name: str
    label: str
    value: Any
    mark: str = ""


class Group(NamedTuple):
    title: str
    facts: list[Fact]


def context(request: HttpRequest, answer: Answer) -> dict[str, Any]:
    reads = may_read(request)
    has_ended = Status(answer.status).is_end
    groups = [_outcome(answer, reads), _usage(answer), _times(answer), _ids(answer)]
    return {
        "answer": answer,
        "may_read": reads,
        "may_stop": may_stop(request) and not has_ended,
        "has_ended": has_ended,
        "conversation": Conversation.around(answer, with_texts=reads),
        "groups": [Group(title, [fact for fact in facts if fact.value != ""]) for title, facts in groups],
        "person": person_name(request, answer),
        "person_url": _person_url(request, answer),
        "answers_url": f"{reverse('admin:answers_answer_changelist')}?user={answer.user_id}",
        "sources": list(zip(answer.sources, answer.shown_sources, strict=True)) if reads else [],
    }


def person_name(request: HttpRequest, answer: Answer) -> str:
    return str(answer.user) if may_see_names(request) else f"Person {answer.user_id}"


def _person_url(request: HttpRequest, answer: Answer) -> str:
    options = answer.user._meta
    name = f"admin:{options.app_label}_{options.model_name}_change"
    return reverse(name, args=[answer.user_id]) if may_see_people(request) else ""


def shown_status(answer: Answer) -> str:
    """In English, as all of the admin."""
    return Status(answer.status).name.capitalize()


def shown_rating(answer: Answer) -> str:
    return "" if answer.rating is None else Rating(answer.rating).name.capitalize()


def shown_cost(cost: Decimal) -> str:
    return f"{cost.normalize():,f} {settings.ASKME_CURRENCY}"


def _outcome(answer: Answer, reads: bool) -> Group:
    return Group(
        "Outcome",
        [
            Fact("status", "Status", shown_status(answer)),
            Fact("finish_reason", "Finish reason", answer.finish_reason),
            Fact("error_code", "Error code", answer.error_code),
            Fact("error_message", "Message shown to the person", answer.error_message),
            Fact("error_detail", "The API's own words", answer.error_detail if reads else ""),
            Fact("rating", "Rating", shown_rating(answer)),
            Fact("rating_note", "Comment", answer.rating_note if reads else ""),
        ],
    )


def _usage(answer: Answer) -> Group:
    has_ended = Status(answer.status).is_end
    unknown = NOT_REPORTED if has_ended else ""
    estimated = "estimated" if answer.tokens_estimated else ""
    by_price = "of estimated tokens" if answer.tokens_estimated and answer.cost is not None else ""

    def number(count: int | None, otherwise: str = "") -> str:
        return otherwise if count is None else f"{count:,}"

    return Group(
        "Model and usage",
        [
            Fact("model", "Model", answer.model),
            Fact("model_label", "Chosen as", answer.model_label),
            Fact("sent_turns", "Earlier turns sent", number(answer.sent_turns)),
            Fact("prompt_tokens", "Tokens in the prompt", number(answer.prompt_tokens, unknown), estimated),
            Fact("cached_tokens", "of which cached", number(answer.cached_tokens)),
            Fact(
                "completion_tokens",
                "Tokens in the answer",
                number(answer.completion_tokens, unknown),
                estimated,
            ),
            Fact("reasoning_tokens", "of which reasoning", number(answer.reasoning_tokens)),
            Fact("cost", "Cost", unknown if answer.cost is None else shown_cost(answer.cost), by_price),
        ],
    )


def _times(answer: Answer) -> Group:
    def seconds(value: float | None) -> str:
        return "" if value is None else f"{value:,.1f} s"

    speed = answer.tokens_per_second()
    moments = [
        Fact("started_at", "Started", moment(answer.started_at)),
        Fact("finished_at", "Ended", moment(answer.finished_at)),
        Fact("stop_requested_at", "Stop requested", moment(answer.stop_requested_at)),
    ]
    return Group(
        "Times",
        [
            Fact("asked_at", "Asked", moment(answer.asked_at)),
            *moments,
            Fact("first_text_seconds", "To the first text", seconds(answer.first_text_seconds)),
            Fact("seconds", "In all", seconds(answer.seconds)),
            Fact("tokens_per_second", "Tokens per second", "" if speed is None else f"{speed:,.1f}"),
        ],
    )


def _ids(answer: Answer) -> Group:
    follows = _link(answer.follows_id) if answer.follows_id else ""
    thread = format_html(
        '<a href="{}?q={}">{}</a>', reverse("admin:answers_answer_changelist"), *[answer.thread] * 2
    )
    return Group(
        "Ids",
        [
            Fact("id", "Answer", answer.pk),
            Fact("thread", "Thread", thread),
            Fact("follows", "Follows", follows),
            Fact("process", "Process", answer.process_id or ""),
            Fact("response_id", "Response", answer.response_id),
            Fact("request_id", "Request", answer.request_id),
        ],
    )


def _link(id: Any) -> str:
    return format_html('<a href="{}">{}</a>', reverse("admin:answers_answer_change", args=[id]), id)
