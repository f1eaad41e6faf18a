"""The pages of the list of answers, its filters and its search."""

import uuid
from datetime import timedelta
from itertools import chain
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from accounts.models import User
from answers.admin import filters, walk
from answers.admin.walk import Listed, Walk
from answers.models import Answer, Status
from answers.pages.thread_list import Place
from tests.support.answers import START, make_answer
from tests.support.staff import operator

pytestmark = pytest.mark.django_db

LIST = "/admin/answers/answer/"


@pytest.fixture
def alice():
    return User.objects.create_user("alice", "Alice@example.org")


@pytest.fixture
def boss(db):
    return operator()


def shown(client, **query):
    page = client.get(f"{LIST}?{urlencode(query)}")
    assert page.status_code == 200, page
    return page.context["cl"]


def questions(client, **query):
    return [answer.question for answer in shown(client, **query).result_list]


def as_it_is(rows):
    return rows


@pytest.fixture
def small_pages(monkeypatch):
    monkeypatch.setattr(walk, "PAGE_ROWS", 3)


@pytest.fixture
def many(alice):
    """Some in the same microsecond."""
    return [
        make_answer(
            alice,
            f"{number}?",
            days=number // 3,
            status=Status.FAILED if number % 2 else Status.COMPLETE,
            model="a" if number % 4 else "b",
            error_code="busy" if number % 2 else "",
        )
        for number in range(40)
    ]


def pages_of(walk_of):
    """The keys on each page, first from the newest to the oldest, and then back."""
    there, page = [], walk_of().page()
    while True:
        there.append([answer.pk for answer in page.answers])
        if page.older is None:
            break
        page = walk_of().page(older=page.older)
    back = [[answer.pk for answer in page.answers]]
    while page.newer is not None:
        page = walk_of().page(newer=page.newer)
        back.append([answer.pk for answer in page.answers])
    return there, back


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"status": "failed"},
        {"model": "a"},
        {"status": "failed", "model": "a"},
        {"status": "complete", "model": "b"},
        {"status": "complete", "error_code": "busy"},
        {"error_code": "busy", "model": "b"},
    ],
)
@pytest.mark.parametrize("window", [4, 7, 1_000])
def test_the_pages_show_each_match_once_in_both_directions(small_pages, many, columns, window):
    expected = list(Answer.objects.filter(**columns).newest_first().values_list("pk", flat=True))
    there, back = pages_of(lambda: Walk(Answer.objects.all(), as_it_is, columns, window=window))
    assert list(chain(*there)) == expected
    seen = {key for page in back for key in page}
    assert seen == set(expected)


def test_the_pages_of_a_search_show_each_match_once_in_both_directions(small_pages, many):
    ids = list(Answer.objects.newest_first().values_list("pk", flat=True)[:10])
    there, back = pages_of(lambda: Listed(ids, as_it_is))
    assert list(chain(*there)) == ids
    assert [len(page) for page in there] == [3, 3, 3, 1]
    assert {key for page in back for key in page} == set(ids)


def test_a_link_leads_to_older_answers_and_back(boss, alice, small_pages):
    for number in range(7):
        make_answer(alice, f"{number}?", days=number)
    first = shown(boss)
    assert [one.question for one in first.result_list] == ["6?", "5?", "4?"]
    second = boss.get(LIST + first.older_url).context["cl"]
    assert [one.question for one in second.result_list] == ["3?", "2?", "1?"]
    make_answer(alice, "7?", days=7)
    back = boss.get(LIST + second.newer_url).context["cl"]
    assert [one.question for one in back.result_list] == ["6?", "5?", "4?"]
    newest = boss.get(LIST + back.newer_url).context["cl"]
    assert [one.question for one in newest.result_list] == ["7?", "6?", "5?"]


@pytest.mark.parametrize("query", ["older=x", "newer=1-2", "since=yesterday", "until=9999-12-31", "user=x"])
def test_an_address_that_makes_no_sense_leads_to_the_whole_list(boss, alice, query):
    make_answer(alice, "1?")
    page = boss.get(f"{LIST}?{query}", follow=True)
    assert page.redirect_chain == [(f"{LIST}?e=1", 302)]
    assert len(page.context["cl"].result_list) == 1


