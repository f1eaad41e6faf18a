"""Stopping and deleting answers in the admin: the actions of the list, and the buttons on a page."""

import uuid

import pytest
from django.contrib.admin.models import LogEntry

from accounts.models import User
from answers.admin import walk
from answers.admin.deletion import delete_answers
from answers.models import Action, Answer, AuditEntry, Share, Status
from tests.support.answers import make_answer
from tests.support.staff import staff

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/answers/answer/"


@pytest.fixture
def alice():
    return User.objects.create_user("alice")


def running(user, **fields):
    fields = {"status": Status.RUNNING, "process_id": uuid.uuid4(), "text": "So far"} | fields
    return make_answer(user, "Running?", **fields)


def act(client, action, *answers, follow=True, address=LIST, **fields):
    data = {"action": action, "index": 0, "_selected_action": [one.pk for one in answers]} | fields
    return client.post(address, data, follow=follow)


def delete(client, *answers, address=LIST, **fields):
    """Select them, and confirm on the page that asks."""
    page = act(client, "delete_selected", *answers, address=address, **fields)
    ids = page.context["ids"]
    confirmed = {"action": "delete_selected", "post": "yes", "_selected_action": page.context["first"]}
    return page, client.post(address, confirmed | {"ids": ids}, follow=True)


def test_the_action_stops_running_and_waiting_answers(alice):
    stopper = staff("view_answer", "stop_answer")
    runs, waits = running(alice), make_answer(alice, "Waiting?", status=Status.QUEUED)
    ended = make_answer(alice, "Over?")
    page = act(stopper, "stop_selected", runs, waits, ended)
    assert "2 answers were stopped. 1 answer had already ended." in page.content.decode()
    for one in (runs, waits, ended):
        one.refresh_from_db()
    assert (runs.status, runs.stop_requested_at is not None) == (Status.RUNNING, True)  # its process ends it
    assert waits.status == Status.STOPPED
    assert (ended.status, ended.stop_requested_at) == (Status.COMPLETE, None)
    [entry] = AuditEntry.objects.all()
    assert (entry.action, entry.number) == (Action.STOPPED, 2)
    assert str(runs.pk) in entry.what


def test_the_button_stops_one_and_says_so(alice):
    stopper = staff("view_answer", "stop_answer")
    answer = running(alice)
    assert "/stop/" in stopper.get(f"{LIST}{answer.pk}/change/").content.decode()
    page = stopper.post(f"{LIST}{answer.pk}/stop/", follow=True)
    assert "The answer is being stopped." in page.content.decode()
    answer.refresh_from_db()
    assert answer.stop_requested_at is not None
    [entry] = AuditEntry.objects.all()
    assert (entry.action, entry.what, entry.person) == (Action.STOPPED, f"answer {answer.pk}", "alice")
    Answer.objects.update(status=Status.STOPPED)
    page = stopper.post(f"{LIST}{answer.pk}/stop/", follow=True)
    assert "The answer has already ended." in page.content.decode()
    assert "/stop/" not in page.content.decode()
    assert AuditEntry.objects.count() == 1


def test_stopping_needs_its_right_and_a_form(alice):
    answer = running(alice)
    for client in (staff("view_answer", "read_answer", "delete_answer"), staff("stop_answer")):
        assert client.post(f"{LIST}{answer.pk}/stop/").status_code == 403
        act(client, "stop_selected", answer)
    assert staff("view_answer", "stop_answer").get(f"{LIST}{answer.pk}/stop/").status_code == 405
    assert staff("view_answer", "stop_answer").post(f"{LIST}{uuid.uuid4()}/stop/").status_code == 404
    answer.refresh_from_db()
    assert answer.stop_requested_at is None
    assert "/stop/" not in staff("view_answer").get(f"{LIST}{answer.pk}/change/").content.decode()


def test_the_action_deletes_what_the_page_before_it_named(alice):
    deleter = staff("view_answer", "delete_answer")
    gone = [make_answer(alice, "Secret 1?"), running(alice)]
    kept = make_answer(alice, "Kept?")
    page, done = delete(deleter, *gone)
    html = page.content.decode()
    assert "delete 2 answers" in html
    assert "1 of them is not finished" in html
    assert "Secret" not in html
    assert "2 answers were deleted." in done.content.decode()
    assert list(Answer.objects.all()) == [kept]
    [entry] = AuditEntry.objects.filter(action=Action.DELETED)
    assert entry.number == 2
    assert {one.object_id for one in LogEntry.objects.all()} == {str(one.pk) for one in gone}


def test_nothing_is_deleted_without_the_right_or_before_it_is_confirmed(alice):
    answer = make_answer(alice, "Kept?")
    other = staff("view_answer", "read_answer", "stop_answer", "export_answer")
    act(other, "delete_selected", answer, post="yes", ids=str(answer.pk))
    assert other.post(f"{LIST}{answer.pk}/delete/", {"post": "yes"}).status_code == 403
    deleter = staff("view_answer", "delete_answer")
    act(deleter, "delete_selected", answer)
    deleter.get(f"{LIST}{answer.pk}/delete/")
    assert Answer.objects.filter(pk=answer.pk).exists()


def test_all_that_match_are_deleted_as_far_as_they_are_counted(alice, monkeypatch):
    monkeypatch.setattr(walk, "COUNTED", 5)
    deleter = staff("view_answer", "delete_answer")
    answers = [make_answer(alice, "?", days=day, status=Status.FAILED) for day in range(8)]
    kept = make_answer(alice, "Kept?")
    page, _ = delete(deleter, answers[0], address=f"{LIST}?status=failed", select_across="1")
    assert "the newest" in page.content.decode()
    assert set(Answer.objects.all()) == {kept, *answers[:3]}
    delete(deleter, answers[0], address=f"{LIST}?status=failed", select_across="1")
    assert list(Answer.objects.all()) == [kept]


def test_what_followed_a_deleted_answer_follows_the_one_before_it(alice):
    first = make_answer(alice, "1?")
    second = make_answer(alice, "2?", follows=first.pk)
    third = make_answer(alice, "3?", follows=second.pk)
    fourth = make_answer(alice, "4?", follows=third.pk)
    assert delete_answers([third.pk, second.pk]) == 2
    fourth.refresh_from_db()
    assert fourth.follows_id == first.pk
    assert delete_answers([first.pk, uuid.uuid4()]) == 1
    fourth.refresh_from_db()
    assert fourth.follows_id is None


def test_the_link_to_a_thread_goes_with_its_last_answer(alice):
    first = make_answer(alice, "1?")
    second = make_answer(alice, "2?", follows=first.pk)
    Share.objects.create(user=alice, thread=first.thread)
    delete_answers([first.pk])
    assert Share.objects.exists()
    delete_answers([second.pk])
    assert not Share.objects.exists()


def test_one_is_deleted_on_its_page(alice):
    deleter = staff("view_answer", "delete_answer")
    first = make_answer(alice, "Secret?")
    second = make_answer(alice, "2?", follows=first.pk)
    html = deleter.get(f"{LIST}{first.pk}/delete/").content.decode()
    assert str(first.pk) in html
    assert "Secret" not in html
    assert deleter.post(f"{LIST}{first.pk}/delete/", {"post": "yes"}).status_code == 302
    second.refresh_from_db()
    assert second.follows_id is None
    [entry] = AuditEntry.objects.all()
    assert (entry.action, entry.what, entry.person) == (Action.DELETED, f"answer {first.pk}", "alice")
