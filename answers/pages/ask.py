"""The main page. Answers arrive over the websocket; these views render what exists before it opens."""

from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from answers.engine.hooks import site_hooks
from answers.engine.model_options import offered
from answers.models import NOTE_CHARS, Answer
from answers.pages.constant_html import NIL, constant_html, empty_page
from answers.pages.history import own_or_404
from answers.pages.suggestions import suggestions
from answers.pages.thread_path import ThreadPath

LINKED_CHARS = 8_000  # of a question in an address, if questions have no limit


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """With `?q=`, the box contains that question. It is not asked, because any link may lead here."""
    question = request.GET.get("q", "")[: settings.ASKME_QUESTION_CHARS or LINKED_CHARS]
    return render_page(request, None, refused={"question": question} if question.strip() else None)


@require_safe
@never_cache
def answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The path through the thread that includes this answer."""
    return render_page(request, own_or_404(request, pk))


def render_page(
    request: HttpRequest,
    answer: Answer | None,
    *,
    refused: dict[str, Any] | None = None,
    problem: str = "",
    problem_code: str = "",
    rating_problem: str = "",
    status: int = 200,
) -> HttpResponse:
    """`refused` contains the fields of a form that was refused because of `problem`, with its code."""

    def render(own: dict[str, str]) -> str:
        about = {"answer": answer, "refused": refused or {}, "problem": problem, "problem_code": problem_code}
        path = _path_through(answer, rating_problem) if answer else None
        context = (
            _same_for_everybody() | about | own | {"path": path, "constant": constant_html(own["csrf_token"])}
        )
        return render_to_string("answers/page.html", context, request)

    key = None if answer or refused or problem else site_hooks().page_key(request)
    if key is not None:
        html = empty_page(request, key, render)
    else:
        html = render({"csrf_token": get_token(request), "new_answer": str(uuid4())})
    response = HttpResponse(html, status=status)
    site_hooks().prepare_page(request, response)
    return response


def _same_for_everybody() -> dict[str, Any]:
    models = offered()
    return {
        "blank": NIL,
        "can_follow": settings.ASKME_CONTEXT_TOKENS > 0,
        "models": models if len(models) > 1 else {},
        "status_url": settings.ASKME_STATUS_URL,
        "suggestions": suggestions(),
        "demo": settings.ASKME_DEMO,
        "question_chars": settings.ASKME_QUESTION_CHARS,
        "note_chars": NOTE_CHARS,
    }


def _path_through(answer: Answer, rating_problem: str) -> ThreadPath | None:
    path = ThreadPath.through(answer)
    for entry in path.entries if path else []:
        if entry.answer.pk == answer.pk:
            entry.rating_problem = rating_problem
    return path
