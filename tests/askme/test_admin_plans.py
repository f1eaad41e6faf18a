"""No page of the log in the admin reads more than a few thousand answers, on either database."""

import math
import re
from urllib.parse import urlencode

import pytest
from django.test import Client

from accounts.models import User
from answers.admin.walk import COUNTED, WINDOW_ROWS
from answers.models import Answer
from bench.rows.fill import BUSY, FIRST_OTHER, Place
from bench.rows.log import LIST, log
from tests.support.plans import Statement, filled, plans

MOST_ROWS = WINDOW_ROWS + 10  # of one step of a plan
MOST_STEPS = 40  # thousand of SQLite's, for a window; a table of this size takes hundreds of thousands


@pytest.fixture(scope="module")
def database(each_database, django_db_blocker):
    with django_db_blocker.unblock(), filled(each_database.url):
        yield each_database.name


def too_much(statement: Statement) -> list[str]:
    """A scan that a LIMIT ends is fine, so what counts is how much was read."""
    found = []
    for scan in statement.scans:
        if number := re.fullmatch(r"(\d+) thousand steps", scan):
            found += [scan] if int(number[1]) > MOST_STEPS else []
        elif number := re.search(r": (\d+)(?:\.\d+)? rows", scan):
            found += [scan] if int(number[1]) > MOST_ROWS else []
        elif "LIMIT" not in statement.sql:
            found.append(scan)
    return found


def test_no_page_of_the_log_reads_much_of_the_table(database):
    seen = 0
    for name, run in log(User.objects.get(pk=BUSY)):
        run()  # with what is cached
        for statement in plans(run):
            assert not too_much(statement), f"{name}: {statement}"
            seen += 1
    assert seen > 100


def test_what_reads_much_is_noticed(database):
    rows = Answer.objects.filter(status="complete", error_code="")
    for queryset in (rows.order_by("text")[:10], rows.filter(question="x").newest_first()[:10]):
        [statement] = plans(lambda queryset=queryset: list(queryset))
        assert too_much(statement), statement


def found(client, **query):
    shown = client.get(f"{LIST}?{urlencode(query)}").context["cl"]
    return shown


def walked(client, **query):
    """The ids on all pages, and how many pages there are."""
    ids, pages, place = [], 0, {}
    while True:
        shown = found(client, **query, **place)
        ids += [answer.pk for answer in shown.result_list]
        pages += 1
        if shown.page.older is None:
            return ids, pages
        place = {"older": str(shown.page.older)}


@pytest.fixture
def client(database):
    client = Client()
    client.force_login(User.objects.get_or_create(username="staff", is_staff=True, is_superuser=True)[0])
    return client


@pytest.mark.parametrize(
    ("query", "conditions"),
    [
        ({"error_code": "busy", "status": "complete"}, {"error_code": "busy", "status": "complete"}),
        ({"rating": "-1", "model": "model"}, {"rating": -1, "model": "model"}),
        ({"rating": "bad-commented"}, {"rating": -1, "rating_note__gt": ""}),
        ({"user": BUSY, "status": "failed", "model": "other"}, {"user": BUSY, "status": "failed"}),
    ],
)
def test_the_pages_of_several_filters_show_each_match_once(client, query, conditions):
    matches = Answer.objects.filter(**conditions).newest_first()
    assert walked(client, **query)[0] == list(matches.values_list("pk", flat=True))


def test_a_search_finds_words_ids_and_people(database, client):
    rare, often = (
        Answer.objects.filter(question__contains=word).newest_first() for word in ("seldom", "often")
    )
    assert walked(client, q="seldom")[0] == list(rare.values_list("pk", flat=True))
    assert walked(client, q="seldom", status="failed")[0] == list(
        rare.filter(status="failed").values_list("pk", flat=True)
    )
    first = [answer.pk for answer in found(client, q="often").result_list]
    assert first == list(often.values_list("pk", flat=True)[:50])
    assert walked(client, q="often", user=FIRST_OTHER)[0] == list(
        often.filter(user=FIRST_OTHER).values_list("pk", flat=True)
    )
    assert walked(client, q="zyzzyva")[0] == []
    one = Answer.objects.get(pk=Place(BUSY, 3).id)
    for query in (one.pk, one.response_id, one.request_id):
        assert one.pk in walked(client, q=query)[0]
    assert found(client, q=one.thread).result_count == 10
    assert set(walked(client, q=f"person-{FIRST_OTHER}")[0]) == set(
        Answer.objects.filter(user=FIRST_OTHER).values_list("pk", flat=True)
    )


def test_a_page_that_finds_nothing_in_its_window_leads_to_older_ones(client):
    """All failed answers have the other model."""
    query = {"status": "failed", "model": "model"}
    shown = found(client, **query)
    assert shown.page.answers == []
    assert shown.page.is_partial
    assert str(shown.result_count) == "0+"
    ids, pages = walked(client, **query)
    assert ids == []
    assert pages == math.ceil(Answer.objects.filter(model="model").count() / WINDOW_ROWS)


def test_the_count_is_capped(client):
    assert str(found(client).result_count) == f"{COUNTED:,}+"
    assert str(found(client, status="stopped").result_count) == "0"
