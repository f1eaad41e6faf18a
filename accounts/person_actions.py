"""What staff can do with people's accounts: deactivate them, and download or delete what is stored.

All of it is in the audit, a deletion with what Django itself logs (answers/admin/auditing.py).
"""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import translation

from accounts.deactivation import activate, deactivate
from accounts.models import User
from accounts.removal import possessions, remove
from answers.admin.auditing import record
from answers.models import Action, Answer
from answers.pages.export import export_of

MOST_AT_ONCE = 1_000  # people, in one request
MOST_COUNTED = 10_000  # answers, on the page that asks whether to delete them
SHOWN_PEOPLE = 100  # on the same page
DATA_RIGHTS = ("answers.read_answer", "answers.export_answer")


def may_download(request: HttpRequest) -> bool:
    return request.user.has_perms(DATA_RIGHTS)


def may_touch(request: HttpRequest, user: User) -> bool:
    """Only superusers change the accounts of other staff: whoever sets a password there has their rights."""
    is_privileged = user.is_staff or user.is_superuser
    return request.user.is_superuser or user.pk == request.user.pk or not is_privileged


class PersonActions(admin.ModelAdmin):  # type: ignore[type-arg]
    def get_urls(self) -> list[URLPattern]:
        views = [("data.json", self.data), ("data.md", self.data)]
        views += [("deactivate/", self.deactivate_one), ("activate/", self.activate_one)]
        urls = [
            path(f"<int:pk>/{end}", self.admin_site.admin_view(view), name=f"accounts_user_{end.strip('/')}")
            for end, view in views
        ]
        return urls + super().get_urls()

    @admin.action(description="Deactivate the selected people", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        chosen = [user for user in self._changeable(request, queryset) if user.pk != request.user.pk]
        stopped = deactivate(chosen)  # also those who are, in case that a question was just being saved
        people = [user for user in chosen if user.is_active]
        for user in people:
            record(request, Action.CHANGED, f"user {user}: deactivated", person=user)
        if people:
            answers = f" {_count(stopped, 'answer was', 'answers were')} stopped." if stopped else ""
            done = f"{_count(len(people), 'person was', 'people were')} deactivated.{answers}"
            self.message_user(request, f"{done} Their open pages are disconnected within seconds.")
        elif chosen:
            self.message_user(request, "Everybody you selected is already deactivated.", messages.INFO)
        if queryset.filter(pk=str(request.user.pk)).exists():
            self.message_user(request, "You cannot deactivate yourself.", messages.WARNING)

    @admin.action(description="Activate the selected people", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        chosen = self._changeable(request, queryset)
        people = [user for user in chosen if not user.is_active]
        activate(people)
        for user in people:
            record(request, Action.CHANGED, f"user {user}: activated", person=user)
        if people:
            self.message_user(request, f"{_count(len(people), 'person was', 'people were')} activated.")
        elif chosen:
            self.message_user(request, "Everybody you selected is already active.", messages.INFO)

    def _changeable(self, request: HttpRequest, queryset: QuerySet[User]) -> list[User]:
        people = list(queryset[: MOST_AT_ONCE + 1])
        if len(people) > MOST_AT_ONCE:
            self.message_user(request, f"At most {MOST_AT_ONCE:,} people at once.", messages.ERROR)
            return []
        allowed = [user for user in people if self.has_change_permission(request, user)]
        if len(allowed) < len(people):
            refusal = "Only superusers can change other members of the staff."
            self.message_user(request, refusal, messages.WARNING)
        return allowed

    def deactivate_one(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._change_one(request, pk, self.deactivate)

    def activate_one(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._change_one(request, pk, self.activate)

    def _change_one(self, request: HttpRequest, pk: int, action: Any) -> HttpResponse:
        user = self._user(request, pk)
        if request.method != "POST" or not self.has_change_permission(request, user):
            raise PermissionDenied
        action(request, User.objects.filter(pk=pk))
        return redirect("admin:accounts_user_change", pk)

    def data(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """The file that the person would get on the page of their history, in English."""
        user = self._user(request, pk)
        if request.method != "GET" or not may_download(request):
            raise PermissionDenied
        suffix = request.path.rpartition(".")[2]
        number = Answer.objects.filter(user=user).order_by().count()
        what = f"all answers of user {user} ({suffix})"
        record(request, Action.EXPORTED, what, person=user, number=number)
        with translation.override("en"):
            return export_of(request, user.pk, suffix)

    def _user(self, request: HttpRequest, pk: int) -> User:
        user: User | None = self.get_object(request, str(pk))
        if user is None:
            raise Http404
        if not self.has_view_permission(request, user):
            raise PermissionDenied
        return user

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or may_touch(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or may_touch(request, obj))

    def get_deleted_objects(
        self, objs: Sequence[User] | QuerySet[User], request: HttpRequest
    ) -> tuple[list[str], dict[str, Any], set[str], list[str]]:
        """How much a deletion deletes. Django would load each answer in order to list it."""
        found = possessions(objs, most=MOST_COUNTED)
        people = [str(user) for user in objs[:SHOWN_PEOPLE]]
        if (more := len(objs) - len(people)) > 0:
            people.append(f"and {more:,} more")
        answers = found.answers if found.answers <= MOST_COUNTED else f"more than {MOST_COUNTED:,}"
        counts = {"users": len(objs), "answers": answers}
        counts |= {"running answers": found.running, "shared links": found.shares}
        may_delete = not found.answers or self._may_delete_answers(request)
        protected = [str(user) for user in objs if not self.has_delete_permission(request, user)]
        return people, counts, set() if may_delete else {"answer"}, protected

    def _may_delete_answers(self, request: HttpRequest) -> bool:
        return self.admin_site.get_model_admin(Answer).has_delete_permission(request)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        # After the admin's own transaction, because the answers are deleted in many short ones.
        transaction.on_commit(lambda: remove(obj))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        remove(*queryset)


def _count(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"
