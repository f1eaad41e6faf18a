"""The audit in the admin: whom it shows what, and that nobody changes it."""

import uuid
from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.urls import reverse

from accounts.models import User
from accounts.removal import remove
from answers.admin import paging, read_only
from answers.admin.auditing import record
from answers.models import Action, AuditEntry, Share
from tests.support.answers import START, make_answer
from tests.support.audit_entries import make_entry
from tests.support.staff import operator as log_in_operator
from tests.support.staff import staff

pytestmark = pytest.mark.django_db

AUDIT = "/admin/answers/auditentry/"
LOG = "/admin/admin/logentry/"


def found(client, **query) -> list[str]:
    page = client.get(AUDIT, query)
    assert page.status_code == 200
    return [entry.what for entry in page.context["cl"].result_list]


@pytest.fixture
def auditor():
    return staff("view_auditentry", "view_logentry")


def test_an_entry_says_who_did_what_when_with_whose_and_how_many(auditor, rf):
    request = rf.get("/")
    request.user = User.objects.create_superuser("ann")
    record(request, Action.SEARCHED, "answers", person="bob", words="<b>tax", number=17)
    page = auditor.get(AUDIT).content.decode()
    for shown in ("ann", "Searched", "answers", "bob", "&lt;b&gt;tax", "17"):
        assert shown in page
    assert "<b>tax" not in page


def test_the_number_of_rows_is_shown_also_if_it_is_one(auditor):
    make_entry("shared links", number=1)
    assert "shared links (1)" in auditor.get("/admin/answers/auditentry/").content.decode()


def test_an_answer_and_a_person_are_links(auditor):
    id = uuid.uuid4()
    make_entry(f"answer {id}, with its thread", person="a&b")
    page = auditor.get(AUDIT).content.decode()
    assert (
        f'<a href="/admin/answers/answer/{id}/change/" title="{id}">answer {str(id)[:8]}</a>, with its thread'
        in page
    )
    assert '<a href="?person=a%26b">a&amp;b</a>' in page
    assert "2026-03-01 12:00:00" in page


def test_only_who_may_view_the_audit_sees_it():
    assert staff("view_answer").get(AUDIT).status_code == 403
    client = staff("view_auditentry")
    assert client.get(AUDIT).status_code == 200
    assert client.get(LOG).status_code == 403


