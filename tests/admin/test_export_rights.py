"""Who may export answers from the admin, and what is left out of their files."""

import pytest
from django.contrib.auth.models import Permission

from accounts.models import User
from answers.models import AuditEntry, Rating
from tests.support.answers import make_answer
from tests.support.exports import LIST, address, buttons, export, objects_of
from tests.support.staff import operator as log_in_operator

# The stream gives its connection back after each part, which ends a transaction.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def staff(client):
    """Log in as somebody of the staff with these rights."""

    def log_in(*rights):
        user = User.objects.create_user("staff", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=rights))
        assert user.user_permissions.count() == len(rights)
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def operator(db):
    return log_in_operator()


@pytest.fixture
def answer():
    return make_answer(
        User.objects.create_user("alice"),
        "Why is it blue?",
        text="Scattering.",
        reasoning="A thought.",
        sources=[{"url": "https://example.org/", "title": "Title"}],
        model="gpt-test",
        rating=Rating.BAD,
        rating_note="It is wrong.",
        cost="0.0123",
        error_detail="HTTP 503",
    )


@pytest.mark.parametrize("choice", ["csv", "jsonl"])
def test_without_the_right_to_read_a_file_has_no_texts(staff, answer, choice):
    client = staff("view_answer", "export_answer", "view_user")
    assert list(buttons(client.get(LIST))) == ["CSV", "JSON Lines"]
    text = export(client, choice)
    for words in ("blue", "Scattering", "thought", "example", "wrong", "HTTP 503"):
        assert words not in text
    for figures in ("alice", "gpt-test", "0.0123", "bad"):
        assert figures in text
    assert AuditEntry.objects.get(action="exported").what.endswith(", without texts")
    assert client.post(address("rated")).status_code == 403


def test_without_the_right_to_see_people_a_file_has_no_names(staff, answer):
    [row] = objects_of(export(staff("view_answer", "export_answer"), "jsonl"))
    assert row.keys().isdisjoint({"person", "person_id", "question"})
    assert row["model"] == "gpt-test"


@pytest.mark.parametrize("rights", [["view_answer", "read_answer"], ["export_answer", "read_answer"]])
def test_without_the_rights_there_is_no_export(staff, answer, rights):
    client = staff(*rights)
    if "view_answer" in rights:
        page = client.get(LIST)
        assert page.status_code == 200
        assert "Export" not in page.content.decode()
    for choice in ("csv", "jsonl", "rated"):
        assert client.post(address(choice)).status_code == 403
    assert not AuditEntry.objects.filter(action="exported").exists()


def test_only_the_form_of_the_page_exports(operator, answer, client):
    back = operator.get(address("csv", "?q=blue"))
    assert (back.status_code, back.headers["Location"]) == (302, f"{LIST}?q=blue")
    operator.handler.enforce_csrf_checks = True
    assert operator.post(address("csv")).status_code == 403
    assert not AuditEntry.objects.filter(action="exported").exists()
    operator.handler.enforce_csrf_checks = False
    assert operator.post(address("xml")).status_code == 404
    client.force_login(answer.user)
    assert "/login/" in client.post(address("csv")).headers["Location"]
