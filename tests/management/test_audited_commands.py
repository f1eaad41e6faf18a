"""What a command deletes is in the audit, as if it had been done in the admin."""

import pytest
from django.core.management import call_command

from accounts.models import User
from answers.models import Action, AuditEntry, Share
from tests.support.answers import make_answer


@pytest.mark.parametrize("option", [[], ["--yes"]])
@pytest.mark.django_db
def test_deleted_people_and_revoked_links_are_in_the_audit_once_they_are_gone(option):
    alice = User.objects.create_user("alice")
    share = Share.objects.create(user=alice, thread=make_answer(alice, question="Why?").thread)
    call_command("revoke_share", share.pk, *option)
    call_command("delete_person", "alice", *option)
    found = [(one.staff_name, one.action, one.what, one.person) for one in AuditEntry.objects.order_by("pk")]
    link = ("(terminal)", Action.DELETED, f"shared link of thread {share.thread}", "alice")
    person = ("(terminal)", Action.DELETED, "user alice", "alice")
    assert found == ([link, person] if option else [])
