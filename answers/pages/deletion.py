"""Deleting one answer, a thread, or all of a person's answers. Each is confirmed on a page first.

An answer that is still running is stopped: its process notices that the row is gone
(answers/engine/saver.py), and so do its followers.
"""

from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from answers.models import Answer, AnswerQuerySet, Share, delete_in_batches
from answers.pages.history import own_answers, own_or_404

MOST_COUNTED = 1_000  # beyond that, a page says “more than 1,000”

confirmed = require_http_methods(["GET", "HEAD", "POST"])  # GET asks, POST deletes


@confirmed
@never_cache
def delete_answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    answer = own_or_404(request, pk)
    if request.method != "POST":
        return render(request, "answers/delete_answer.html", {"answer": answer})
    with transaction.atomic():
        Answer.objects.filter(follows=answer).update(follows=answer.follows_id)
        answer.delete()
    if not Answer.objects.of_thread(answer).exists():
        Share.objects.of_thread(answer).delete()
    return redirect("history")


@confirmed
@never_cache
def delete_thread(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The thread of this answer."""
    answer = own_or_404(request, pk)
    answers = Answer.objects.of_thread(answer)
    shares = Share.objects.of_thread(answer)
    if request.method != "POST":
        context = {
            "answer": answer,
            "first": answers.order_by("asked_at", "pk").only("question").first() or answer,
            "is_running": answers.unfinished().exists(),
            "is_shared": shares.exists(),
        }
        return render(request, "answers/delete_thread.html", context | counted(answers))
    shares.delete()
    delete_in_batches(answers)
    return redirect("history")


@confirmed
@never_cache
def delete_history(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "answers/delete_history.html", counted(own_answers(request)))
    Share.objects.filter(user=request.user.pk).delete()
    delete_in_batches(own_answers(request))
    return redirect("history")


def counted(answers: AnswerQuerySet) -> dict[str, int | bool]:
    """What the pages that ask for confirmation say about the number of answers."""
    count = answers.order_by()[: MOST_COUNTED + 1].count()
    return {"count": min(count, MOST_COUNTED), "has_more": count > MOST_COUNTED}
