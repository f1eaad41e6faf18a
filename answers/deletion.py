"""Deleting one answer, all, or everything that is kept of a person. Each is confirmed on a page first.

What still runs is stopped: its process finds its row gone (answers/journal.py), and so do its pages.
"""

from uuid import UUID

from django.contrib.auth import get_user, logout
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.reauthentication import proves_again
from answers.history import own_answers, own_or_404
from answers.models import Answer, AnswerQuerySet, Share, User

AT_ONCE = 500  # rows in one transaction, so that it is short and holds few locks

confirmed = require_http_methods(["GET", "HEAD", "POST"])  # GET asks, POST does


@confirmed
@never_cache
def delete_answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    answer = own_or_404(request, pk)
    if request.method != "POST":
        return render(request, "answers/delete_answer.html", {"answer": answer})
    with transaction.atomic():
        Answer.objects.filter(follows=answer).update(follows=answer.follows_id)
        answer.delete()
    if not Answer.objects.filter(thread=answer.thread).exists():
        Share.objects.filter(thread=answer.thread).delete()
    return redirect("history")


@confirmed
@never_cache
def delete_history(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "answers/delete_history.html", {"count": own_answers(request).count()})
    Share.objects.filter(user=get_user(request).pk).delete()
    delete_all(own_answers(request))
    return redirect("history")


@confirmed
@never_cache
@proves_again
def delete_account(request: HttpRequest) -> HttpResponse:
    user = get_user(request)
    if not isinstance(user, User):
        return redirect("history")  # nothing is kept
    if request.method != "POST":
        return render(request, "answers/delete_account.html", {"count": user.answers.count()})
    delete_all(own_answers(request))
    if not user.is_guest:  # a guest has this session alone
        delete_sessions(user)
    user.delete()
    logout(request)
    return render(request, "answers/deleted.html")


def delete_all(answers: AnswerQuerySet) -> None:
    while ids := list(answers.order_by().values_list("pk", flat=True)[:AT_ONCE]):
        Answer.objects.filter(pk__in=ids).only("pk").delete()


def delete_sessions(user: User) -> None:
    """All on all devices. They are not kept by user, so each is looked into."""
    for session in Session.objects.iterator(chunk_size=500):
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()
