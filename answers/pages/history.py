"""A person's own answers, newest first, in pages. People without answers see an empty history.

A page starts at a cursor, `older` or `newer`, and not after a number of rows. So page 1000 is as fast as the
first, and no answer appears twice if a question is asked in between.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Func, IntegerField
from django.db.models.functions import Left
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from answers.models import Answer, AnswerQuerySet, Share
from answers.pages.forms import HistoryForm
from answers.pages.search import matching

PAGE_ANSWERS = 20
QUESTION_CHARS, TEXT_CHARS = 300, 240  # how much of each is shown
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Outside this range, a time in one zone may have no date in another.
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(9999, 12, 30)
CURSOR = re.compile(r"([0-9]{1,16})-([0-9a-f]{32})")


def own_answers(request: HttpRequest) -> AnswerQuerySet:
    """The person's answers. A browser that has not asked anything has none."""
    return Answer.objects.filter(user=request.user.pk)


def own_or_404(request: HttpRequest, pk: UUID) -> Answer:
    """Somebody else's answer looks like one that does not exist."""
    found = own_answers(request).filter(pk=pk).first()
    if found is None:
        raise Http404(_("There is no such answer, or it is not yours."))
    return found


@require_safe
@never_cache
def history(request: HttpRequest) -> HttpResponse:
    form = HistoryForm(request.GET, label_suffix="")
    if not form.is_valid():
        return render(request, "answers/history.html", {"form": form}, status=400)
    answers = filtered(own_answers(request), form.cleaned_data, request.user.pk)
    try:
        page = Page.of(answers, older=request.GET.get("older", ""), newer=request.GET.get("newer", ""))
    except ValueError:
        raise Http404(_("There is no such page.")) from None
    threads = [answer.thread for answer in page.answers]
    shares = Share.objects.filter(user=request.user.pk, thread__in=threads)
    filters = request.GET.copy()
    for name in ("older", "newer"):
        filters.pop(name, None)
    context = {
        "form": form,
        "page": page,
        "is_filtered": any(form.cleaned_data.values()),
        "filters": filters.urlencode(),
        "reads_all_texts": connection.vendor == "sqlite",
        "shared_threads": set(shares.values_list("thread", flat=True)),
    }
    return render(request, "answers/history.html", context)


def filtered(answers: AnswerQuerySet, filters: dict[str, Any], user: Any) -> AnswerQuerySet:
    """`answers` are those of the user with this id. Days are in the reader's time zone, as on the page."""
    if filters["q"]:
        answers = matching(answers, filters["q"], user)
    if filters["status"]:
        answers = answers.filter(status=filters["status"])
    if filters["since"]:
        answers = answers.filter(asked_at__gte=_start(filters["since"]))
    if filters["until"]:
        answers = answers.filter(asked_at__lt=_start(filters["until"], days_later=1))
    return answers


def _start(day: date, *, days_later: int = 0) -> datetime:
    """The start of a day. If clocks go forward at midnight, that is when they do."""
    day = min(max(day, FIRST_DAY), LAST_DAY) + timedelta(days_later)
    return datetime.combine(day, time.min, timezone.get_current_timezone())


class Page(NamedTuple):
    """`older` and `newer` are the cursors of the neighbouring pages; empty if there is none."""

    answers: list[Any]
    older: str
    newer: str

    @classmethod
    def of(cls, answers: AnswerQuerySet, *, older: str = "", newer: str = "") -> "Page":
        """Raises ValueError for an invalid cursor."""
        rows = _for_list(answers)
        if newer:
            nearest_first = rows.newer_than(*_parse_cursor(newer)).order_by("asked_at", "pk")
            found = list(nearest_first[: PAGE_ANSWERS + 1])
            if len(found) > PAGE_ANSWERS:
                shown = found[PAGE_ANSWERS - 1 :: -1]
                return cls(shown, cursor_of(shown[-1]), cursor_of(shown[0]))
            older = ""  # too few for a page, so show the newest page
        if older:
            rows = rows.older_than(*_parse_cursor(older))
        found = list(rows.newest_first()[: PAGE_ANSWERS + 1])
        shown = found[:PAGE_ANSWERS]
        is_last = len(found) == len(shown)
        return cls(
            shown, "" if is_last else cursor_of(shown[-1]), cursor_of(shown[0]) if older and shown else ""
        )


def cursor_of(answer: Answer) -> str:
    return f"{(answer.asked_at - EPOCH) // timedelta(microseconds=1)}-{answer.pk.hex}"


def _parse_cursor(value: str) -> tuple[datetime, UUID]:
    match = CURSOR.fullmatch(value)
    if match is None:
        raise ValueError(value)
    return EPOCH + timedelta(microseconds=int(match[1])), UUID(match[2])


class JSONLength(Func):
    """How many items a JSON array has."""

    function = "jsonb_array_length"
    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function="json_array_length", **context)


def _for_list(answers: AnswerQuerySet) -> AnswerQuerySet:
    """Without the long texts."""
    parts = {
        "asked": Left("question", QUESTION_CHARS),
        "excerpt": Left("text", TEXT_CHARS),
        "source_count": JSONLength("sources"),
    }
    return answers.annotate(**parts).only("asked_at", "thread", "status", "model", "model_label", "rating")
