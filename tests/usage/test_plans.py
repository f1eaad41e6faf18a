"""Neither the end of an answer, nor folding, budgets or figures read a whole table."""

import pytest

from accounts.models import User
from bench.rows.fill import BUSY
from bench.rows.usage import usage
from tests.support.plans import filled, plans


@pytest.fixture(scope="module")
def many_answers(each_database, django_db_blocker):
    with django_db_blocker.unblock(), filled(each_database.url):
        yield each_database.name


def test_nothing_that_is_done_with_usage_reads_a_whole_table(many_answers, monkeypatch):
    """As if the few thousand rows by person were more than a page may add up."""
    monkeypatch.setattr("answers.models.busiest.MOST_ROWS", 1_000)
    monkeypatch.setattr("answers.models.busiest.CANDIDATES", 100)
    monkeypatch.setattr(
        "answers.models.busiest.PER_DAY", 3
    )  # far fewer than the people of a day, as on a large site
    seen = 0
    for name, run in usage(User.objects.get(pk=BUSY)):
        for statement in plans(run):
            # A year of daily figures, and what a minute logs, take many steps, but always as many.
            scans = [scan for scan in statement.scans if "thousand steps" not in scan]
            assert not scans, f"{name}: {scans}\n{statement}"
            seen += 1
    assert seen > 10
