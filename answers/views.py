"""The pages. The answer itself comes over the websocket; these render what is there before it opens."""

from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from answers.models import NOTE_CHARS, Answer


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    return render_page(request, None)


@require_safe
@never_cache
def answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One answer at its own address. Another person's answer and no answer look alike."""
    found = Answer.objects.filter(user=get_user(request).pk, pk=pk).first()
    if found is None:
        raise Http404("There is no such answer, or it is not yours.")
    return render_page(request, found)


def render_page(
    request: HttpRequest, answer: Answer | None, *, rating_problem: str = "", status: int = 200
) -> HttpResponse:
    get_user(request)  # reads the session, so that a cookie of a session that is gone counts as none
    if request.session.session_key is None:
        # The websocket cannot set a cookie: the session that its first question makes a guest's must
        # be there before.
        request.session.create()
    context = {
        "answer": answer,
        "demo": settings.ASKME_DEMO,
        "question_chars": settings.ASKME_QUESTION_CHARS,
        "max_tokens": settings.ASKME_MAX_TOKENS,
        "note_chars": NOTE_CHARS,
        "rating_problem": rating_problem,
    }
    return render(request, "answers/page.html", context, status=status)


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when this process answers and reaches its database; what a container's health check asks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")
