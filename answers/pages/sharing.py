"""Sharing a thread: a link that lets anybody read it, also live, until its owner revokes it.

The link shows the path through the thread to the newest question, including those asked later, and nothing
else: no name, and no form to ask or stop. A revoked link looks like one that never existed.
"""

from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from answers.models import Share
from answers.pages.history import own_or_404
from answers.pages.thread_path import ThreadPath


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def share(request: HttpRequest, pk: UUID) -> HttpResponse:
    """For the owner: create, copy and revoke the link to an answer's thread."""
    answer = own_or_404(request, pk)
    shares = Share.objects.of_thread(answer)
    if request.method == "POST":
        if "revoke" in request.POST:
            shares.delete()
        elif not shares.exists():
            _create(answer.user_id, answer.thread)
        return redirect("share", pk)
    found = shares.first()
    link = request.build_absolute_uri(found.get_absolute_url()) if found else ""
    return render(request, "answers/share.html", {"answer": answer, "link": link})


def _create(user: int, thread: UUID) -> None:
    try:
        with transaction.atomic():
            Share.objects.create(user_id=user, thread=thread)
    except IntegrityError:
        pass  # created in another tab at the same moment


@require_safe
@never_cache
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """For anybody who has the link."""
    found = Share.objects.valid(token).first()
    answers = found.answers.defer("reasoning") if found else None  # only the owner sees it
    path = ThreadPath.to_newest(answers, _at(request)) if answers is not None else None
    if path is None:
        raise Http404(_("There is no such page."))
    context = {"path": path, "token": token, "is_shared": True, "status_url": settings.ASKME_STATUS_URL}
    response = render(request, "answers/shared.html", context)
    return unlisted(response)


def unlisted(response: HttpResponse) -> HttpResponse:
    """What is shared is for those who have the link, so search engines must not show it."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response


def _at(request: HttpRequest) -> UUID | None:
    """The answer to show, in a thread that is too long for one page."""
    try:
        return UUID(request.GET.get("at", ""))
    except ValueError:
        return None
