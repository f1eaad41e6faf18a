"""The lists and pages of people read few rows, however many people there are. So does the prune."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import person_search
from accounts.models import User
from answers.engine.retention import OutdatedThreads, PersonalRetention
from answers.models import Answer, PersonalSettings, Status
from bench.rows.fill import BUSY, FIRST_OTHER
from tests.support import plans
from tests.support.default_database import migrated

PEOPLE = 30_000
MOST_ROWS = 6_000  # that one step of a statement reads, of five times as many
LIST = "/admin/accounts/user/"


@pytest.fixture(scope="module")
def database(each_database, django_db_blocker):
    with django_db_blocker.unblock(), migrated(each_database.url):
        plans.fill(plans.ROWS)
        now = timezone.now()
        User.objects.bulk_create(
            User(
                username=f"{number % 7}person{number}",
                email=f"Mail{number}@example.org",
                is_guest=number % 3 > 0,
                is_staff=number % 5_000 == 1,
                is_active=number % 4_000 != 1,
                date_joined=now - timedelta(minutes=number),
            )
            for number in range(PEOPLE)
        )
        PersonalSettings.objects.bulk_create(
            PersonalSettings(user_id=user, keep_days=1 + user % 3) for user in range(FIRST_OTHER, 1_500)
        )
        if each_database.name == "PostgreSQL":
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE")
        yield each_database.name


@pytest.fixture(autouse=True)
def _people_are_many(monkeypatch):
    tables = plans.LARGE_TABLES["postgresql"] | {"accounts_user"}
    monkeypatch.setitem(plans.LARGE_TABLES, "postgresql", tables)
    monkeypatch.setattr(plans, "MOST_STEPS", 60)  # thousand; all people are 500


@pytest.fixture
def client(database):
    client = Client()
    operator, _ = User.objects.get_or_create(username="operator", is_staff=True, is_superuser=True)
    client.force_login(operator)
    client.get(LIST)  # the first page of a session does more
    return client


def assert_quick(run):
    """A scan that ends soon, because of a LIMIT, is quick."""
    seen = 0
    for statement in plans.plans(run):
        read = [float(rows) for one in statement.scans for rows in re.findall(r": ([\d.]+) rows", one)]
        steps = [one for one in statement.scans if "steps" in one]
        assert not steps, f"{statement.scans}\n{statement}"
        assert max(read, default=0) <= MOST_ROWS, f"{statement.scans}\n{statement}"
        seen += 1
    assert seen


def test_reading_all_people_is_noticed(database):
    with pytest.raises(AssertionError, match=r"steps|rows"):
        assert_quick(lambda: list(User.objects.exclude(email="x").order_by("last_login")[:10]))


QUERIES = [
    {},
    {"p": "3"},
    {"is_guest__exact": "0"},
    {"is_guest__exact": "1"},
    {"is_staff__exact": "1"},
    {"is_superuser__exact": "1"},
    {"is_active__exact": "0"},
    {"is_active__exact": "1", "is_guest__exact": "0"},
    {"since": "2020-01-01", "until": "2020-02-01"},
    {"q": "3PERSON777"},
    {"q": "mail2"},
    {"q": "nobody"},
    {"q": "4321", "is_guest__exact": "0"},
]


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_a_page_of_the_list_of_people_reads_few_rows(client, query):
    def run():
        page = client.get(LIST, query)
        assert page.status_code == 200
        assert len(page.content) > 10_000

    assert_quick(run)


def test_people_are_found_by_the_beginning_of_a_name_or_address_in_any_case(database):
    assert person_search.ids_found("3PERSON77") == set(
        User.objects.filter(username__startswith="3person77").values_list("pk", flat=True)
    )
    one = User.objects.get(email="Mail12345@example.org")
    assert (
        person_search.ids_found(" mail12345@EXAMPLE.org ") == person_search.ids_found("MAIL12345") == {one.pk}
    )
    assert one.pk in person_search.ids_found(str(one.pk))
    assert (
        person_search.ids_found("zzz")
        == person_search.ids_found("%")
        == person_search.ids_found("_")
        == set()
    )
    assert len(person_search.ids_found("mail")) == person_search.MOST_FOUND


def test_the_page_of_a_person_with_many_answers_reads_few_rows(client):
    for end in ("change/", "delete/"):
        assert_quick(lambda end=end: client.get(f"{LIST}{BUSY}/{end}"))


def delete_all(threads):
    while threads.delete(100) is not None:
        pass


def test_the_prune_reads_few_rows_at_a_time(database):
    """Most of the threads that it looks at have a newer answer, and stay."""
    now = timezone.now()
    Answer.objects.filter(user=BUSY).update(status=Status.COMPLETE)
    oldest = Answer.objects.filter(user=BUSY).order_by("asked_at")[:300]
    Answer.objects.filter(pk__in=list(oldest.values_list("pk", flat=True))).update(
        asked_at=now - timedelta(days=40)
    )
    assert_quick(lambda: OutdatedThreads(Answer.objects.all(), 30).total())
    assert_quick(lambda: delete_all(OutdatedThreads(Answer.objects.all(), 30)))
    assert_quick(lambda: delete_all(OutdatedThreads(Answer.objects.filter(user=BUSY), 30)))
    personal = PersonalRetention()
    assert_quick(personal.total)
    assert_quick(lambda: delete_all(personal))
