"""Deleting an account: everything that is stored about a person, and their sessions on all devices."""

from django.contrib.auth import get_user, logout
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from accounts.models import User
from accounts.reauthentication import require_reauthentication
from answers.models import Answer
from answers.pages.deletion import confirmed, delete_all


@confirmed
@never_cache
@require_reauthentication
def delete_account(request: HttpRequest) -> HttpResponse:
    user = get_user(request)
    if not isinstance(user, User):
        return redirect("history")  # nothing is stored
    answers = Answer.objects.filter(user=user)
    if request.method != "POST":
        return render(request, "account/delete_account.html", {"count": answers.count()})
    delete_all(answers)
    if not user.is_guest:  # a guest has only this session
        delete_sessions(user)
    user.delete()
    logout(request)
    return render(request, "account/deleted.html")


def delete_sessions(user: User) -> None:
    """Delete all sessions of a user. They are not stored by user, so each has to be decoded."""
    for session in Session.objects.iterator(chunk_size=500):
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()
