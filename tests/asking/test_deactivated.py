"""Who is deactivated, as every process looks for it, and what was being saved for them at that moment."""

import pytest

from accounts.deactivation import deactivate
from accounts.models import User
from answers.asking import access
from answers.models import Answer, Status
from tests.support.answers import make_answer


@pytest.mark.django_db
def test_a_question_that_was_saved_just_after_its_person_was_deactivated_is_stopped():
    alice, bob = (User.objects.create_user(name) for name in ("alice", "bob"))
    deactivate([alice])
    late = make_answer(alice, question="Late?", status=Status.QUEUED)
    other = make_answer(bob, question="Mine?", status=Status.QUEUED)
    look = access.without_access.__wrapped__  # without the database thread
    gone = bob.pk + 1
    assert look({alice.pk, bob.pk, gone}) == ({alice.pk}, {gone})
    assert Answer.objects.get(pk=late.pk).stop_requested_at is not None
    assert Answer.objects.get(pk=other.pk).stop_requested_at is None
    assert look({bob.pk}) == (set(), set())
