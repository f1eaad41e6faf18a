"""What the page of a person offers and says: the password button, and who deactivated them."""

import re

import pytest

from accounts.models import User
from answers.models import Action, AuditEntry
from tests.support.staff import operator as superuser
from tests.support.staff import staff

pytestmark = pytest.mark.django_db
LIST = "/admin/accounts/user/"


@pytest.fixture
def alice():
    return User.objects.create_user("alice", password="a-password-1")


def page(client, user):
    html = client.get(f"{LIST}{user.pk}/change/").content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def deactivate(client, *people):
    data = {"action": "deactivate", "_selected_action": [one.pk for one in people]}
    reply = client.post(LIST, data, follow=True)
    return [str(message) for message in reply.context["messages"]]


RIGHTS = [
    ("view_user",),
    ("view_user", "read_answer"),
    ("view_user", "change_user"),
    ("view_user", "change_user", "read_answer"),
]


@pytest.mark.parametrize("rights", RIGHTS)
def test_the_button_that_sets_a_password_is_for_those_who_may(alice, rights):
    client = staff(*rights)
    may = rights == RIGHTS[-1]
    assert ("password" in page(client, alice).lower()) == may
    assert client.get(f"{LIST}{alice.pk}/password/").status_code == (200 if may else 403)


def test_the_button_is_not_offered_for_another_member_of_the_staff(alice):
    boss = User.objects.create_user("boss", password="a-password-1", is_staff=True)
    helper = staff("view_user", "change_user", "read_answer")
    assert "password" not in page(helper, boss).lower()
    assert helper.get(f"{LIST}{boss.pk}/password/").status_code == 403
    assert "Reset password" in page(superuser(), boss)


def test_a_form_without_the_password_keeps_it(alice):
    helper = staff("view_user", "change_user")
    shown = helper.get(f"{LIST}{alice.pk}/change/").context["adminform"].form.initial
    sent = {name: value for name, value in shown.items() if value not in (None, False)}
    done = helper.post(f"{LIST}{alice.pk}/change/", sent | {"first_name": "Al"})
    assert done.status_code in (200, 302)
    assert User.objects.get(pk=alice.pk).check_password("a-password-1")


def test_a_deactivated_persons_page_says_who_did_it_and_when(alice):
    helper = staff("view_user", "change_user")
    assert "Deactivated" not in page(helper, alice)
    deactivate(helper, alice)
    AuditEntry.objects.create(staff_name="ann", action=Action.READ, what="answer 7", person="alice")
    assert re.search(r"Deactivated: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d by staff-1", page(helper, alice))
    AuditEntry.objects.all().delete()
    assert "Deactivated: The audit does not say by whom." in page(helper, alice)


def test_only_those_who_were_active_are_counted_and_audited(alice):
    bob, operator = User.objects.create_user("bob"), superuser()
    assert deactivate(operator, alice)[0].startswith("1 person was deactivated.")
    assert deactivate(operator, alice, bob)[0].startswith("1 person was deactivated.")
    assert deactivate(operator, alice, bob) == ["Everybody you selected is already deactivated."]
    whats = AuditEntry.objects.filter(action=Action.CHANGED).order_by("pk").values_list("what", flat=True)
    assert list(whats) == ["user alice: deactivated", "user bob: deactivated"]
    data = {"action": "activate", "_selected_action": [alice.pk, bob.pk]}
    User.objects.filter(pk=bob.pk).update(is_active=True)
    done = operator.post(LIST, data, follow=True)
    assert [str(one) for one in done.context["messages"]] == ["1 person was activated."]
