"""The admin of answers, read-only: every question, its answer, and how it ended.

What it shows depends on several rights; see answers/admin/rights.py. `str(answer)` has no text, because
Django shows it in titles and messages, and keeps it in its log.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.views.decorators.http import require_POST

from answers.admin import answer_actions, answer_page
from answers.admin.answer_list import AnswerList
from answers.admin.auditing import record
from answers.admin.deletion import delete_answers
from answers.admin.export import Exports
from answers.admin.filters import FILTERS, NAMES
from answers.admin.numbers import UNKNOWN, moment
from answers.admin.rights import may_read, may_see_names, may_stop
from answers.models import Action, Answer, Status


@admin.register(Answer)
class AnswerAdmin(Exports):
    list_filter = FILTERS  # type: ignore[assignment]
    ordering = ["-asked_at", "-pk"]
    sortable_by = ()  # no other order has an index
    show_facets = admin.ShowFacets.NEVER
    view_on_site = False  # only its owner may see that page
    fields = ()  # answers/templates/admin/answers/answer/change_form.html shows them
    actions = [answer_actions.stop_selected, answer_actions.delete_selected]

    class Media:
        css = {"all": ["answers/text.css", "answers/admin.css", "answers/admin_answers.css"]}

    # -- Rights

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Answer | None = None) -> bool:
        return False

    def has_stop_permission(self, request: HttpRequest) -> bool:
        return may_stop(request)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in NAMES

    # -- The list

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[AnswerList]:
        return AnswerList

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        answer = "answer" if may_see_names(request) else "answer_of_number"
        first = "asked_question" if may_read(request) else answer
        return ["asked", first, "state", "tokens", "price", "took"]

    def get_list_display_links(self, request: HttpRequest, list_display: Sequence[Any]) -> Any:
        return None  # a cell has several links

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response = super().changelist_view(request, {"title": "Answers", **(extra_context or {})})
        shown = (response.context_data or {}).get("cl") if isinstance(response, TemplateResponse) else None
        if isinstance(shown, AnswerList):
            number = len(shown.result_list)
            if shown.query:
                record(
                    request,
                    Action.SEARCHED,
                    f"answers: {shown.description}".rstrip(": "),
                    person=shown.person,
                    words=shown.query,
                    number=number,
                )
            elif may_read(request) and number:
                what = f"list of answers: {shown.description}".rstrip(": ")
                record(request, Action.READ, what, person=shown.person, number=number)
        return response

    @admin.display(description="asked")
    def asked(self, answer: Answer) -> str:
        day, _, time = moment(answer.asked_at).partition(" ")
        return format_html('<span class="day">{}</span> {}', day, time)

    @admin.display(description="question")
    def asked_question(self, answer: Answer) -> str:
        text = " ".join(str(getattr(answer, "beginning", "")).split())
        cell = _cell(answer, text or "(empty)", str(answer.user))
        if not answer.rating_note:
            return cell
        return format_html('{}<q class="comment" lang="">{}</q>', cell, answer.rating_note)

    @admin.display(description="answer")
    def answer(self, answer: Answer) -> str:
        return _cell(answer, str(answer.pk), str(answer.user))

    @admin.display(description="answer")
    def answer_of_number(self, answer: Answer) -> str:
        return _cell(answer, str(answer.pk), f"Person {answer.user_id}")

    @admin.display(description="status")
    def state(self, answer: Answer) -> str:
        status = format_html(
            '<span class="status {}">{}</span>', answer.status, answer_page.shown_status(answer)
        )
        more = [answer.error_code, answer_page.shown_rating(answer)]
        lines = format_html_join("", ' <span class="code">{}</span>', ((one,) for one in more if one))
        return format_html("{}{}", status, lines)

    @admin.display(description="tokens")
    def tokens(self, answer: Answer) -> str:
        if answer.prompt_tokens is None and answer.completion_tokens is None:
            return ""
        about = "≈" if answer.tokens_estimated else ""
        return f"{about}{answer.prompt_tokens or 0:,} + {answer.completion_tokens or 0:,}"

    @admin.display(description="cost")
    def price(self, answer: Answer) -> str:
        if answer.cost is not None:
            return answer_page.shown_cost(answer.cost)
        if not Status(answer.status).is_end:
            return ""
        return format_html('<abbr title="The cost is unknown.">{}</abbr>', UNKNOWN)

    @admin.display(description="seconds")
    def took(self, answer: Answer) -> str:
        return "" if answer.seconds is None else f"{answer.seconds:,.1f}"

    # -- The page of an answer

    def get_urls(self) -> list[Any]:
        stop = self.admin_site.admin_view(require_POST(self.stop_view))
        return [path("<uuid:object_id>/stop/", stop, name="answers_answer_stop"), *super().get_urls()]

    def stop_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        return answer_actions.stop_view(self, request, object_id)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Answer]:
        return (
            super().get_queryset(request).select_related("user")
            if _is_page(request)
            else super().get_queryset(request)
        )

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        answer = kwargs["obj"]
        if may_read(request):
            record(request, Action.READ, f"{answer} and its thread", person=answer.user, number=1)
        context |= answer_page.context(request, answer) | {"title": f"Answer {answer.pk}", "subtitle": None}
        return super().render_change_form(request, context, *args, **kwargs)

    # -- Deleting one

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Nothing else is deleted: what followed it then follows the answer before it."""
        running = sum(not Status(answer.status).is_end for answer in objs)
        counts = {"answers": len(objs)} | ({"of which running": running} if running else {})
        perms_needed = set() if self.has_delete_permission(request) else {"answer"}
        return [str(answer) for answer in objs], counts, perms_needed, []

    def delete_model(self, request: HttpRequest, obj: Answer) -> None:
        record(request, Action.DELETED, str(obj), person=obj.user, number=1)
        delete_answers([obj.pk])


def _cell(answer: Answer, text: str, person: str) -> str:
    """A link to the answer, and below it who asked which model."""
    address = reverse("admin:answers_answer_change", args=[answer.pk])
    model = f"{answer.model} ({answer.model_label})" if answer.model_label else answer.model
    return format_html(
        '<a class="to-answer" href="{}"><bdi lang="">{}</bdi></a>'
        '<span class="code"><a href="?user={}"><bdi>{}</bdi></a> <bdi>{}</bdi></span>',
        address,
        text,
        answer.user_id,
        person,
        model,
    )


def _is_page(request: HttpRequest) -> bool:
    match = request.resolver_match
    return bool(match and match.kwargs)
