"""The admin of people and of invitations, where an operator also finds the links of invitations."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import Invitation, User
from accounts.removal import possessions, remove
from answers.models import Answer

SHOWN_PEOPLE = 100  # on the page that asks whether to delete them


@admin.register(User)
class AskmeUserAdmin(UserAdmin):  # type: ignore[type-arg]
    list_display = ["username", "email", "is_guest", "is_staff", "date_joined", "last_login"]
    list_filter = ["is_guest", *UserAdmin.list_filter]

    def get_deleted_objects(
        self, objs: Sequence[User] | QuerySet[User], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """How much a deletion deletes. Django would load each answer in order to list it."""
        found = possessions(objs)
        people = [str(user) for user in objs[:SHOWN_PEOPLE]]
        if (more := len(objs) - len(people)) > 0:
            people.append(f"and {more:,} more")
        counts = {"users": len(objs), "answers": found.answers}
        counts |= {"running answers": found.running, "shared links": found.shares}
        may_delete = not found.answers or self.admin_site.get_model_admin(Answer).has_delete_permission(
            request
        )
        return people, counts, set() if may_delete else {"answer"}, []

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        # After the admin's own transaction, because the answers are deleted in many short ones.
        transaction.on_commit(lambda: remove(obj))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        remove(*queryset)


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["for_whom", "made_at", "expires_at", "used_at", "used_by"]
    list_select_related = ["used_by"]
    search_fields = ["for_whom", "used_by__username", "used_by__email"]
    fields = ["for_whom", "expires_at", "link", "used_at", "used_by"]
    readonly_fields = ["link", "used_at", "used_by"]
    view_on_site = False  # an operator who opens the link would accept the invitation

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Invitation | None:
        invitation: Invitation | None = super().get_object(request, *args, **kwargs)
        if invitation is not None and invitation.used_at is None and invitation.expires_at > timezone.now():
            path = invitation.get_absolute_url()
            invitation.link = request.build_absolute_uri(path)  # type: ignore[attr-defined]
        return invitation

    @admin.display(description="link for one person")
    def link(self, invitation: Invitation) -> str:
        if invitation.pk is None:
            return "It is shown here once the invitation is saved."
        return getattr(invitation, "link", "It can no longer be used.")

    def response_add(
        self, request: HttpRequest, obj: Invitation, post_url_continue: str | None = None
    ) -> HttpResponse:
        fields = request.POST.copy()
        fields["_continue"] = "1"  # to the page that shows the link
        request.POST = fields  # type: ignore[assignment]
        return super().response_add(request, obj, post_url_continue)
