"""What people wrote is on no page of the admin that one may open without the right to read it. Whoever
has the right leaves an entry in the audit. These tests go through all addresses of the admin."""

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts.models import Invitation, User
from answers.models import Action, Answer, AuditEntry, Share, Status
from tests.support.admin_pages import addresses, read
from tests.support.answers import make_answer
from tests.support.audit_entries import make_entry
from tests.support.staff import operator as log_in_operator
from tests.support.staff import staff

# The stream of an export gives its connection back after each part, which ends a transaction.
pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/answers/answer/"
SECRETS = {
    "question": "zzquestion",
    "text": "zztext",
    "reasoning": "zzreasoning",
    "rating_note": "zznote",
    "error_detail": "zzdetail",
}
SOURCE = {"url": "https://zzsource.example/", "title": "zztitle"}
WORDS = [*SECRETS.values(), "zzsource", "zztitle"]


@pytest.fixture(autouse=True)
def answers():
    """Answers with everything in them, and something for each other page."""
    alice = User.objects.create_user("alice", "alice@example.org")
    fields = SECRETS | {"sources": [SOURCE], "rating": -1, "model": "gpt-test"}
    question, text = fields.pop("question"), fields.pop("text")
    first = make_answer(alice, question, text, **fields)
    make_answer(alice, question, text, follows=first.pk, days=1, status=Status.FAILED, error_code="busy")
    Share.objects.create(user=alice, thread=first.thread)
    Invitation.objects.create(for_whom="Bob")
    make_entry(f"answer {first.pk}")
    group = Group.objects.create(name="Readers")
    LogEntry.objects.log_actions(alice.pk, [group], CHANGE, "Changed.")
    return list(Answer.objects.all())


def shown_in(body: str) -> list[str]:
    return [word for word in WORDS if word in body]


@pytest.fixture
def without_reading() -> Client:
    """Somebody with every right but the one to read answers."""
    client = staff()
    user = User.objects.get(is_staff=True)
    user.user_permissions.set(Permission.objects.exclude(codename="read_answer"))
    return client


def test_the_addresses_are_found():
    found = list(addresses())
    assert len(found) > 60
    assert {LIST, "/admin/answers/auditentry/", "/admin/auth/group/add/"} <= set(found)


def test_without_the_right_to_read_no_page_shows_a_text(without_reading):
    for address in addresses():
        for method in ("get", "post"):
            if address.endswith("/delete/") and method == "post":
                continue  # so that all else is still there; see below
            assert shown_in(read(without_reading, address, method)) == [], f"{method} {address}"
    actions = ["stop_selected", "delete_selected", "export_csv"]
    selected = [str(pk) for pk in Answer.objects.values_list("pk", flat=True)]
    for action in actions:
        data = {"action": action, "_selected_action": selected}
        assert shown_in(read(without_reading, LIST, "post", **data)) == [], action


def test_without_the_right_to_read_no_filter_and_no_search_tells_a_text(without_reading, answers):
    for column in SECRETS:
        for lookup in ("contains", "startswith", "regex", "exact", "gt"):
            assert without_reading.get(LIST, {f"{column}__{lookup}": "zz"}).status_code == 400, column
    for related in ("follows__question__contains", "user__answers__text__contains"):
        assert without_reading.get(LIST, {related: "zz"}).status_code == 400
    for path, relation in (("accounts/user", "answers"), ("answers/share", "user__answers")):
        query = {f"{relation}__question__contains": "zz"}
        assert without_reading.get(f"/admin/{path}/", query).status_code == 400
    for word in WORDS:
        page = without_reading.get(LIST, {"q": word})
        assert str(answers[0].pk)[:8] not in page.content.decode()


def test_without_the_right_to_read_deleting_tells_no_text(without_reading, answers):
    """Not in the confirmation, the message, Django's log, the recent actions, nor the audit."""
    for answer in answers:
        address = f"{LIST}{answer.pk}/delete/"
        assert shown_in(read(without_reading, address)) == []
        assert shown_in(read(without_reading, address, "post", post="yes")) == []
    assert not Answer.objects.exists()
    for path in ("", "admin/logentry/", "answers/auditentry/", "answers/answer/"):
        assert shown_in(read(without_reading, f"/admin/{path}")) == []
    logged = str(list(LogEntry.objects.values())) + str(list(AuditEntry.objects.values()))
    assert shown_in(logged) == []
    assert AuditEntry.objects.filter(action=Action.DELETED).count() == 2


def test_whoever_reads_a_text_leaves_an_entry_in_the_audit():
    operator = log_in_operator()
    seen = set()
    for address in addresses():
        for method in ("get", "post"):
            if address.endswith("/delete/") and method == "post":
                continue
            before = AuditEntry.objects.count()
            body = read(operator, address, method)
            if words := shown_in(body):
                seen |= set(words)
                entries = list(AuditEntry.objects.order_by("pk")[before:])
                assert entries, f"{method} {address} shows {words}, and no entry says so"
                assert {entry.staff_name for entry in entries} == {"operator"}
                assert {entry.action for entry in entries} <= {"read", "searched", "exported"}
    assert seen == set(WORDS)


def test_a_search_is_in_the_audit_with_its_words_even_if_it_finds_nothing():
    operator = log_in_operator()
    for words in ("zzquestion", "zyzzyva"):
        operator.get(LIST, {"q": words})
        entry = AuditEntry.objects.latest("pk")
        assert (entry.action, entry.words) == ("searched", words)


def test_figures_alone_leave_no_entry(without_reading):
    """An audit full of what does not matter is not read."""
    before = AuditEntry.objects.count()
    for path in ("", "answers/dailyusage/", "answers/process/", "answers/auditentry/", "answers/answer/"):
        assert without_reading.get(f"/admin/{path}").status_code == 200
    assert AuditEntry.objects.count() == before


def test_every_page_has_the_sites_icon():
    operator = log_in_operator()
    pages = [operator.get(address) for address in addresses()]
    html = [page for page in pages if page.status_code == 200 and "html" in page.headers["Content-Type"]]
    assert len(html) > 50
    for page in html:
        assert page.content.decode().count('<link rel="icon" type="image/svg+xml"') == 1, page.request[
            "PATH_INFO"
        ]
        assert "img-src" in page.headers["Content-Security-Policy"]


def test_no_two_sections_of_the_admin_have_the_same_name():
    names = [one["name"] for one in log_in_operator().get("/admin/").context["app_list"]]
    assert len(set(names)) == len(names)
    assert {"People", "Accounts", "Ask Me Anything"} <= set(names)
