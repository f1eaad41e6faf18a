"""The admin of people, and of invitations, where an operator also finds their links."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import Invitation
from accounts.person_admin import PersonAdmin
from answers.admin.numbers import moment

__all__ = ["InvitationAdmin", "PersonAdmin"]


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["for_whom", "made", "expires", "used", "used_by"]
    list_select_related = ["used_by"]
    search_fields = ["for_whom", "used_by__username", "used_by__email"]
    fields = ["for_whom", "expires_at", "link", "used", "used_by"]
    readonly_fields = ["link", "used", "used_by"]
    view_on_site = False  # an operator who opens the link would accept the invitation

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Invitation | None:
        invitation: Invitation | None = super().get_object(request, *args, **kwargs)
        if invitation is not None and invitation.used_at is None and invitation.expires_at > timezone.now():
            path = invitation.get_absolute_url()
            invitation.link = request.build_absolute_uri(path)  # type: ignore[attr-defined]
        return invitation

    @admin.display(description="made", ordering="made_at")
    def made(self, invitation: Invitation) -> str:
        return moment(invitation.made_at)

    @admin.display(description="expires", ordering="expires_at")
    def expires(self, invitation: Invitation) -> str:
        return moment(invitation.expires_at)

    @admin.display(description="used", ordering="used_at")
    def used(self, invitation: Invitation) -> str:
        return moment(invitation.used_at) or "-"

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
