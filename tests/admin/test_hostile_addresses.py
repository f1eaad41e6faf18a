"""Whatever is in an address or a form of the admin, it is refused or shows nothing."""

import pytest
from django.db import transaction

from accounts.models import User
from tests.support.answers import make_answer
from tests.support.default_database import migrated
from tests.support.staff import operator

ANSWERS, AUDIT, LOG = "/admin/answers/answer/", "/admin/answers/auditentry/", "/admin/admin/logentry/"
SHARES, PEOPLE, USAGE = "/admin/answers/share/", "/admin/accounts/user/", "/admin/answers/dailyusage/"
PARAMETERS = {
    ANSWERS: [
        "status",
        "model",
        "error_code",
        "rating",
        "user",
        "since",
        "until",
        "q",
        "older",
        "newer",
        "as",
        "p",
    ],
    AUDIT: ["staff_name", "action", "person", "since", "until", "q", "p", "o"],
    LOG: ["staff", "since", "until", "q", "p"],
    SHARES: ["q", "p", "token"],
    PEOPLE: ["q", "since", "until", "is_guest__exact", "groups__id__exact", "p"],
    USAGE: ["since", "until", "days"],
}
VALUES = [
    "a",
    "\0",
    "-1",
    "9223372036854775808",
    "9" * 5_000,
    "0001-01-01",
    "9999-12-31",
    "٣",
    "nan",
    "%",
    "x" * 3_000,
]
ACTIONS = {ANSWERS: "stop_selected", PEOPLE: "deactivate", SHARES: "delete_selected"}


@pytest.fixture
def client(each_database, django_db_blocker):
    with django_db_blocker.unblock(), migrated(each_database.url), transaction.atomic():
        make_answer(User.objects.create_user("alice"), question="Why?")
        client = operator()
        client.cookies["timezone"] = "Asia/Tokyo"
        yield client
        transaction.set_rollback(True)


@pytest.mark.parametrize("page", PARAMETERS)
def test_no_parameter_of_a_list_causes_an_error(client, page):
    for name in PARAMETERS[page]:
        for value in VALUES:
            reply = client.get(page, {name: value})
            assert reply.status_code in (200, 302, 400, 404), (name, value[:40])


@pytest.mark.parametrize("page", [*ACTIONS, f"{ANSWERS}export/csv/"])
def test_no_selected_row_and_no_export_causes_an_error(client, page):
    for value in VALUES:
        fields = {"action": ACTIONS.get(page, ""), "_selected_action": value}
        assert client.post(page, fields).status_code in (200, 302, 400), value[:40]
        if page not in ACTIONS:
            for name in PARAMETERS[ANSWERS]:
                assert client.post(page, query_params={name: value}).status_code in (200, 302, 400), (
                    name,
                    value[:40],
                )


def test_no_key_in_an_address_causes_an_error(client):
    for page in (ANSWERS, SHARES, PEOPLE):
        for key in ("a", "%00", "_00", "9" * 100):
            for view in ("change", "delete", "history"):
                assert client.get(f"{page}{key}/{view}/").status_code in (302, 403, 404), (page, key, view)
