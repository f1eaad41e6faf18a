"""A person's answers as a file: JSON for programs, or Markdown in the person's language.

The file contains all answers, newest first, or those of one thread in the order in which they were asked.

The file contains the models' reasoning only if the URL contains `?reasoning=1`.

It is streamed a few rows at a time, each batch with a new query. So a slow download holds neither a database
connection nor all the answers in memory.
"""

import json
import logging
import re
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from answers.models import Answer, AnswerQuerySet
from answers.models.sources import ShownSource
from answers.pages.history import own_answers, own_or_404

log = logging.getLogger(__name__)

BATCH_ROWS = 10  # an answer may be a megabyte long

FIELDS = [
    "id",
    "thread",
    "follows",
    "question",
    "text",
    "sources",
    "status",
    "model",
    "finish_reason",
    "error_code",
    "error_message",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "reasoning_tokens",
    "tokens_estimated",
    "asked_at",
    "started_at",
    "finished_at",
    "first_text_seconds",
    "seconds",
    "rating",
    "rating_note",
]  # fmt: skip - what the person may see, so no details for the operator and no costs

SIGNS = re.compile(r"[\\\[\]<>*_`&]")  # they have a meaning within a line of Markdown
URL_SIGNS = "%/:=&?~#+!$,;'@()*[]"  # everything else is percent-encoded

Format = Callable[[Answer, bool, bool], str]  # (answer, is_first, with_reasoning)


class Order(NamedTuple):
    """Which answers a file contains, and from which end it begins."""

    answers: AnswerQuerySet
    is_oldest_first: bool = False

    def after(self, last: Answer | None) -> AnswerQuerySet:
        if self.is_oldest_first:
            rest = self.answers.newer_than(last.asked_at, last.pk) if last else self.answers
            return rest.order_by("asked_at", "pk")
        rest = self.answers.older_than(last.asked_at, last.pk) if last else self.answers
        return rest.newest_first()


class Form(NamedTuple):
    """What is written before, for and after the answers."""

    suffix: str
    content_type: str
    head: str
    format: Format
    tail: str
    failed: str  # the last line of a file that is not complete


@require_safe
@never_cache
def export_json(request: HttpRequest) -> HttpResponseBase:
    return _download(request, Order(own_answers(request)), _json())


@require_safe
@never_cache
def export_markdown(request: HttpRequest) -> HttpResponseBase:
    return _download(request, Order(own_answers(request)), _markdown())


def export_of(request: HttpRequest, user: Any, suffix: str) -> HttpResponseBase:
    """All answers of the person with this key, as they themselves would get them: "json" or "md"."""
    form = {"json": _json, "md": _markdown}[suffix]()
    return _download(request, Order(Answer.objects.filter(user=user)), form)


@require_safe
@never_cache
def thread_json(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The thread of this answer."""
    answer = own_or_404(request, pk)
    return _download(request, _thread(answer), _json(), answer.thread)


@require_safe
@never_cache
def thread_markdown(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The thread of this answer."""
    answer = own_or_404(request, pk)
    return _download(request, _thread(answer), _markdown(), answer.thread)


def _thread(answer: Answer) -> Order:
    return Order(Answer.objects.of_thread(answer), is_oldest_first=True)


def _json() -> Form:
    head = f'{{"exported_at": {json.dumps(timezone.now().isoformat())}, "answers": ['
    return Form("json", "application/json", head, _as_json, "\n]}\n", _failed())


def _markdown() -> Form:
    exported = _("Exported on %(time)s.") % {"time": _format_time(timezone.now())}
    head = f"# Ask Me Anything\n\n{exported}\n"
    return Form("md", "text/markdown; charset=utf-8", head, _as_markdown, "", _failed())


def _failed() -> str:
    return _("This file is not complete, because something went wrong. Please download it again.")


def _download(request: HttpRequest, order: Order, form: Form, thread: UUID | None = None) -> HttpResponseBase:
    response: HttpResponseBase
    if request.method == "HEAD":  # Daphne 4.2 would send the stream anyway, and break the next response
        response = HttpResponse(content_type=form.content_type)
    else:
        # `order` has the id of the user, who was read in the view, where an outage makes the page a 503.
        parts = _parts(order, form, request.GET.get("reasoning") == "1")
        response = StreamingHttpResponse(parts, content_type=form.content_type)
    of_thread = f"-{thread.hex[:8]}" if thread else ""
    name = f"askme-{timezone.now():%Y-%m-%d}{of_thread}.{form.suffix}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


async def _parts(order: Order, form: Form, with_reasoning: bool) -> AsyncIterator[str]:
    yield form.head
    last: Answer | None = None
    try:
        while answers := await _read(order, last, with_reasoning):
            first = answers[0] if last is None else None
            yield "".join(form.format(answer, answer is first, with_reasoning) for answer in answers)
            last = answers[-1]
    except Exception:  # Daphne would leave the browser waiting, and a file that just ends looks complete
        log.exception("a download failed")
        yield f"\n{form.failed}\n"
    else:
        yield form.tail


@sync_to_async
def _read(order: Order, last: Answer | None, with_reasoning: bool = False) -> list[Answer]:
    left_out = ["error_detail", *([] if with_reasoning else ["reasoning"])]
    try:
        return list(order.after(last).defer(*left_out)[:BATCH_ROWS])
    finally:
        connection.close_if_unusable_or_obsolete()  # back to the pool until the next batch


def _as_json(answer: Answer, is_first: bool, with_reasoning: bool) -> str:
    row = {
        field: _json_value(getattr(answer, "follows_id" if field == "follows" else field)) for field in FIELDS
    }
    if with_reasoning:
        row["reasoning"] = answer.reasoning
    return ("\n" if is_first else ",\n") + json.dumps(row, ensure_ascii=False)


def _json_value(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value if value is None or isinstance(value, (bool, int, float, list)) else str(value)


def _as_markdown(answer: Answer, is_first: bool, with_reasoning: bool) -> str:
    quoted = "\n".join(f"> {line}" for line in answer.question.splitlines())
    facts = [
        _format_time(answer.asked_at),
        answer.get_status_display().lower(),
        answer.shown_model,
    ]
    head = " · ".join(filter(None, facts))
    parts = [f"---\n\n## {head}", quoted]
    if with_reasoning and answer.reasoning:
        parts += ["### " + _("Reasoning"), answer.reasoning, "### " + _("Answer")]
    parts += [answer.text, _(answer.error_message), _sources(answer)]
    return "\n" + "\n\n".join(filter(None, parts)) + "\n"


def _sources(answer: Answer) -> str:
    """A numbered list, or nothing."""
    lines = [f"{number}. {_link(source)}" for number, source in enumerate(answer.shown_sources, 1)]
    return "\n\n".join(["### " + _("Sources"), "\n".join(lines)]) if lines else ""


def _link(source: ShownSource) -> str:
    title = SIGNS.sub(r"\\\g<0>", " ".join(source.title.split()))
    return f"[{title}](<{quote(source.url, safe=URL_SIGNS)}>) ({source.host})" if source.url else title


def _format_time(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
