"""Rights that would lead around the right to read or to all rights, and entries that hide something."""

import pytest
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType

from accounts.models import Invitation, User
from answers.models import Action, Answer, AuditEntry, Share
from tests.support.answers import make_answer
from tests.support.staff import operator, staff

pytestmark = pytest.mark.django_db

LIST = "/admin/answers/answer/"
SHARES = "/admin/answers/share/"


@pytest.fixture
def alice():
    return User.objects.create_user("alice", "alice@example.org")


@pytest.fixture
def answer(alice):
    return make_answer(alice, question="Secret?")


def test_without_the_right_to_read_the_list_of_shared_links_gives_no_link_away(answer):
    token = Share.objects.create(user=answer.user, thread=answer.thread).pk
    client = staff("view_share", "delete_share")
    html = client.get(SHARES).content.decode()
    assert "1 shared link" in html
    assert token not in html
    for lookup in (f"token__startswith={token[0]}", f"pk={token}", "token__gte=a"):
        reply = client.get(f"{SHARES}?{lookup}")
        assert "shared link" not in reply.content.decode() or reply.status_code == 400
    assert token in staff("view_share", "delete_share", "read_answer").get(SHARES).content.decode()


@pytest.mark.parametrize(
    ("right", "page"),
    [
        ("view_usersession", "usersessions/usersession/"),
        ("change_emailaddress", "account/emailaddress/"),
        ("change_group", "auth/group/"),
        ("view_authenticator", "mfa/authenticator/"),
        ("view_socialaccount", "socialaccount/socialaccount/"),
    ],
)
def test_what_leads_to_other_accounts_and_rights_is_for_superusers(right, page):
    assert staff(right).get(f"/admin/{page}").status_code == 403
    assert operator().get(f"/admin/{page}").status_code == 200
    assert Group.objects.count() == 0


def test_who_may_not_read_cannot_become_a_person_by_their_password_or_address(alice):
    page = f"/admin/accounts/user/{alice.pk}"
    blind, reader = staff("view_user", "change_user"), staff("view_user", "change_user", "read_answer")
    assert blind.get(f"{page}/password/").status_code == 403
    assert reader.get(f"{page}/password/").status_code == 200
    assert 'name="email"' not in blind.get(f"{page}/change/").content.decode()
    assert 'name="email"' in reader.get(f"{page}/change/").content.decode()


def test_no_address_leads_to_an_invitation_without_its_right():
    invitation = Invitation.objects.create(for_whom="Bob")
    kind = ContentType.objects.get_for_model(Invitation).pk
    assert staff("view_process").get(f"/admin/r/{kind}/{invitation.pk}/").status_code == 404


@pytest.mark.parametrize("query", ["user={pk}", "q=alice", "all={padding}&user={pk}"])
def test_the_audit_says_whose_list_was_read_whatever_else_is_in_the_address(answer, query):
    query = query.format(pk=answer.user_id, padding="A" * 300)
    assert operator().get(f"{LIST}?{query}").status_code == 200
    entry = AuditEntry.objects.get()
    assert entry.person == "alice"
    assert "AAA" not in entry.what


def test_the_audit_says_whose_answers_were_deleted_or_stopped_at_once(alice, answer):
    bob = User.objects.create_user("bob")
    answers = [answer, make_answer(alice, question="B"), make_answer(bob, question="C", status="running")]
    invented = "11111111-1111-4111-8111-111111111111"
    client = operator()
    chosen = [str(one.pk) for one in answers]
    client.post(LIST, {"action": "stop_selected", "_selected_action": chosen})
    stopped = AuditEntry.objects.get(action=Action.STOPPED)
    assert (stopped.person, stopped.number) == ("bob", 1)
    ids = " ".join([invented, *chosen])
    client.post(LIST, {"action": "delete_selected", "_selected_action": chosen, "post": "yes", "ids": ids})
    assert not Answer.objects.exists()
    deleted = AuditEntry.objects.filter(action=Action.DELETED)
    assert {(one.person, one.number) for one in deleted} == {("alice", 2), ("bob", 1)}
    assert not any(invented in one.what for one in deleted)
