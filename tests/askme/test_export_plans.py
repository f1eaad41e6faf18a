"""No statement of an export reads a whole table, whatever is exported, on both databases."""

import re

import pytest
from django.contrib.auth import get_user_model

from answers.admin.export_files import COLUMNS, Export, allowed_columns, as_json_lines, as_rated_pairs
from answers.models import Answer, Rating, Status
from answers.models.exported import batches
from bench.rows.fill import BUSY, FIRST_OTHER
from tests.support.plans import filled, plans

MOST_STEPS = 30  # thousand of SQLite's, to read 500 answers and their lengths


@pytest.fixture(scope="module")
def database(each_database, django_db_blocker):
    with django_db_blocker.unblock(), filled(each_database.url):
        ids = Answer.objects.newest_first().values_list("pk", flat=True)[:15_000:100]
        Answer.objects.filter(pk__in=list(ids)).update(rating=Rating.BAD)
        yield each_database.name


def problems(statement):
    """What is too much for a batch of 500 among 20,000 answers. A whole table is ten times as much."""
    found = []
    for scan in statement.scans:
        steps = re.fullmatch(r"(\d+) thousand steps", scan)
        by_index = re.fullmatch(r"SCAN (answers_answer|subquery) USING (COVERING )?INDEX \w+", scan)
        if not (by_index or (steps and int(steps[1]) <= MOST_STEPS)):
            found.append(scan)
    return found


def selections():
    middle = Answer.objects.newest_first()[10_000]
    everything = Answer.objects.all()
    yield "all", everything
    yield "since", everything.filter(asked_at__gte=middle.asked_at)
    yield "until", everything.filter(asked_at__lt=middle.asked_at)
    yield "a status", everything.filter(status=Status.FAILED)
    yield "a status that no answer has", everything.filter(status=Status.STOPPED)
    yield "a model", everything.filter(model="model")
    yield "a model that nobody has", everything.filter(model="none")
    yield "a person", everything.filter(user=FIRST_OTHER)
    yield "a person, and since", everything.filter(user=FIRST_OTHER, asked_at__gte=middle.asked_at)
    yield "rated", everything.filter(rating=Rating.BAD)


def test_no_batch_reads_more_than_it_writes_however_far_it_is_from_the_first(database):
    for name, answers in selections():
        statements = plans(lambda answers=answers: list(batches(answers, COLUMNS, 5_000)))
        assert statements
        for statement in statements:
            assert not problems(statement), f"{name}: {problems(statement)}\n{statement}"


def test_rated_answers_are_found_by_their_index(database):
    export = Export(as_rated_pairs(), Answer.objects.all())
    for statement in plans(lambda: [export.count(101), *export.parts(100)]):
        assert not problems(statement), f"{problems(statement)}\n{statement}"
    assert export.number == 100


def test_the_count_before_an_export_reads_no_more_than_the_limit(database):
    export = Export(as_json_lines(allowed_columns(texts=True, names=True)), Answer.objects.all())
    for statement in plans(lambda: export.count(1_001)):
        assert not problems(statement), f"{problems(statement)}\n{statement}"


def test_the_users_of_a_batch_are_found_by_their_keys(database):
    user = get_user_model().objects.get(pk=BUSY)
    [rows] = batches(user.answers.all(), ["person", "person_id"], 500)
    assert {(row["person"], row["person_id"]) for row in rows} == {(user.username, BUSY)}


def test_a_whole_table_that_is_read_is_noticed(database):
    nowhere = Answer.objects.filter(question="none")
    for action in (
        lambda: list(batches(nowhere, COLUMNS)),
        lambda: Export(as_json_lines(COLUMNS), nowhere).count(1_001),
    ):
        [statement] = plans(action)
        assert problems(statement), statement