def test_the_days_are_those_of_the_reader_and_both_are_included(boss, alice):
    for days in range(4):
        make_answer(alice, f"{days}?", days=days)
    since, until = (str((START + timedelta(days=days)).date()) for days in (1, 2))
    assert questions(boss, since=since, until=until) == ["2?", "1?"]
    assert questions(boss, since=since) == ["3?", "2?", "1?"]
    assert questions(boss, until=since) == ["1?", "0?"]
    make_answer(alice, "Now?", asked_at=timezone.now())
    page = boss.get(LIST).content.decode()
    assert f"?since={timezone.localdate()}" in page


def test_the_filters_offer_the_values_that_there_are(boss, alice):
    make_answer(alice, "1?", model="gpt-b", status=Status.FAILED, error_code="busy")
    make_answer(alice, "2?", model="gpt-a")
    assert filters.values_of("model") == ["gpt-a", "gpt-b"]
    assert filters.values_of("error_code") == ["busy"]
    assert questions(boss, model="gpt-b") == ["1?"]
    assert questions(boss, error_code="busy") == ["1?"]
    assert questions(boss, status="failed") == ["1?"]
    assert questions(boss, status="queued") == []


def test_a_filter_keeps_the_others_and_begins_at_the_newest(boss, many):
    found = shown(boss, status="failed", older=str(Place(many[30].asked_at, many[30].pk)))
    link = found.get_query_string({"model": "a"})
    assert link == "?model=a&status=failed"


@pytest.mark.parametrize(
    "query",
    ["alice", "ALICE", "Alice@example.org", "alice@EXAMPLE.org", "blue", "BLUE", "scattering", '"why is"'],
)
def test_people_and_words_are_found(boss, alice, query):
    make_answer(alice, "Why is it blue?", text="Scattering.")
    make_answer(User.objects.create_user("bob"), "Other?")
    assert questions(boss, q=query) == ["Why is it blue?"]


def test_a_whole_name_can_be_searched_as_a_word_too(boss, alice):
    make_answer(User.objects.create_user("bob"), "Who is alice?")
    found = shown(boss, q="alice")
    assert found.result_list == []
    assert [one.question for one in boss.get(LIST + found.words_url).context["cl"].result_list] == [
        "Who is alice?"
    ]


def test_the_beginning_of_a_name_leads_to_its_people(boss, alice):
    make_answer(alice, "1?")
    for query in ("ali", "ALI", "alice@ex"):
        assert [str(one) for one in shown(boss, q=query).found.people] == ["alice"]
    page = boss.get(LIST, {"q": "ali"})
    assert page.context["cl"].result_list == []
    assert f'<a href="?user={alice.pk}"><bdi>alice</bdi></a>' in page.content.decode()
    assert questions(boss, user=alice.pk) == ["1?"]


def test_ids_are_found_also_within_an_address(boss, alice):
    long = "resp_" + "x" * 400
    answer = make_answer(alice, "1?", response_id=f"{long}1", request_id="req-42")
    follow_up = make_answer(alice, "2?", follows=answer.pk, response_id=f"{long}2")
    make_answer(alice, "3?")
    for query in (answer.pk, answer.pk.hex, f"https://askme.example/a/{answer.pk}/", answer.thread):
        assert set(questions(boss, q=query)) == {"1?", "2?"}
    assert questions(boss, q=follow_up.pk) == ["2?"]
    assert questions(boss, q=f" {long}1 ") == ["1?"]
    assert questions(boss, q="req-42") == ["1?"]
    assert questions(boss, q=uuid.uuid4()) == []


def test_a_page_says_that_sqlite_looks_through_texts(boss, alice):
    answer = make_answer(alice, "1?")
    for query, says in (("blue", True), (str(answer.pk), False), ("alice", False), ("", False)):
        page = boss.get(LIST, {"q": query}).content.decode()
        assert ("SQLite has no index of words" in page) is says
