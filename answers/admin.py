"""What the operator sees: every question with its answer and how it ended. Nothing is written here."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from answers.models import Answer, User

admin.site.site_header = admin.site.site_title = "Ask Me Anything"
admin.site.index_title = "Administration"


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
    search_fields = ["question", "text", "user__username", "error_detail", "rating_note"]
    date_hierarchy = "asked_at"
    list_select_related = ["user"]
    list_per_page = 50
    show_full_result_count = False  # counting a large table twice for each search
    fieldsets = [
        (None, {"fields": ["question", "text", "status", "user", "follows"]}),
        ("What the person said of it", {"fields": ["rating", "rating_note"]}),
        ("How it ended", {"fields": ["finish_reason", "error_code", "error_message", "error_detail"]}),
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
                    "heartbeat_at",
                    "stop_requested_at",
                ]
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Answer]:
        # The list shows none of the long texts; fifty answers of a megabyte need not be read for it.
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
        return False


@admin.register(User)
class AskmeUserAdmin(UserAdmin):  # type: ignore[type-arg]
    list_display = ["username", "email", "is_guest", "is_staff", "date_joined", "last_login"]
    list_filter = ["is_guest", *UserAdmin.list_filter]
