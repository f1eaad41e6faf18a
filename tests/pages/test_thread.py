"""A thread as a tree, and the path through it that a page shows."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from answers.engine.model_options import ModelOption
from answers.models import Answer, Share, Status
from answers.pages import thread_path
from answers.pages.thread_path import ThreadPath
from tests.support.answers import START, make_answer

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return User.objects.create_user("alice")


@pytest.fixture
def alices(client, alice):
    """Alice's browser."""
    client.force_login(alice)
    client.get("/account/delete/")  # the first page of a new session notes whose it is
    return client


class Talk:
    """One thread. Each question is asked a day after the one before."""

    def __init__(self, user: User) -> None:
        self.user, self.days = user, 0

    def ask(self, question: str, *, follows: Answer | None = None, revises: Answer | None = None, **fields):
        self.days += 1
        if revises is None:
            id = follows.pk if follows else None
            return make_answer(self.user, question, days=self.days, follows=id, **fields)
        answer = Answer.objects.ask(self.user, uuid.uuid4(), question, revises=revises.pk)
        asked_at = START + timedelta(days=self.days)
        Answer.objects.filter(pk=answer.pk).update(asked_at=asked_at, status=Status.COMPLETE)
        return Answer.objects.get(pk=answer.pk)


@pytest.fixture
def talk(alice):
    return Talk(alice)


def questions(page) -> list[str]:
    return [entry.answer.question for entry in page.context["path"].entries]


def path(answer: Answer) -> list[str]:
    path = ThreadPath.through(answer)
    assert path
    return [entry.answer.question for entry in path.entries]


def test_a_path_leads_from_the_first_question_through_the_given_one_to_its_newest_end(talk):
    first = talk.ask("1")
    second = talk.ask("2", follows=first)
    third = talk.ask("3", follows=second)
    other = talk.ask("2b", revises=second)
    newest = talk.ask("2c", revises=second)
    after = talk.ask("3b", follows=other)
    assert path(first) == path(newest) == ["1", "2c"]
    assert path(second) == path(third) == ["1", "2", "3"]
    assert path(other) == path(after) == ["1", "2b", "3b"]


def test_versions_of_a_question_follow_the_same_answer(talk):
    first = talk.ask("1")
    second = talk.ask("2", follows=first)
    again = talk.ask("2", revises=second)
    beginning = talk.ask("1b", revises=first)
    assert beginning.thread == first.thread
    entries = {
        entry.answer.pk: entry
        for answer in (second, again, beginning)
        for entry in ThreadPath.through(answer).entries
    }
    neighbours = {pk: (one.number, one.previous, one.next) for pk, one in entries.items()}
    assert neighbours == {
        first.pk: (1, None, beginning.pk),
        beginning.pk: (2, first.pk, None),
        second.pk: (1, None, again.pk),
        again.pk: (2, second.pk, None),
    }


def test_a_follow_up_takes_the_place_of_a_deleted_answer(alices, talk):
    first = talk.ask("1")
    second = talk.ask("2", follows=first)
    third = talk.ask("3", follows=second)
    alices.post(reverse("delete_answer", args=[second.pk]))
    assert path(first) == ["1", "3"]
    alices.post(reverse("delete_answer", args=[first.pk]))
    assert questions(alices.get(third.get_absolute_url())) == ["3"]


def test_a_long_thread_needs_as_many_queries_as_a_short_one(alices, talk):
    first = talk.ask("0")
    last = talk.ask("1", follows=first)
    with CaptureQueriesContext(connection) as one:
        alices.get(first.get_absolute_url())
    for number in range(2, 30):
        last = talk.ask(str(number), follows=last)
        talk.ask(f"{number} again", revises=last)
    with CaptureQueriesContext(connection) as many:
        page = alices.get(last.get_absolute_url())
    assert len(questions(page)) == 30
    assert len(many) == len(one)


def test_a_very_long_thread_is_shown_in_parts(alices, talk, monkeypatch):
    monkeypatch.setattr(thread_path, "PART_ANSWERS", 3)
    answers = [talk.ask("0")]
    for number in range(1, 8):
        answers.append(talk.ask(str(number), follows=answers[-1]))
    addresses = [answer.get_absolute_url() for answer in answers]
    pages = [alices.get(address) for address in addresses]
    parts = [["0", "1"]] * 2 + [["2", "3", "4"]] * 3 + [["5", "6", "7"]] * 3
    assert [questions(page) for page in pages] == parts
    for page, earlier, later in ((pages[0], None, 2), (pages[3], 1, 5), (pages[7], 4, None)):
        html = page.content.decode()
        for id, to in (("earlier", earlier), ("later", later)):
            assert (f'id="{id}"' in html) == (to is not None)
            assert to is None or f'href="{addresses[to]}#a-{answers[to].pk}"' in html
        assert f'name="follows" value="{answers[-1].pk}"' in html  # the end of the thread, shown or not