@pytest.mark.parametrize("log", [AUDIT, LOG])
def test_nobody_changes_a_log(log):
    operator = log_in_operator()
    staff = User.objects.get(username="operator")
    LogEntry.objects.log_actions(staff.pk, [staff], 2, "Changed.")
    entry = make_entry("answer") if log == AUDIT else LogEntry.objects.get()
    before = list(type(entry).objects.values())
    assert operator.get(f"{log}{entry.pk}/change/").status_code == 200
    assert operator.post(f"{log}{entry.pk}/change/", {"what": "forged"}).status_code == 403
    for method in (operator.get, operator.post):
        assert method(f"{log}{entry.pk}/delete/", {"post": "yes"}).status_code == 403
        assert method(f"{log}add/", {"what": "forged"}).status_code == 403
    operator.post(log, {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"})
    assert list(type(entry).objects.values()) == before


def test_no_permission_would_allow_it():
    """None exists that one could give away."""
    codes = AuditEntry._meta.default_permissions
    assert list(codes) == ["view"]
    operator = log_in_operator()
    page = operator.get(AUDIT).content.decode()
    assert "Add audit entry" not in page
    assert "delete_selected" not in page


def test_entries_stay_when_the_staff_or_the_person_is_deleted(auditor, rf):
    request = rf.get("/")
    request.user = ann = User.objects.create_superuser("ann")
    record(request, Action.READ, "answer 1", person="bob")
    remove(ann, User.objects.create_user("bob"))
    [entry] = AuditEntry.objects.all()
    assert (entry.staff, entry.staff_name, entry.person) == (None, "ann", "bob")
    assert "ann (deleted)" in auditor.get(AUDIT).content.decode()


def test_entries_are_found_by_staff_action_person_and_days(auditor):
    make_entry("one", staff_name="ann", person="bob", days=0)
    make_entry("two", staff_name="eve", person="bob", days=1, action=Action.DELETED)
    make_entry("three", staff_name="eve", person="carl", days=2)
    assert found(auditor) == ["three", "two", "one"]
    assert found(auditor, staff_name="eve") == ["three", "two"]
    assert found(auditor, staff_name="eve", action="deleted") == ["two"]
    assert found(auditor, person="bob") == ["two", "one"]
    assert found(auditor, since="2026-03-02") == ["three", "two"]
    assert found(auditor, until="2026-03-02") == ["two", "one"]
    assert found(auditor, since="2026-03-02", until="2026-03-02", staff_name="ann") == []
    choices = auditor.get(AUDIT).context["cl"].filter_specs[1].lookup_choices
    assert choices == [("ann", "ann"), ("eve", "eve")]


def test_entries_are_found_by_words(auditor):
    make_entry("answer 7", staff_name="ann", person="bob")
    make_entry("answers", words="tax return", action=Action.SEARCHED, days=1)
    assert found(auditor, q="tax") == ["answers"]
    assert found(auditor, q="answer BOB") == ["answer 7"]
    assert found(auditor, q="ann") == ["answers", "answer 7"]
    assert found(auditor, q="nobody") == []


def test_a_search_looks_at_the_newest_entries_of_what_is_chosen(auditor, monkeypatch):
    monkeypatch.setattr(read_only, "SEARCHED_ROWS", 2)
    for day in range(4):
        make_entry(f"tax {day}", days=day)
    assert found(auditor, q="tax") == ["tax 3", "tax 2"]
    assert found(auditor, q="tax", until="2026-03-02") == ["tax 1", "tax 0"]


def test_a_form_keeps_the_other_filters(auditor):
    make_entry("one")
    page = auditor.get(AUDIT, {"staff_name": "ann", "since": "2026-03-01", "q": "x"}).content.decode()
    days = page.partition("By days")[2].partition("</form>")[0]
    assert '<input type="hidden" name="staff_name" value="ann">' in days
    assert '<input type="hidden" name="q" value="x">' in days
    assert 'name="since" value="2026-03-01"' in days
    assert 'type="hidden" name="since"' not in days


@pytest.mark.parametrize("query", [{"since": "never"}, {"until": "9999-12-31"}])
def test_an_impossible_day_is_no_error(auditor, query):
    make_entry("one")
    assert auditor.get(AUDIT, query, follow=True).status_code == 200


@pytest.mark.parametrize("lookup", ["words__regex", "staff__password__startswith", "what__contains"])
def test_other_lookups_are_refused(auditor, lookup):
    """They would read the whole table, or what the reader may not see."""
    assert auditor.get(AUDIT, {lookup: "x"}).status_code == 400


def test_more_entries_than_are_counted_are_said_so(auditor, monkeypatch):
    monkeypatch.setattr(paging, "COUNTED_ROWS", 60)
    for number in range(61):
        make_entry(f"answer {number}", days=number)
    page = auditor.get(AUDIT, {"p": 2})
    assert page.context["cl"].result_count == 60
    assert len(page.context["cl"].result_list) == 10
    assert "More than" in page.content.decode()
    monkeypatch.setattr(paging, "COUNTED_ROWS", 61)
    assert "61 audit entries" in auditor.get(AUDIT).content.decode()


# -- What Django changes


def test_what_django_changes_and_deletes_is_in_the_audit():
    operator = log_in_operator()
    alice = User.objects.create_user("alice")
    operator.post("/admin/auth/group/add/", {"name": "Readers"})
    group = Group.objects.get()
    operator.post(f"/admin/auth/group/{group.pk}/change/", {"name": "Viewers"})
    operator.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"})
    entries = AuditEntry.objects.order_by("pk").values_list("staff_name", "action", "what", "number")
    assert list(entries) == [
        ("operator", "changed", "group Readers: Added.", 1),
        ("operator", "changed", "group Viewers: Changed Name.", 1),
        ("operator", "deleted", "group Viewers", 1),
    ]
    assert LogEntry.objects.count() == 3
    Share.objects.create(user=alice, thread=make_answer(alice, "A secret?").thread)
    share = Share.objects.get()
    operator.post(f"/admin/answers/share/{share.pk}/delete/", {"post": "yes"})
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.person) == ("deleted", "alice")
    assert "secret" not in entry.what


def test_many_deletions_at_once_are_one_entry():
    operator = log_in_operator()
    groups = [Group.objects.create(name=f"Group {number}") for number in range(7)]
    data = {"action": "delete_selected", "_selected_action": [group.pk for group in groups], "post": "yes"}
    operator.post("/admin/auth/group/", data)
    [entry] = AuditEntry.objects.all()
    assert entry.number == 7
    assert entry.what.count("group Group") == 5
    assert entry.what.endswith(", ...")


@pytest.mark.parametrize("is_before", [False, True])
def test_a_view_that_says_it_better_is_not_recorded_twice(rf, is_before):
    request = rf.post("/")
    request.user = User.objects.create_superuser("ann")
    group = Group.objects.create(name="Readers")
    steps = [
        lambda: admin.site.get_model_admin(Group).log_deletions(request, [group]),
        lambda: record(request, Action.DELETED, "the group of readers", person="bob"),
    ]
    for step in steps[::-1] if is_before else steps:
        step()
    entries = AuditEntry.objects.values_list("what", "person", "staff_name")
    assert list(entries) == [("the group of readers", "bob", "ann")]
    record(request, Action.DELETED, "another one")
    assert AuditEntry.objects.count() == 2


def test_the_language_of_the_staff_does_not_matter(monkeypatch):
    monkeypatch.setattr("askme.language.ADMIN", "/not-the-admin/")  # as on a site that embeds askme
    operator = log_in_operator()
    data = {"name": "Leser"}
    operator.post("/admin/auth/group/add/", data, headers={"accept-language": "de"})
    assert AuditEntry.objects.get().what == "group Leser: Added."


# -- Django's own log


def test_djangos_log_is_shown_newest_first_and_found_by_staff_words_and_days(auditor):
    ann, eve = User.objects.create_superuser("ann"), User.objects.create_superuser("eve")
    for number, (user, name) in enumerate([(ann, "Uno"), (eve, "Due"), (ann, "Tre")]):
        entry = LogEntry.objects.log_actions(user.pk, [Group(pk=number, name=name)], 1, "Added.")[0]
        LogEntry.objects.filter(pk=entry.pk).update(action_time=START + timedelta(days=number))

    def shown(**query):
        page = auditor.get(LOG, query)
        assert page.status_code == 200
        return [entry.object_repr for entry in page.context["cl"].result_list]

    assert shown() == ["Tre", "Due", "Uno"]
    assert shown(staff=ann.pk) == ["Tre", "Uno"]
    assert shown(q="due") == ["Due"]
    assert shown(since="2026-03-02") == ["Tre", "Due"]
    assert shown(until="2026-03-02") == ["Due", "Uno"]
    assert shown(since="2026-03-04") == []
    assert shown(until="2026-02-28") == []
    page = auditor.get(LOG)
    assert page.context["cl"].filter_specs[1].lookup_choices == [(str(ann.pk), "ann"), (str(eve.pk), "eve")]
    assert reverse("admin:auth_group_change", args=["2"]) in page.content.decode()
