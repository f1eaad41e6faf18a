"""Stopping and deleting answers: the actions of the list, and the buttons on the page of one."""

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from answers.admin import walk
from answers.admin.answer_list import AnswerList
from answers.admin.auditing import record
from answers.admin.deletion import delete_answers
from answers.admin.rights import may_stop
from answers.admin.stopping import stop_answers
from answers.models import Action, Answer

if TYPE_CHECKING:
    from answers.admin.answers import AnswerAdmin

CONFIRMATION = "admin/answers/answer/delete_selected_confirmation.html"


@admin.action(permissions=["stop"], description="Stop selected answers")
def stop_selected(model_admin: "AnswerAdmin", request: HttpRequest, queryset: QuerySet[Answer]) -> None:
    ids = _chosen(model_admin, request, queryset)
    stopped = stop_answers(ids)
    _record(request, Action.STOPPED, stopped)
    ended = len(ids) - len(stopped)
    sentence = f"{_answers(len(stopped))} stopped." if stopped else "No answer was stopped."
    if ended:
        sentence += f" {_answers(ended, '')} had already ended."
    model_admin.message_user(request, sentence, messages.SUCCESS if stopped else messages.WARNING)


@admin.action(permissions=["delete"], description="Delete selected answers")
def delete_selected(
    model_admin: "AnswerAdmin", request: HttpRequest, queryset: QuerySet[Answer]
) -> HttpResponse | None:
    """The page that asks for confirmation names the answers, so that no others are deleted."""
    if request.POST.get("post"):
        try:
            ids = [UUID(id) for id in request.POST.get("ids", "").split()]
        except ValueError:
            ids = []
        rows = Answer.objects.filter(pk__in=ids[: walk.COUNTED]).order_by()
        chosen = list(rows.select_related("user").only("pk", "user"))
        model_admin.log_deletions(request, rows.only("pk"))
        deleted = delete_answers([answer.pk for answer in chosen])
        _record(request, Action.DELETED, chosen)
        model_admin.message_user(request, f"{_answers(deleted)} deleted.", messages.SUCCESS)
        return None
    ids = _chosen(model_admin, request, queryset)
    rows = Answer.objects.filter(pk__in=ids).order_by()
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Delete answers",
        "opts": model_admin.opts,
        "media": model_admin.media,
        "count": len(ids),
        "is_newest": request.POST.get("select_across") == "1" and len(ids) == walk.COUNTED,
        "running": rows.unfinished().count(),
        "ids": " ".join(str(id) for id in ids),
        "first": ids[0] if ids else "",
        "action_checkbox_name": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, CONFIRMATION, context)


def stop_view(model_admin: "AnswerAdmin", request: HttpRequest, object_id: UUID) -> HttpResponse:
    """For the button on the page of an answer."""
    answer = get_object_or_404(Answer.objects.select_related("user").only("pk", "user"), pk=object_id)
    if not model_admin.has_view_permission(request, answer) or not may_stop(request):
        raise PermissionDenied
    if stop_answers([answer.pk]):
        record(request, Action.STOPPED, str(answer), person=answer.user, number=1)
        model_admin.message_user(request, "The answer is being stopped.", messages.SUCCESS)
    else:
        model_admin.message_user(request, "The answer has already ended.", messages.WARNING)
    return HttpResponseRedirect(reverse("admin:answers_answer_change", args=[answer.pk]))


def _chosen(model_admin: "AnswerAdmin", request: HttpRequest, queryset: QuerySet[Answer]) -> list[Any]:
    """The ids of those that are selected, or of all that the list counts."""
    if request.POST.get("select_across") == "1":
        return cast(AnswerList, model_admin.get_changelist_instance(request)).walk.newest_ids()
    return list(queryset.order_by().values_list("pk", flat=True))


def _record(request: HttpRequest, action: Action, answers: list[Answer]) -> None:
    """One entry for each person; Django's own log has one for each answer that is deleted."""
    people: dict[Any, list[Any]] = {}
    for answer in answers:
        people.setdefault(answer.user, []).append(answer.pk)
    for person, ids in people.items():
        what = f"answer {ids[0]}" if len(ids) == 1 else f"{len(ids):,} answers: {' '.join(map(str, ids))}"
        record(request, action, what, person=person, number=len(ids))


def _answers(number: int, verb: str = "were") -> str:
    noun, verb = ("answer", "was" if verb else "") if number == 1 else ("answers", verb)
    return f"{number:,} {noun} {verb}".rstrip()
