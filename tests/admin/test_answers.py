"""Answers in the admin."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from answers.formatting import formatted_html
from answers.models import Answer, Status
from tests.support.answers import make_answer
from tests.support.staff import operator as log_in_operator

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(db):
    return log_in_operator()


@pytest.fixture
def alice():
    return User.objects.create_user("alice")


@pytest.fixture
def answer(alice):
    answer = Answer.objects.ask(alice, uuid.uuid4(), "Why is it blue?")
    answer.text, answer.status, answer.model = "Scattering.", Status.FAILED, "gpt-test"
    answer.model_label = "Thorough"
    answer.error_code, answer.error_detail, answer.seconds = "busy", "HTTP 503, request req-1", 1.25
    answer.save()
    return answer


def test_the_list_shows_what_an_operator_needs(operator, answer):
    page = operator.get(reverse("admin:answers_answer_changelist")).content.decode()
    for text in ("Why is it blue?", "Failed", "alice", "gpt-test", "Thorough", "1.2", "busy"):
        assert text in page


def test_an_answer_is_shown_completely_and_cannot_be_changed(operator, answer):
    address = reverse("admin:answers_answer_change", args=[answer.pk])
    page = operator.get(address).content.decode()
    assert "Scattering." in page
    assert "Thorough" in page
    assert "HTTP 503, request req-1" in page
    assert operator.post(address, {"text": "forged"}).status_code == 403
    assert operator.get(reverse("admin:answers_answer_add")).status_code == 403
    answer.refresh_from_db()
    assert answer.text == "Scattering."


def test_the_text_is_formatted_as_on_the_site_and_its_source_is_there_too(operator, alice):
    text = "# Sky\n\nIt is **blue** <script>alert(1)</script>.\n\n```python\nx = 1\n```"
    answer = make_answer(alice, "Why?", text=text, reasoning="**So**: <b>")
    page = operator.get(reverse("admin:answers_answer_change", args=[answer.pk])).content.decode()
    assert formatted_html(text, f"a{answer.pk}-") in page
    assert "<strong>blue</strong> &lt;script&gt;" in page
    assert "It is **blue** &lt;script&gt;" in page
    assert "**So**: &lt;b&gt;" in page
    assert page.index("answers/text") < page.index("answers/admin")
    assert "<script>alert" not in page


def test_an_operator_sees_how_the_model_got_there_and_what_it_cites(operator, alice):
    sources = [
        {"url": "https://example.org/", "title": "<b>Title"},
        {"url": "javascript:alert(1)", "title": "Trap"},
    ]
    answer = make_answer(
        alice,
        "Why?",
        reasoning="Line one\nline <i>two",
        sources=sources,
        error_detail="HTTP 400\nSet ASKME_API=responses.",
        response_id="resp_17",
        request_id="req-42",
        cached_tokens=1717,
        reasoning_tokens=4242,
        cost="0.01230000",
        sent_turns=3131,
    )
    address = reverse("admin:answers_answer_change", args=[answer.pk])
    page = operator.get(address).content.decode()
    assert "Line one<br>line &lt;i&gt;two" in page
    assert "HTTP 400<br>Set ASKME_API=responses." in page
    for text in ("resp_17", "req-42", "1,717", "4,242", "0.0123 USD", "3,131"):
        assert text in page
    link = '<a href="https://example.org/" target="_blank" rel="noopener noreferrer nofollow">'
    assert f"{link}<bdi>&lt;b&gt;Title</bdi></a> (example.org)" in page
    assert "<bdi>Trap</bdi> (<bdi>javascript:alert(1)</bdi>)" in page
    assert 'href="javascript' not in page
    assert "field-edition" not in page


def test_the_list_reads_no_long_texts_and_its_queries_do_not_grow(operator, answer):
    address = reverse("admin:answers_answer_changelist")
    with CaptureQueriesContext(connection) as one:
        operator.get(address)
    for _ in range(10):
        Answer.objects.ask(answer.user, uuid.uuid4(), "More?")
    with CaptureQueriesContext(connection) as many:
        operator.get(address)
    assert len(one) == len(many)
    for column in ("question", "text", "reasoning", "sources", "error_detail"):
        assert not any(f', "answers_answer"."{column}"' in query["sql"] for query in many)


def test_a_person_who_is_not_an_operator_is_sent_to_the_login(client, answer):
    client.force_login(answer.user)
    assert client.get(reverse("admin:answers_answer_changelist")).status_code == 302


def test_the_operator_finds_answers_by_their_rating(client, alice):
    make_answer(alice, "Good one?", rating=1)
    make_answer(alice, "Bad one?", rating=-1, rating_note="It is wrong.")
    make_answer(alice, "Unrated?")
    client.force_login(User.objects.create_superuser("operator"))
    address = reverse("admin:answers_answer_changelist")
    page = client.get(address, {"rating": -1})
    assert [found.question for found in page.context["cl"].result_list] == ["Bad one?"]
    assert "It is wrong." in page.content.decode()
    detail = reverse("admin:answers_answer_change", args=[Answer.objects.get(rating=-1).pk])
    assert "It is wrong." in client.get(detail).content.decode()
