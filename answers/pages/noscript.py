"""Asking and stopping without JavaScript: the page's forms, as a browser sends them by itself.

This does the same as the websocket, on the same event loop. An ASGI server runs a view in a thread that its
loop has started, and `async_to_sync` returns to that loop, which has the worker of this process.
"""

import json
import logging
from typing import Any, cast
from uuid import UUID, uuid4

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

import answers
from answers import protocol
from answers.asking.address import address_of
from answers.asking.requester import SessionRequester
from answers.engine.hooks import site_hooks
from answers.models import Answer
from answers.pages.ask import render_page
from answers.pages.history import own_answers, own_or_404
from answers.protocol import Ask, Refused

log = logging.getLogger(__name__)

# By error code. All others are 400.
STATUSES = {
    "login_required": 403,
    "no_session": 403,
    "not_found": 404,
    "too_many_questions": 429,
    "budget_used": 429,
    "busy": 503,
}
RETRY_SECONDS = 30  # until it is worth trying again when the database is down
DRAFT = "draft"  # the session's key for a question that was typed before logging in

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


class SeeOther(HttpResponseRedirect):
    """The browser follows it with GET, so that reloading the page does not send the form again."""

    status_code = 303


@get_or_post
@never_cache
def ask(request: ASGIRequest) -> HttpResponse:
    if request.method != "POST":  # after logging in, or a reload of a refused form
        question, place = request.session.pop(DRAFT, ("", None))
        return render_page(request, _own_answer(request, place), refused={"question": question})
    fields = {name: request.POST.get(name) or None for name in ("follows", "revises", "model")}
    fields["answer"] = _id(request.POST.get("answer", ""))
    # Browsers send line breaks in forms as CRLF.
    fields["question"] = request.POST.get("question", "").replace("\r\n", "\n")
    try:
        frame = cast(Ask, protocol.parse(json.dumps({"type": "question.ask", **fields})))
        async_to_sync(answers.ask)(
            _requester(request),
            frame.question,
            answer=frame.answer,
            follows=frame.follows,
            revises=frame.revises,
            model=frame.model,
        )
    except Refused as refused:
        return _refuse(request, fields, refused)
    except DatabaseError as error:
        log.error("a question could not be saved because the database failed: %s", error)
        return _unavailable(request, fields)
    return SeeOther(reverse("answer", args=[frame.answer]))


@get_or_post
@never_cache
def stop(request: ASGIRequest, pk: UUID) -> HttpResponse:
    answer = own_or_404(request, pk)
    if request.method == "POST":
        try:
            async_to_sync(answers.stop)(_requester(request), pk)
        except Refused as refused:  # it was just deleted
            raise Http404(refused.message) from None
    return SeeOther(answer.get_absolute_url())


def _requester(request: ASGIRequest) -> SessionRequester:
    # The cookies, and not `request.session`, which forgets the key of a session that has ended.
    return SessionRequester(site_hooks().session_key(request.COOKIES), address_of(dict(request.scope)))


def _id(value: str) -> str:
    """The id from the form, so that a form sent twice is one question. A new one if that is invalid."""
    try:
        return str(UUID(value))
    except ValueError:
        return str(uuid4())


def _refuse(request: ASGIRequest, fields: dict[str, Any], refused: Refused) -> HttpResponse:
    """The page that the form was on, with the message and what was typed."""
    page = _own_answer(request, fields["follows"] or fields["revises"])
    if page is None or fields["follows"]:
        fields = fields | {"revises": None}
    if refused.code == "login_required":
        request.session[DRAFT] = fields["question"], str(page.pk) if page else None
    response = render_page(
        request,
        page,
        refused=fields,
        problem=refused.message,
        problem_code=refused.code,
        status=STATUSES.get(refused.code, 400),
    )
    if refused.retry_after is not None:
        response.headers["Retry-After"] = str(refused.retry_after)
    return response


def _own_answer(request: ASGIRequest, pk: str | None) -> Answer | None:
    try:
        return own_answers(request).filter(pk=UUID(pk)).first() if pk else None
    except ValueError:
        return None


def _unavailable(request: ASGIRequest, fields: dict[str, Any]) -> HttpResponse:
    """What was typed, on a page that needs no database and so does not show who is logged in."""
    context = {
        "fields": fields,
        "csrf_token": get_token(request),
        "status_url": settings.ASKME_STATUS_URL,
    }
    page = render_to_string("answers/unavailable.html", context)
    return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_SECONDS)})
