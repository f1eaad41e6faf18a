"""The usage page, "Now" and the warnings read no whole table, on either database."""

from datetime import timedelta

import pytest

from answers.admin.processes import now
from answers.admin.warnings import operator_warnings
from answers.engine.usage import fold
from answers.models import figures
from answers.models.usage_report import Report
from tests.support.plans import filled, plans


@pytest.fixture(scope="module")
def database(each_database, django_db_blocker):
    with django_db_blocker.unblock(), filled(each_database.url):
        fold(lambda seconds: None)  # what ended in the last minutes is read as it is, and is little
        yield each_database.name


def report():
    Report(figures.today() - timedelta(days=6), figures.today()).before()


@pytest.mark.parametrize("read", [lambda: now(with_names=True, with_answers=True), report, operator_warnings])
def test_they_read_no_whole_table(database, read):
    statements = plans(read)
    assert len(statements) >= 2
    for statement in statements:
        assert not statement.scans, f"{statement.scans}\n{statement}"
