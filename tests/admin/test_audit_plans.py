"""The audit and Django's log in the admin read no whole table, however many entries there are."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from answers.admin import paging, read_only
from tests.support import plans as support
from tests.support.plans import filled, plans
from tests.support.staff import operator as log_in_operator

AUDIT = "/admin/answers/auditentry/"
LOG = "/admin/admin/logentry/"
LOGS = {"answers_auditentry", "django_admin_log"}
OLD = str((timezone.now() - timedelta(days=3)).date())  # the entries are of a week
PAGES = {
    "all": (AUDIT, {}),
    "the last page": (AUDIT, {"p": 10}),
    "one of the staff": (AUDIT, {"staff_name": "staff-3"}),
    "nobody": (AUDIT, {"staff_name": "nobody"}),
    "a rare action": (AUDIT, {"action": "deleted"}),
    "a rare action of one": (AUDIT, {"staff_name": "staff-3", "action": "deleted"}),
    "a person": (AUDIT, {"person": "person-77"}),
    "old days": (AUDIT, {"since": OLD, "until": OLD}),
    "all but old days": (AUDIT, {"since": OLD}),
    "words": (AUDIT, {"q": "zyzzyva"}),
    "words of one": (AUDIT, {"q": "zyzzyva", "staff_name": "staff-3"}),
    "Django's log": (LOG, {}),
    "Django's log of one": (LOG, {"staff": "1"}),
    "Django's log of old days": (LOG, {"since": OLD, "until": OLD}),
    "Django's log with words": (LOG, {"q": "zyzzyva"}),
}


@pytest.fixture(scope="module")
def operator(each_database, django_db_blocker):
    with django_db_blocker.unblock(), filled(each_database.url), pytest.MonkeyPatch.context() as patch:
        tables = {vendor: {*names, *LOGS} for vendor, names in support.LARGE_TABLES.items()}
        patch.setattr(support, "LARGE_TABLES", tables)
        yield log_in_operator()


@pytest.mark.parametrize("page", PAGES)
def test_no_page_of_a_log_reads_a_whole_table(operator, page, monkeypatch):
    monkeypatch.setattr(read_only, "SEARCHED_ROWS", 500)
    monkeypatch.setattr(paging, "COUNTED_ROWS", 500)
    address, query = PAGES[page]
    statements = plans(lambda: show(operator, address, query))
    for statement in statements:
        # SQLite's word for walking along an index, too. If it does not stop soon, its steps are too many.
        walks = "LIMIT" in statement.sql
        scans = [scan for scan in statement.scans if not (walks and scan.startswith("SCAN"))]
        assert not scans, f"{scans}\n{statement}"
    assert any("audit" in one.sql or "admin_log" in one.sql for one in statements)


def show(operator, address, query) -> None:
    page = operator.get(address, query)
    assert page.status_code == 200
    shown = len(page.context["cl"].result_list)
    assert (shown == 0) == ("nobody" in query.values() or "zyzzyva" in query.values())


def test_deleting_staff_reads_no_whole_table(operator):
    user = User.objects.create_user(f"leaver-{uuid.uuid4()}", is_staff=True)
    for statement in plans(user.delete):
        assert not [scan for scan in statement.scans if "audit" in scan or "admin_log" in scan], statement
