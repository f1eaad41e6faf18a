"""The admin of answers, read-only: every question, its answer, and how it ended."""

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest

from answers.models import Answer

USERNAME = f"user__{get_user_model().USERNAME_FIELD}"


@admin.register(Answer)
class AnswerAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
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
    search_fields = ["question", "text", "error_detail", "rating_note", USERNAME]
    date_hierarchy = "asked_at"
    list_select_related = ["user"]
    list_per_page = 50
    view_on_site = False  # only its owner may see that page
    show_full_result_count = False  # otherwise each search counts a large table twice
    fieldsets = [
        (None, {"fields": ["question", "text", "status", "user", "follows", "process"]}),
        ("Feedback", {"fields": ["rating", "rating_note"]}),
        ("Outcome", {"fields": ["finish_reason", "error_code", "error_message", "error_detail"]}),
        (
            "The model",
            {"fields": ["model", "model_label", "prompt_tokens", "completion_tokens", "tokens_estimated"]},
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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Answer]:
        # The list shows no long texts, so it need not read fifty answers of a megabyte each.
        match = request.resolver_match
        queryset = super().get_queryset(request)
        return queryset.defer("text", "error_detail") if match and not match.kwargs else queryset

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
