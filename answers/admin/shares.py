"""The admin of shared links, where an operator can revoke them."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Substr
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_GET

from answers.admin.auditing import record
from answers.admin.numbers import moment
from answers.admin.paging import CappedChangeList, CappedPaginator
from answers.admin.rights import may_read, may_see_names
from answers.models import Action, Answer, Share

SHOWN_CHARS = 80


class ShareList(CappedChangeList):
    def get_results(self, request: HttpRequest) -> None:
        """With the first question of each thread: of this page, since the others are only counted."""
        super().get_results(request)
        asked = Answer.objects.filter(thread=OuterRef("thread"), user=OuterRef("user"))
        first = asked.order_by("asked_at", "pk").annotate(shown=Substr("question", 1, SHOWN_CHARS))
        page: Any = self.result_list
        keys = [share.pk for share in page[: self.list_per_page]]
        shown = Share.objects.filter(pk__in=keys).select_related("user")
        shown = shown.annotate(first=Subquery(first.values("shown")[:1]))
        self.result_list = list(shown.order_by("-created_at", "-pk"))


@admin.register(Share)
class ShareAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display_links = None  # the first question is a link to the thread
    list_select_related = False
    list_per_page = 50
    list_max_show_all = 0
    sortable_by = ()
    paginator = CappedPaginator
    show_full_result_count = False
    ordering = ["-created_at"]
    readonly_fields = ["created"]
    search_fields = ["pk"]
    search_help_text = "The whole link, or its last part. To revoke links, select and delete them."
    view_on_site = False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return False  # `?token__startswith=a` would tell a link, letter by letter

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Share | None:
        return None if "\0" in object_id else super().get_object(request, object_id, from_field)

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> Any:
        """The boxes of the rows contain the links, with which anybody can read."""
        if not may_read(request):
            return {}
        # Django has this argument from 6.1 on.
        where = {} if action_location is None else {"action_location": action_location}
        return super().get_actions(request, **where)

    def get_fields(self, request: HttpRequest, obj: Share | None = None) -> list[Any]:
        return ["user", "created"] if may_see_names(request) else ["created"]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        first = "first_question" if may_read(request) else "thread"
        return [first, "user" if may_see_names(request) else "user_id", "created"]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if may_read(request):
            record(request, Action.READ, "list of shared links")  # without the link that was searched
        return super().changelist_view(request, extra_context)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[CappedChangeList]:
        return ShareList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Share], search_term: str
    ) -> tuple[QuerySet[Share], bool]:
        """By the whole link, or its token."""
        if not search_term.strip():
            return queryset, False
        return queryset.filter(pk__in=Share.objects.of_link(search_term).values("pk")), False

    @admin.display(description="first question")
    def first_question(self, share: Share) -> str:
        """A link to the thread, if the shared link works."""
        first = getattr(share, "first", None)
        if not first or not share.user.is_active:
            return f"{first} (deactivated)" if first else "deleted"
        return format_html('<a href="{}">{}</a>', reverse("admin:answers_share_open", args=[share.pk]), first)

    @admin.display(description="created")
    def created(self, share: Share) -> str:
        return moment(share.created_at)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(require_GET(self.open_view))
        return [path("<str:pk>/open/", view, name="answers_share_open"), *super().get_urls()]

    def open_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """To the shared thread, which anybody with the link may read, but of which no page says who did."""
        if not self.has_view_permission(request) or not may_read(request):
            raise PermissionDenied
        found = None if "\0" in pk else Share.objects.valid(pk).select_related("user").first()
        if found is None:
            raise Http404
        record(request, Action.READ, f"shared {found}", person=found.user)
        return redirect(found)

    def delete_model(self, request: HttpRequest, obj: Share) -> None:
        record(request, Action.DELETED, f"shared link of {obj}", person=obj.user, number=1)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Share]) -> None:
        what = " ".join(str(thread) for thread in queryset.values_list("thread", flat=True))
        record(request, Action.DELETED, f"shared links of threads: {what}", number=queryset.count())
        super().delete_queryset(request, queryset)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Share | None = None) -> bool:
        return False
