"""Sharing a thread: a link by which anybody may read it, live too, and which its owner may revoke.

The link shows the way through the thread to what was asked last, later questions too, and nothing else: no
name, no way to ask or stop. A revoked link is like one that never was.
"""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from answers.history import own_or_404
from answers.models import Share
from answers.shown import Way


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def share(request: HttpRequest, pk: UUID) -> HttpResponse:
    """For the owner: the link of an answer's thread, to make, copy and revoke."""
    answer = own_or_404(request, pk)
    shares = Share.objects.filter(user=answer.user_id, thread=answer.thread)
    if request.method == "POST":
        if "revoke" in request.POST:
            shares.delete()
        elif not shares.exists():
            _make(answer.user_id, answer.thread)
        return redirect("share", pk)
    found = shares.first()
    link = request.build_absolute_uri(found.get_absolute_url()) if found else ""
    return render(request, "answers/share.html", {"answer": answer, "link": link})


def _make(user: int, thread: UUID) -> None:
    try:
        with transaction.atomic():
            Share.objects.create(user_id=user, thread=thread)
    except IntegrityError:
        pass  # in another tab at the same moment


@require_safe
@never_cache
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """For anybody who has the link."""
    found = Share.objects.valid(token).first()
    way = Way.to_newest(found.answers, _at(request)) if found else None
    if way is None:
        raise Http404(_("There is no such page."))
    context = {"way": way, "token": token, "is_shared": True}
    response = render(request, "answers/shared.html", context)
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response


def _at(request: HttpRequest) -> UUID | None:
    """Where in a thread that is too long for one page."""
    try:
        return UUID(request.GET.get("at", ""))
    except ValueError:
        return None
