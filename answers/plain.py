"""Asking and stopping without JavaScript: the forms of the page as a browser sends them by itself.

It is what the websocket does, on the same event loop. Under Daphne a view runs in a thread that came from the
server's loop, and `async_to_sync` goes back to that loop, where this process's worker is.
"""

import json
import logging
from typing import Any, cast
from uuid import UUID, uuid4

from asgiref.sync import async_to_sync
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from answers import asking, events
from answers.address import address_of
from answers.events import Ask, Refused
from answers.history import own_answers, own_or_404
from answers.models import Answer
from answers.speaker import Speaker
from answers.views import render_page

log = logging.getLogger(__name__)

# By the code of a refusal; the rest is 400.
STATUSES = {
    "login_required": 403,
    "no_session": 403,
    "not_found": 404,
    "too_many_questions": 429,
    "busy": 503,
}
AGAIN_SECONDS = 30  # until it is worth another try when the database is away
DRAFT = "draft"  # in the session: what was typed by somebody who must log in first

asked_or_read = require_http_methods(["GET", "HEAD", "POST"])


class SeeOther(HttpResponseRedirect):
    """Go there with GET, whatever this was: a reload of that page sends no form again."""

    status_code = 303


@asked_or_read
@never_cache
def ask(request: ASGIRequest) -> HttpResponse:
    if request.method != "POST":  # back from the login, or by the address of a page that was refused
        question, place = request.session.pop(DRAFT, ("", None))
        return render_page(request, _own(request, place), refused={"question": question})
    fields = {name: request.POST.get(name) or None for name in ("follows", "revises", "model")}
    fields["answer"] = _id(request.POST.get("answer", ""))
    # A form's lines end with CRLF, whatever the box has.
    fields["question"] = request.POST.get("question", "").replace("\r\n", "\n")
    try:
        asked = cast(Ask, events.parse(json.dumps({"type": "question.ask", **fields})))
        async_to_sync(asking.ask)(_speaker(request), asked, address_of(dict(request.scope)))
    except Refused as refused:
        return _refuse(request, fields, refused)
    except DatabaseError as error:
        log.error("a question could not be saved, the store failed: %s", error)
        return _keep(request, fields)
    return SeeOther(reverse("answer", args=[asked.answer]))


@asked_or_read
@never_cache
def stop(request: ASGIRequest, pk: UUID) -> HttpResponse:
    answer = own_or_404(request, pk)
    if request.method == "POST":
        try:
            async_to_sync(asking.stop)(_speaker(request), pk)
        except Refused as refused:  # deleted at this moment
            raise Http404(refused.message) from None
    return SeeOther(answer.get_absolute_url())


def _speaker(request: ASGIRequest) -> Speaker:
    return Speaker(request.session.session_key or "")


def _id(value: str) -> str:
    """As the page's form brought it, so that a form sent twice is one question; or a new one."""
    try:
        return str(UUID(value))
    except ValueError:
        return str(uuid4())


def _refuse(request: ASGIRequest, fields: dict[str, Any], refused: Refused) -> HttpResponse:
    """The page that the form was on, with the sentence, and with what was typed in the box."""
    page = _own(request, fields["follows"] or fields["revises"])
    if page is None or fields["follows"]:
        fields = fields | {"revises": None}
    if refused.code == "login_required":
        request.session[DRAFT] = fields["question"], str(page.pk) if page else None
    response = render_page(
        request,
        page,
        refused=fields,
        problem=refused.message,
        status=STATUSES.get(refused.code, 400),
    )
    if refused.retry_after is not None:
        response.headers["Retry-After"] = str(refused.retry_after)
    return response


def _own(request: ASGIRequest, pk: str | None) -> Answer | None:
    try:
        return own_answers(request).filter(pk=UUID(pk)).first() if pk else None
    except ValueError:
        return None


def _keep(request: ASGIRequest, fields: dict[str, Any]) -> HttpResponse:
    """What was typed, on a page that needs no database: without the bar, which says who is here."""
    context = {"fields": fields, "csrf_token": get_token(request)}
    page = render_to_string("answers/unavailable.html", context)
    return HttpResponse(page, status=503, headers={"Retry-After": str(AGAIN_SECONDS)})
