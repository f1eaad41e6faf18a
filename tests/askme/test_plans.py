"""No statement reads a whole table: not for a question, a frame, a save or a page, nor in the background."""

import pytest

from accounts.models import User
from answers.models import Answer, Status
from bench.rows import operations
from bench.rows.fill import BUSY, FIRST_OTHER
from tests.support.plans import filled, plans

# Each yields names and functions. `make bench-rows` measures the same ones.
GROUPS = [operations.asking, operations.background, operations.pages, operations.search]


@pytest.fixture(scope="module")
def database(each_database, django_db_blocker):
    with django_db_blocker.unblock(), filled(each_database.url):
        yield each_database.name


@pytest.mark.parametrize("group", [*GROUPS, operations.others], ids=lambda group: group.__name__)
def test_no_operation_reads_a_whole_table(database, group):
    user = User.objects.get(pk=FIRST_OTHER if group is operations.others else BUSY)
    seen = 0
    for name, run in group(user):
        for statement in plans(run):
            assert not statement.scans, f"{name}: {statement.scans}\n{statement}"
            seen += 1
    assert seen > 3


def test_a_whole_table_that_is_read_is_noticed(database):
    for queryset in (
        Answer.objects.filter(text="x").order_by(),
        Answer.objects.filter(pk__in=Answer.objects.filter(question="x").values("thread")),
        Answer.objects.exclude(status=Status.COMPLETE).order_by("asked_at"),
    ):
        [statement] = plans(lambda queryset=queryset: list(queryset))
        assert statement.scans, statement
