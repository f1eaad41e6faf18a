"""The page of an answer in the admin: its thread as a conversation, and everything that is known about it."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from answers.admin import conversation
from answers.models import Status
from tests.support.answers import make_answer
from tests.support.staff import operator, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return User.objects.create_user("alice")


@pytest.fixture
def boss(db):
    return operator()


def page_of(client, answer):
    response = client.get(reverse("admin:answers_answer_change", args=[answer.pk]))
    assert response.status_code == 200
    return response


def shown(client, answer):
    return page_of(client, answer).content.decode()


@pytest.fixture
def thread(alice):
    """A question, its two follow-ups, which are versions of each other, and what follows the second."""
    first = make_answer(alice, "First?", text="**One**")
    old = make_answer(alice, "Old?", text="Two", follows=first.pk, days=1)
    new = make_answer(alice, "New?", text="Three", follows=first.pk, days=2)
    last = make_answer(alice, "Last?", text="Four", follows=new.pk, days=3)
    return first, old, new, last


def test_the_thread_is_shown_as_a_conversation_through_this_answer(boss, thread):
    _, old, new, _ = thread
    found = page_of(boss, new).context["conversation"]
    assert [turn.answer.question for turn in found.turns] == ["First?", "New?", "Last?"]
    assert [turn.is_current for turn in found.turns] == [False, True, False]
    assert (found.size, found.length) == (4, 3)
    html = shown(boss, new)
    assert html.index("<strong>One</strong>") < html.index("Three") < html.index("Four")
    assert "Old?" not in html
    found = page_of(boss, old).context["conversation"]
    assert [turn.answer.question for turn in found.turns] == ["First?", "Old?"]


def test_the_versions_of_a_question_are_links_to_each_other(boss, thread):
    _, old, new, _ = thread
    [turn] = [turn for turn in page_of(boss, new).context["conversation"].turns if turn.is_current]
    assert (turn.version, turn.versions) == (2, [old.pk, new.pk])
    assert f'href="/admin/answers/answer/{old.pk}/change/">1</a>' in shown(boss, new)


def test_a_long_thread_is_shown_in_parts_and_in_the_same_number_of_statements(boss, alice, monkeypatch):
    monkeypatch.setattr(conversation, "AROUND", 2)
    answers = [make_answer(alice, "0?")]
    for number in range(1, 9):
        answers.append(make_answer(alice, f"{number}?", follows=answers[-1].pk, days=number))
    with CaptureQueriesContext(connection) as short:
        page_of(boss, answers[0])
    with CaptureQueriesContext(connection) as middle:
        found = page_of(boss, answers[4]).context["conversation"]
    assert len(short) == len(middle)
    assert [turn.answer.question for turn in found.turns] == ["2?", "3?", "4?", "5?", "6?"]
    assert (found.before, found.after) == (answers[1].pk, answers[7].pk)
    assert [turn.number for turn in found.turns] == [3, 4, 5, 6, 7]


def test_a_long_text_of_another_answer_is_cut_and_leads_to_the_rest(boss, thread, monkeypatch):
    monkeypatch.setattr(conversation, "SHOWN_CHARS", 3)
    html = shown(boss, thread[3])
    assert "The rest of this answer" in html
    assert "Four" in html  # this one is whole
    assert "Thr</p>" in html


def test_all_figures_are_there_with_what_is_not_exact_marked(boss, alice, settings):
    settings.ASKME_CURRENCY = "EUR"
    answer = make_answer(
        alice,
        "?",
        finish_reason="length",
        prompt_tokens=1_234,
        completion_tokens=567,
        tokens_estimated=True,
        cost=Decimal("0.0150"),
        first_text_seconds=0.84,
        seconds=3.21,
    )
    html = shown(boss, answer)
    for text in ("length", "1,234", "567", "estimated", "0.015 EUR", "0.8 s", "3.2 s", "2026-03-01 12:00:00"):
        assert text in html
    assert "of estimated tokens" in html


def test_what_the_api_did_not_report_is_said_and_not_shown_as_zero(boss, alice):
    html = shown(boss, make_answer(alice, "?"))
    assert html.count("not reported") == 3  # tokens of prompt and answer, and the cost
    running = make_answer(alice, "?", status=Status.RUNNING)
    html = shown(boss, running)
    assert "not reported" not in html
    assert "No text yet." in html


def test_a_person_leads_to_their_page_and_all_their_answers(boss, alice):
    answer = make_answer(alice, "?")
    html = shown(boss, answer)
    assert f'href="/admin/accounts/user/{alice.pk}/change/"' in html
    assert f'href="/admin/answers/answer/?user={alice.pk}"' in html
    assert "/admin/accounts/user/" not in shown(staff("view_answer", "read_answer"), answer)


def test_an_answer_that_is_gone_leads_to_the_index(boss, alice):
    answer = make_answer(alice, "?")
    address = reverse("admin:answers_answer_change", args=[answer.pk])
    answer.delete()
    assert boss.get(address).status_code == 302
