"""The admin of answers, read-only: every question, its answer, and how it ended."""

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from answers.admin.export import Exports
from answers.models import Answer
from answers.models.sources import ShownSource

LONG = ["text", "reasoning", "sources", "error_detail"]
USERNAME = f"user__{get_user_model().USERNAME_FIELD}"


@admin.register(Answer)
class AnswerAdmin(Exports):
    list_display = [
        "short_question",
        "status",
        "user",
        "model",
        "model_label",
        "asked_at",
        "rounded_seconds",
        "error_code",
        "rating",
    ]
    list_filter = ["status", "rating", "asked_at", "model", "error_code"]
    search_fields = [
        "question",
        "text",
        "error_detail",
        "rating_note",
        USERNAME,
        "=response_id",
        "=request_id",
    ]
    date_hierarchy = "asked_at"
    list_select_related = ["user"]
    list_per_page = 50
    view_on_site = False  # only its owner may see that page
    show_full_result_count = False  # otherwise each search counts a large table twice
    fieldsets = [
        (None, {"fields": ["question", "formatted", "cited", "status", "user", "follows", "process"]}),
        ("Source of the text", {"fields": ["text"], "classes": ["collapse"]}),
        ("Reasoning", {"fields": ["reasoning"], "classes": ["collapse"]}),
        ("Feedback", {"fields": ["rating", "rating_note"]}),
        ("Outcome", {"fields": ["finish_reason", "error_code", "error_message", "error_detail"]}),
        (
            "The model",
            {
                "fields": [
                    "model",
                    "model_label",
                    "sent_turns",
                    "prompt_tokens",
                    "cached_tokens",
                    "completion_tokens",
                    "reasoning_tokens",
                    "tokens_estimated",
                    "cost",
                    "response_id",
                    "request_id",
                ]
            },
        ),
        (
            "Times",
            {
                "fields": [
                    "asked_at",
                    "started_at",
                    "finished_at",
                    "first_text_seconds",
                    "seconds",
                    "stop_requested_at",
                ]
            },
        ),
    ]

    class Media:
        css = {"all": ["answers/text.css", "answers/admin.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Answer]:
        # The list shows no long texts, so it need not read fifty answers of a megabyte each.
        match = request.resolver_match
        queryset = super().get_queryset(request)
        return queryset.defer(*LONG) if match and not match.kwargs else queryset

    @admin.display(description="text")
    def formatted(self, answer: Answer) -> str:
        """The text as people see it."""
        html = answer.html
        return format_html('<div class="text" lang="">{}</div>', html) if html else "-"

    @admin.display(description="sources")
    def cited(self, answer: Answer) -> str:
        """The sources as people see them. An address that is not a link for them is shown as text."""
        pairs = zip(answer.sources, answer.shown_sources, strict=True)
        items = format_html_join("", "<li>{}</li>", ((_link(shown, one["url"]),) for one, shown in pairs))
        return format_html("<ol>{}</ol>", items) if items else "-"

    @admin.display(description="question", ordering="question")
    def short_question(self, answer: Answer) -> str:
        return str(answer)

    @admin.display(description="seconds", ordering="seconds")
    def rounded_seconds(self, answer: Answer) -> str:
        return "" if answer.seconds is None else f"{answer.seconds:.1f}"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Answer | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Answer | None = None) -> bool:
        """Never on these pages. The admin of users asks too, because it deletes people with their answers."""
        match = request.resolver_match
        is_here = match is not None and (match.url_name or "").startswith("answers_answer_")
        return not is_here and super().has_delete_permission(request, obj)


def _link(source: ShownSource, address: str) -> str:
    if not source.url:
        return format_html("<bdi>{}</bdi> (<bdi>{}</bdi>)", source.title, address)
    link = '<a href="{}" target="_blank" rel="noopener noreferrer nofollow"><bdi>{}</bdi></a> ({})'
    return format_html(link, source.url, source.title, source.host)
