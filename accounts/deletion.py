"""Deleting an account: everything that is stored about a person, and their sessions on all devices."""

from allauth.usersessions.models import UserSession
from django.contrib.auth import logout
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from accounts import guest_cookie, guests
from accounts.models import User
from accounts.reauthentication import require_reauthentication
from answers.models import Answer
from answers.pages.deletion import confirmed, delete_all


@confirmed
@never_cache
@require_reauthentication
def delete_account(request: HttpRequest) -> HttpResponse:
    user = request.user
    if not isinstance(user, User):
        return redirect("history")  # nothing is stored
    answers = Answer.objects.filter(user=user)
    if request.method != "POST":
        return render(request, "account/delete_account.html", {"count": answers.count()})
    delete_all(answers)
    with transaction.atomic():
        if user.is_guest and (key := guest_cookie.key_in(request.COOKIES)):
            guests.end(key)  # pages that are still open must not create another guest with it
        delete_sessions(user)
        user.delete()
    logout(request)
    return render(request, "account/deleted.html")


def delete_sessions(user: User) -> None:
    """Delete all sessions of a user. Django stores them without their user; allauth notes whose they are."""
    keys = UserSession.objects.filter(user=user).values_list("session_key", flat=True)
    Session.objects.filter(pk__in=list(keys)).delete()
