"""Neither the end of an answer, nor folding, budgets or figures read a whole table."""

import uuid

import pytest

from accounts.models import User
from bench.rows.fill import BUSY
from bench.rows.usage import usage
from tests.support.plans import filled, plans


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def many_answers(request, tmp_path_factory, django_db_setup, django_db_blocker):
    if request.param == "PostgreSQL":
        url = request.getfixturevalue("postgres_server").create_database(f"plans-{uuid.uuid4().hex}")
    else:
        url = f"sqlite:///{tmp_path_factory.mktemp('plans')}/plans.sqlite3"
    with django_db_blocker.unblock(), filled(url):
        yield request.param


def test_nothing_that_is_done_with_usage_reads_a_whole_table(many_answers, monkeypatch):
    """As if the few thousand rows by person were more than a page may add up."""
    monkeypatch.setattr("answers.models.busiest.MOST_ROWS", 1_000)
    monkeypatch.setattr("answers.models.busiest.CANDIDATES", 100)
    seen = 0
    for name, run in usage(User.objects.get(pk=BUSY)):
        for statement in plans(run):
            # A year of daily figures, and what a minute logs, take many steps, but always as many.
            scans = [scan for scan in statement.scans if "thousand steps" not in scan]
            assert not scans, f"{name}: {scans}\n{statement}"
            seen += 1
    assert seen > 10
