import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from answers.models import Answer, Status, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client):
    client.force_login(User.objects.create_superuser("operator"))
    return client


@pytest.fixture
def answer():
    answer = Answer.objects.ask(User.objects.create_user("alice"), uuid.uuid4(), "Why is it blue?")
    answer.text, answer.status, answer.model = "Scattering.", Status.FAILED, "gpt-test"
    answer.model_label = "Thorough"
    answer.error_code, answer.error_detail, answer.seconds = "busy", "HTTP 503, request req-1", 1.25
    answer.save()
    return answer


def test_the_list_shows_what_an_operator_looks_for(operator, answer):
    page = operator.get(reverse("admin:answers_answer_changelist")).content.decode()
    for text in ("Why is it blue?", "Failed", "alice", "gpt-test", "Thorough", "1.2", "busy"):
        assert text in page


@pytest.mark.parametrize(
    ("query", "found"), [("blue", 1), ("scattering", 1), ("alice", 1), ("req-1", 1), ("?!", 0)]
)
def test_answers_are_found_by_what_they_hold(operator, answer, query, found):
    page = operator.get(reverse("admin:answers_answer_changelist"), {"q": query})
    assert page.context["cl"].result_count == found


def test_one_answer_shows_all_and_changes_nothing(operator, answer):
    address = reverse("admin:answers_answer_change", args=[answer.pk])
    page = operator.get(address).content.decode()
    assert "Scattering." in page
    assert "Thorough" in page
    assert "HTTP 503, request req-1" in page
    assert operator.post(address, {"text": "forged"}).status_code == 403
    assert operator.get(reverse("admin:answers_answer_add")).status_code == 403
    assert operator.post(reverse("admin:answers_answer_delete", args=[answer.pk])).status_code == 403
    answer.refresh_from_db()
    assert answer.text == "Scattering."


def test_the_list_does_not_read_the_long_texts_and_asks_as_often_for_many(operator, answer):
    address = reverse("admin:answers_answer_changelist")
    with CaptureQueriesContext(
        connection,
    ) as one:
        operator.get(address)
    for _ in range(10):
        Answer.objects.ask(answer.user, uuid.uuid4(), "More?")
    with CaptureQueriesContext(connection) as many:
        operator.get(address)
    assert len(one) == len(many)
    assert not any('"answers_answer"."text"' in query["sql"] for query in many)


def test_a_person_who_is_no_operator_is_sent_to_the_login(client, answer):
    client.force_login(answer.user)
    assert client.get(reverse("admin:answers_answer_changelist")).status_code == 302


def test_guests_are_told_apart_in_the_list_of_users(operator):
    User.objects.create_user("guest-1", is_guest=True)
    page = operator.get(reverse("admin:answers_user_changelist"), {"is_guest__exact": 1})
    assert page.context["cl"].result_count == 1
