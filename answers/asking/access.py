"""Who may read an answer. A missing answer and somebody else's answer look the same."""

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.translation import gettext as _

from answers.asking.requester import Requester
from answers.engine.hooks import site_hooks
from answers.engine.runtime import run_in_database_thread
from answers.models import Answer, Share
from answers.protocol import Refused


class WithoutAccess(NamedTuple):
    """Primary keys."""

    deactivated: set[Any]
    deleted: set[Any]


@run_in_database_thread
def require_reader(requester: Requester, answer: UUID, share: str | None = None) -> None:
    """Raises `Refused` if this person may not read the answer, or if the shared link does not include it."""
    if not (_is_shared(share, answer) if share is not None else _may_read(requester, answer)):
        raise not_found(answer)


@run_in_database_thread
def require_login(requester: Requester) -> None:
    """Raises `Refused` if the person was logged in and no longer is."""
    requester.user()


@run_in_database_thread
def without_access(users: Collection[Any]) -> WithoutAccess:
    """Which of these users, by primary key, have no access any more."""
    model = get_user_model()
    rows = model._base_manager.filter(pk__in=users)
    if "is_active" not in {field.name for field in model._meta.get_fields()}:
        return WithoutAccess(set(), set(users) - set(rows.values_list("pk", flat=True)))
    found = dict(rows.values_list("pk", "is_active"))
    deactivated = {pk for pk, is_active in found.items() if not is_active}
    if deactivated:  # a question that was being saved meanwhile, in this thread, is saved by now
        late = Answer.objects.filter(user__in=deactivated, stop_requested_at=None).order_by().unfinished()
        late.update(stop_requested_at=timezone.now())
    return WithoutAccess(deactivated, set(users) - set(found))


def not_found(answer: UUID) -> Refused:
    return Refused("not_found", _("There is no such answer, or it is not yours."), answer=answer)


def _may_read(requester: Requester, answer: UUID) -> bool:
    user = requester.user(answer)
    if user is None:
        requester.require_session(answer)
        return False
    found = Answer.objects.only("user_id").filter(pk=answer).first()
    return found is not None and site_hooks().may_read(user, found)


def _is_shared(share: str, answer: UUID) -> bool:
    found = Share.objects.valid(share).first()
    return found is not None and found.answers.filter(pk=answer).exists()
