"""The history: a person's threads by day, and a search through them.

People without answers see an empty history.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from answers.models import Answer, AnswerQuerySet, Share
from answers.pages.excerpts import excerpt, marked
from answers.pages.forms import HistoryForm
from answers.pages.search import matching, to_mark
from answers.pages.thread_list import MOST_COUNTED, Page, ThreadList

# Outside this range, a time in one zone may have no date in another.
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(9999, 12, 30)


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
    words = form.cleaned_data["q"]
    threads = thread_list(own_answers(request), form.cleaned_data, request.user.pk)
    try:
        page = threads.page(older=request.GET.get("older", ""), newer=request.GET.get("newer", ""))
    except ValueError:
        raise Http404(_("There is no such page.")) from None
    filters = request.GET.copy()
    for name in ("older", "newer"):
        filters.pop(name, None)
    context = {
        "form": form,
        "page": page,
        "days": list(_days(page, to_mark(words, connection.vendor), request.user.pk)),
        "words": words,
        "is_filtered": any(form.cleaned_data.values()),
        "filters": filters.urlencode(),
        "reads_all_texts": connection.vendor == "sqlite",
    }
    return render(request, "answers/history.html", context)


def thread_list(answers: AnswerQuerySet, filters: dict[str, Any], user: Any) -> ThreadList:
    """`answers` are those of the user with this id. Days are in the reader's time zone, as on the page."""
    found = Q()
    since = filters["since"] and _start(filters["since"])
    if filters["q"]:
        found &= matching(answers, filters["q"], user)
    if filters["status"]:
        found &= Q(status=filters["status"])
    if filters["until"]:
        found &= Q(asked_at__lt=_start(filters["until"], days_later=1))
    return ThreadList(answers, found, since=since, is_search=bool(filters["q"]))


def _start(day: date, *, days_later: int = 0) -> datetime:
    """The start of a day. If clocks go forward at midnight, that is when they do."""
    day = min(max(day, FIRST_DAY), LAST_DAY) + timedelta(days_later)
    return datetime.combine(day, time.min, timezone.get_current_timezone())


class Entry(NamedTuple):
    """A thread in the list. `question` is that of the answer that was found, if it is not the first one."""

    answer: Any
    title: SafeString
    question: SafeString
    excerpt: SafeString
    question_count: int
    has_more_questions: bool
    is_shared: bool


class Day(NamedTuple):
    """`name` is "today", "yesterday" or empty."""

    date: date
    name: str
    entries: list[Entry]


def _days(page: Page, words: Any, user: Any) -> Iterator[Day]:
    threads = [answer.thread for answer in page.answers]
    shares = set(Share.objects.filter(user=user, thread__in=threads).values_list("thread", flat=True))
    today = timezone.localdate()
    names = {today: "today", today - timedelta(days=1): "yesterday"}
    for day, answers in groupby(page.answers, lambda answer: timezone.localdate(answer.asked_at)):
        entries = [_entry(answer, words, answer.thread in shares) for answer in answers]
        yield Day(day, names.get(day, ""), entries)


def _entry(answer: Any, words: Any, is_shared: bool) -> Entry:
    title = answer.title or answer.asked  # the first question may just have been deleted
    is_first = words is None or title == answer.asked
    return Entry(
        answer=answer,
        title=marked(title, words),
        question=SafeString() if is_first else marked(answer.asked, words),
        excerpt=marked(excerpt(answer.start, words), words),
        question_count=answer.question_count,
        has_more_questions=answer.question_count == MOST_COUNTED,
        is_shared=is_shared,
    )