def test_a_shared_thread_is_shown_to_its_newest_end_and_in_parts(talk, monkeypatch):
    monkeypatch.setattr(thread_path, "PART_ANSWERS", 3)
    answers = [talk.ask("0")]
    for number in range(1, 5):
        answers.append(talk.ask(str(number), follows=answers[-1]))
    elsewhere = talk.ask("1b", revises=answers[1])
    link = Share.objects.create(thread=answers[0].thread, user=talk.user).get_absolute_url()
    assert questions(Client().get(link)) == ["0", "1b"]
    talk.ask("5", follows=answers[-1])
    page = Client().get(link)
    assert questions(page) == ["3", "4", "5"]
    assert f'href="?at={answers[2].pk}#a-{answers[2].pk}"' in page.content.decode()
    assert questions(Client().get(link, {"at": str(answers[2].pk)})) == ["0", "1", "2"]
    for elsewhere_or_none in (str(elsewhere.pk), str(uuid.uuid4()), "", "x", "\0"):
        assert questions(Client().get(link, {"at": elsewhere_or_none})) == ["3", "4", "5"]


def test_a_shared_thread_shows_no_versions_beside_its_path(talk):
    first = talk.ask("Typed by mistake", text="Secret")
    talk.ask("Meant", revises=first)
    link = Share.objects.create(thread=first.thread, user=talk.user).get_absolute_url()
    html = Client().get(link).content.decode()
    assert "Meant" in html
    for text in ("Typed by mistake", "Secret", str(first.pk), "/a/", "<form", '<button class="edit'):
        assert text not in html


def test_a_page_without_javascript_refreshes_while_an_answer_is_unfinished(alices, talk):
    refresh = '<noscript><meta http-equiv="refresh" content="2;'
    first = talk.ask("1", status=Status.RUNNING)
    second = talk.ask("2", follows=first)
    link = Share.objects.create(thread=first.thread, user=talk.user).get_absolute_url()
    for address in (second.get_absolute_url(), link):
        assert refresh in alices.get(address).content.decode()
    Answer.objects.update(status=Status.COMPLETE)
    for address in (second.get_absolute_url(), link, "/"):
        assert refresh not in alices.get(address).content.decode()


@pytest.mark.parametrize(("tokens", "follows"), [(4000, True), (0, False)])
def test_the_form_follows_up_the_last_answer_unless_follow_ups_are_off(
    alices, talk, settings, tokens, follows
):
    settings.ASKME_CONTEXT_TOKENS = tokens
    first = talk.ask("1")
    last = talk.ask("2", follows=first)
    html = alices.get(first.get_absolute_url()).content.decode()
    assert (f'name="follows" value="{last.pk}"' in html) == follows
    assert ('name="follows" value=""' in html) != follows
    assert 'name="follows" value=""' in alices.get("/").content.decode()


def test_a_model_can_be_chosen_only_if_there_are_several(alices, talk, settings):
    fast = ModelOption(name="small", label="Fast")
    thorough = ModelOption(name="small", label="<Thorough>", effort="high")
    settings.ASKME_MODELS = [fast, thorough]
    html = alices.get("/").content.decode()
    assert '<option value="small">Fast</option>' in html
    assert '<option value="small@high">&lt;Thorough&gt;</option>' in html
    for none in ([], [thorough]):
        settings.ASKME_MODELS = none
        assert "<select" not in alices.get("/").content.decode()


def test_each_answer_shows_its_model(alices, talk):
    first = talk.ask("1", model="small-2026", model_label="Fast")
    talk.ask("2", follows=first, model="large-2026")
    html = alices.get(first.get_absolute_url()).content.decode()
    assert '<span class="model" dir="auto" lang="">Fast</span>' in html
    assert '<span class="model" dir="auto" lang="">large-2026</span>' in html


def test_a_page_reads_the_text_of_each_answer_once(alices, talk):
    first = talk.ask("First?")
    second = talk.ask("Second?", follows=first)
    for answer, others in ((second, 1), (talk.ask("Alone?"), 0)):
        with CaptureQueriesContext(connection) as queries:
            assert alices.get(answer.get_absolute_url()).status_code == 200
        reading = [query["sql"] for query in queries if '"answers_answer"."text"' in query["sql"]]
        assert len(reading) == 1 + others
        assert sum(answer.pk.hex in sql for sql in reading) == 1
