"""The page on which people delete their account."""

from django.conf import settings
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from accounts import guest_cookie, guests
from accounts.models import User
from accounts.reauthentication import require_reauthentication
from accounts.removal import remove
from answers.models import Answer
from answers.pages.deletion import confirmed, counted


@confirmed
@never_cache
@require_reauthentication
def delete_account(request: HttpRequest) -> HttpResponse:
    user = request.user
    if not isinstance(user, User):
        return redirect("history")  # nothing is stored
    if request.method != "POST":
        return render(request, "account/delete_account.html", counted(Answer.objects.filter(user=user)))
    if user.is_guest and (key := guest_cookie.key_in(request.COOKIES)):
        with transaction.atomic():
            guests.end(key)  # pages that are still open must not create another guest with it
    remove(user)
    logout(request)
    return render(request, "account/deleted.html", {"audit_days": settings.ASKME_AUDIT_DAYS})
