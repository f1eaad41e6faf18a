"""Rating an answer: thumbs up or down, and a comment. The operator reads it in the admin.

The form works without JavaScript. With it, answers/static/answers/rating.js sends the form without leaving
the page, and gets a JSON response.
"""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from answers.models import Answer
from answers.pages.ask import render_page
from answers.pages.forms import RatingForm
from answers.pages.history import own_answers, own_or_404


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def rate(request: HttpRequest, pk: UUID) -> HttpResponse:
    answer = own_or_404(request, pk)
    if request.method != "POST":
        return JsonResponse(_rating(answer)) if _wants_json(request) else redirect(answer)
    form = RatingForm(request.POST)
    if not form.is_valid():
        problem = next(error for errors in form.errors.values() for error in errors)
        return _refuse(request, answer, str(problem), status=400)
    if not own_answers(request).rate(pk, **form.cleaned_data):
        return _refuse(request, answer, _("You can rate an answer once it is finished."), status=409)
    return JsonResponse(form.cleaned_data) if _wants_json(request) else redirect(answer)


def _refuse(request: HttpRequest, answer: Answer, problem: str, *, status: int) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"problem": problem}, status=status)
    answer.rating_note = request.POST.get("rating_note", "")  # what was typed stays in the form
    return render_page(request, answer, rating_problem=problem, status=status)


def _rating(answer: Answer) -> dict[str, Any]:
    return {"rating": answer.rating, "rating_note": answer.rating_note}


def _wants_json(request: HttpRequest) -> bool:
    return not request.accepts("text/html")
