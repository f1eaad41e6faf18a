"""The pages. The answer itself comes over the websocket; these render what is there before it opens."""

from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth import get_user
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from answers.history import own_or_404
from answers.models import NOTE_CHARS, Answer
from answers.shown import Exchange, Way

NIL = UUID(int=0)  # in the template of an exchange that is yet to come, in place of its id


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    return render_page(request, None)


@require_safe
@never_cache
def answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The way through a thread on which this answer is."""
    return render_page(request, own_or_404(request, pk))


def render_page(
    request: HttpRequest,
    answer: Answer | None,
    *,
    refused: dict[str, Any] | None = None,
    problem: str = "",
    rating_problem: str = "",
    status: int = 200,
) -> HttpResponse:
    """`refused` are the fields of a form that could not be asked, because of the `problem`."""
    get_user(request)  # reads the session, so that a cookie of a session that is gone counts as none
    if request.session.session_key is None:
        # The websocket cannot set a cookie: the session that its first question makes a guest's must
        # be there before.
        request.session.create()
    way = _way_through(answer, rating_problem) if answer else None
    models = settings.ASKME_MODELS
    context = {
        "answer": answer,
        "way": way,
        "coming": Exchange(Answer(pk=NIL, thread=NIL, status="loading"), [NIL]),
        "can_follow": settings.ASKME_CONTEXT_TOKENS > 0,
        "models": models if len(models) > 1 else {},
        "new_answer": uuid4(),
        "refused": refused or {},
        "problem": problem,
        "demo": settings.ASKME_DEMO,
        "question_chars": settings.ASKME_QUESTION_CHARS,
        "max_tokens": settings.ASKME_MAX_TOKENS,
        "note_chars": NOTE_CHARS,
    }
    return render(request, "answers/page.html", context, status=status)


def _way_through(answer: Answer, rating_problem: str) -> Way | None:
    way = Way.through(Answer.objects.filter(user=answer.user_id, thread=answer.thread), answer.pk)
    for exchange in way.exchanges if way else []:
        if exchange.answer.pk == answer.pk:
            exchange.answer, exchange.rating_problem = answer, rating_problem
    return way


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when this process answers and reaches its database; what a container's health check asks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")
