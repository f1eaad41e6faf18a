"""The admin of people: who they are, what they use, their limits, and what staff can do with an account."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import BooleanFieldListFilter
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html

from accounts.deactivation import deactivate, deactivation_of
from accounts.models import User
from accounts.person_actions import PersonActions, may_download
from accounts.person_search import FEW_PEOPLE, MOST_FOUND, ids_found
from accounts.person_usage import RECENT_DAYS, recent_use, usage_of
from answers.admin.entry_filters import DaysFilter
from answers.admin.numbers import moment, money
from answers.admin.paging import CappedChangeList, CappedPaginator
from answers.admin.rights import may_read
from answers.models import Answer, PersonalSettings

# Only superusers give rights. Otherwise whoever may change people could give themselves all of them.
RIGHTS = ["is_staff", "is_superuser", "groups", "user_permissions"]
# Whoever can log in as a person can read what they asked. So these need the right to read.
LOGIN = ["username", "email"]


class Joined(DaysFilter):
    title = "days of joining"
    column = "date_joined"


class PeopleList(CappedChangeList):
    """The list, with what the people on one page used lately."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        used = recent_use([user.pk for user in self.result_list])
        for user in self.result_list:
            user.recent = used.get(user.pk)


class OwnLimits(admin.StackedInline):  # type: ignore[type-arg]
    model = PersonalSettings
    fields = ["questions_per_day", "tokens_per_day", "cost_per_day", "keep_days"]
    readonly_fields = ["keep_days"]  # the person chooses
    can_delete = False


@admin.register(User)
class PersonAdmin(PersonActions, UserAdmin):  # type: ignore[type-arg]
    change_form_template = "admin/accounts/user/change_form.html"
    list_display = ["person", "recent", "seen", "joined"]
    list_filter = [
        Joined,
        ("is_guest", BooleanFieldListFilter),
        ("is_staff", BooleanFieldListFilter),
        ("is_superuser", BooleanFieldListFilter),
        ("is_active", BooleanFieldListFilter),
        "groups",
    ]
    search_help_text = (
        f"A username, an email address or an id. With more than {FEW_PEOPLE:,} people, a search finds"
        f" only the beginning of a name or address. It finds at most {MOST_FOUND:,} people."
    )
    fieldsets = [
        UserAdmin.fieldsets[0],  # type: ignore[index]
        (None, {"fields": ["deactivated", "usage"]}),
        *UserAdmin.fieldsets[1:],  # type: ignore[index]
    ]
    readonly_fields = ["deactivated", "usage", "last_login", "date_joined"]
    inlines = [OwnLimits]
    actions = ["deactivate", "activate"]
    ordering = ["-date_joined", "-pk"]
    sortable_by = ()  # each order would need an index with each filter
    list_per_page = 50
    list_max_show_all = 0
    paginator = CappedPaginator
    show_facets = admin.ShowFacets.NEVER  # they would count all rows
    show_full_result_count = False

    class Media:
        css = {"all": ["answers/admin.css"]}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[PeopleList]:
        return PeopleList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(pk__in=ids_found(search_term)), False

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Without the button that sets a password, for those who may not."""
        found = super().get_fieldsets(request, obj)
        if obj is None:
            return found
        left_out = set() if self.may_set_password(request, obj) else {"password"}
        left_out |= {"deactivated"} if obj.is_active else set()
        return [
            (name, part | {"fields": [field for field in part["fields"] if field not in left_out]})
            for name, part in found
        ]

    def get_inlines(self, request: HttpRequest, obj: User | None = None) -> list[Any]:
        return self.inlines if obj is not None else []  # the page that adds a person asks for little

    @admin.display(description="person")
    def person(self, user: User) -> str:
        """The username, and below it what kind of account it is, and its address."""
        kinds = [
            "deactivated" if not user.is_active else "",
            "guest" if user.is_guest else "",
            "superuser" if user.is_superuser else "staff" if user.is_staff else "",
            user.email,
        ]
        return format_html("{}<small>{}</small>", user.get_username(), ", ".join(filter(None, kinds)))

    @admin.display(description=f"last {RECENT_DAYS} days")
    def recent(self, user: Any) -> str:
        if not user.recent:
            return "-"
        answers = f"{user.recent.answers:,} answer{'' if user.recent.answers == 1 else 's'}"
        return f"{answers}, {money(user.recent.cost)}" if user.recent.cost else answers

    @admin.display(description="last login")
    def seen(self, user: User) -> str:
        return f"{timezone.localtime(user.last_login):%Y-%m-%d}" if user.last_login else "-"

    @admin.display(description="joined")
    def joined(self, user: User) -> str:
        return f"{timezone.localtime(user.date_joined):%Y-%m-%d}"

    @admin.display(description="deactivated")
    def deactivated(self, user: User) -> str:
        found = deactivation_of(user)
        return f"{moment(found.at)} by {found.staff_name}" if found else "The audit does not say by whom."

    @admin.display(description="usage")
    def usage(self, user: User) -> str:
        return usage_of(user) if user.pk else "-"

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        login = LOGIN if obj is not None and not may_read(request) else []
        return [*self.readonly_fields, *login, *([] if request.user.is_superuser else RIGHTS)]

    def may_set_password(self, request: HttpRequest, user: User) -> bool:
        return may_read(request) and self.has_change_permission(request, user)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        user = self.get_object(request, id)
        if user is not None and not self.may_set_password(request, user):
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        answers = self.admin_site.get_model_admin(Answer)
        context = {"may_download": may_download(request), "may_see": answers.has_view_permission(request)}
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "is_active" in form.changed_data and not obj.is_active:
            transaction.on_commit(lambda: deactivate([obj]))
