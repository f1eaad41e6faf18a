"""The page "Now": processes, what runs and waits in them, and stopping it. It shows nobody's words."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from answers.admin.processes import SHOWN
from answers.models import Answer, AuditEntry, Process, PruneRun, Status
from tests.support.usage import log_in_staff

pytestmark = pytest.mark.django_db
URL = "/admin/answers/process/"
ALL = ("view_process", "view_answer", "stop_answer", "view_user")


@pytest.fixture
def alice():
    return User.objects.create_user("alice")


def process(silent_seconds=0.0, **fields):
    heartbeat_at = timezone.now() - timedelta(seconds=silent_seconds)
    return Process.objects.create(heartbeat_at=heartbeat_at, **fields)


def waiting(user, **fields):
    return Answer.objects.ask(user, uuid.uuid4(), "My secret?", **fields)


def running(user, owner, text="Secret text", **fields):
    answer = waiting(user, process=owner)
    fields = {"status": Status.RUNNING, "started_at": timezone.now(), "text": text} | fields
    Answer.objects.filter(pk=answer.pk).update(**fields)
    return answer


def now(client):
    return client.get(URL).context["now"]


def stop(client, answer):
    return client.post(f"{URL}stop/", {"answer": answer.pk if isinstance(answer, Answer) else answer})


def test_each_process_has_its_name_state_lag_and_answers(client, alice):
    log_in_staff(client, *ALL)
    process(1, host="web-1", pid=7, lag_seconds=0.0042)
    busy = process(1, host="web-2", pid=8, lag_seconds=1.5, draining=True)
    process(13, host="web-3", pid=9)
    running(alice, busy)
    running(alice, busy)
    lines = [(one.name, one.state, one.lag, one.is_slow, one.answers) for one in now(client).processes]
    assert lines == [
        ("web-1, 7", "running", "4 ms", False, 0),
        ("web-2, 8", "draining", "1,500 ms", True, 2),
        ("web-3, 9", "silent", "-", False, 0),
    ]


def test_what_runs_and_waits_is_shown_without_any_words(client, alice):
    log_in_staff(client, *ALL, "read_answer")
    first = running(alice, process(host="web-1", pid=7), model="luna@low", model_label="Fast")
    second = waiting(alice)
    ended = waiting(alice)
    Answer.objects.filter(pk=ended.pk).update(status=Status.COMPLETE)
    found = now(client)
    [line] = found.running
    assert (line.id, line.person, line.model, line.process) == (first.pk, "alice", "Fast", "web-1, 7")
    assert [line.id for line in found.waiting] == [second.pk]
    assert (found.running_count, found.waiting_count) == ("1", "1")
    html = client.get(URL).content.decode()
    assert "ecret" not in html
    assert str(ended.pk) not in html
    assert not AuditEntry.objects.exists()  # nothing was read


def test_rows_names_and_stop_are_rights_of_their_own(client, alice):
    answer = running(alice, process())
    seen = {}
    for rights in (ALL[:1], ALL[:2], ALL[:3], ALL):
        log_in_staff(client, *rights, name=f"staff-{len(rights)}")
        html = client.get(URL).content.decode()
        seen[len(rights)] = (str(answer.pk) in html, ">Stop</button>" in html, "alice" in html)
        assert '<dd class="value">1</dd>' in html  # how many, in any case
    assert seen == {1: (False, False, False), 2: (True, False, False), 3: (True, True, False), 4: (True,) * 3}


def test_only_those_who_may_view_processes_open_it(client):
    assert client.get(URL).status_code == 302
    log_in_staff(client, "view_answer", "stop_answer", "view_dailyusage")
    assert client.get(URL).status_code == 403


def test_stop_reaches_the_process_of_a_running_answer_and_is_audited(client, alice):
    staff = log_in_staff(client, *ALL)
    answer, other = running(alice, process()), running(alice, process())
    response = stop(client, answer)
    assert (response.status_code, response.url) == (302, URL)
    assert [str(one) for one in get_messages(response.wsgi_request)] == ["The answer is being stopped."]
    assert list(Answer.objects.with_stop_requested()) == [answer]
    entry = AuditEntry.objects.get()
    assert (entry.staff, entry.action, entry.what, entry.person) == (
        staff,
        "stopped",
        f"answer {answer.pk}",
        "alice",
    )
    [line] = [one for one in now(client).running if one.is_stopping]
    assert line.id == answer.pk != other.pk


def test_a_question_that_waits_ends_at_once(client, alice):
    log_in_staff(client, *ALL)
    answer = waiting(alice)
    stop(client, answer)
    answer.refresh_from_db()
    assert answer.status == Status.STOPPED
    assert now(client).waiting == []


def test_stop_without_the_right_stops_nothing(client, alice):
    answer = running(alice, process())
    assert stop(client, answer).status_code == 302  # to the login
    for name, rights in (("a", ["view_process", "view_answer"]), ("b", ["stop_answer"])):
        log_in_staff(client, *rights, name=name)
        assert stop(client, answer).status_code == 403
    log_in_staff(client, *ALL)
    assert client.get(f"{URL}stop/", {"answer": answer.pk}).status_code == 405
    assert not Answer.objects.with_stop_requested().exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("answer", ["", "x", "\0", "0" * 32])
def test_stop_of_what_does_not_run_says_so(client, answer):
    log_in_staff(client, *ALL)
    response = stop(client, answer)
    messages = [str(one) for one in get_messages(response.wsgi_request)]
    assert messages == ["The answer has already ended."]
    assert not AuditEntry.objects.exists()


def test_stop_of_an_answer_that_has_ended_changes_nothing(client, alice):
    log_in_staff(client, *ALL)
    answer = running(alice, process())
    Answer.objects.finish(answer.pk, status=Status.COMPLETE)
    stop(client, answer)
    answer.refresh_from_db()
    assert (answer.status, answer.stop_requested_at) == (Status.COMPLETE, None)


def test_of_many_the_first_are_shown_and_all_are_counted(client, alice):
    log_in_staff(client, *ALL)
    owner = process()
    for _ in range(SHOWN + 1):
        running(alice, owner)
        waiting(alice)
    with CaptureQueriesContext(connection) as queries:
        found = now(client)
    assert (len(found.running), len(found.waiting)) == (SHOWN, SHOWN)
    assert (found.running_count, found.waiting_count) == (str(SHOWN + 1), str(SHOWN + 1))
    assert found.processes[0].answers == SHOWN + 1
    assert len(queries) < 25


def test_the_last_prune_is_shown(client):
    log_in_staff(client, "view_process")
    assert "Last cleanup" in client.get(URL).content.decode()
    moment = timezone.now() - timedelta(minutes=11)
    PruneRun.objects.create(active_at=moment, ended_at=moment, deleted={"sessions": 1204})
    html = client.get(URL).content.decode()
    assert "11 min ago" in html
    assert "1,204 sessions" in html


def test_nobody_can_change_processes_in_the_admin(client):
    client.force_login(User.objects.create_superuser("operator"))
    one = process()
    for path in ("add/", f"{one.pk}/change/", f"{one.pk}/delete/", f"{one.pk}/history/"):
        assert client.get(URL + path).status_code == 404
    client.post(URL, {"action": "delete_selected", "_selected_action": one.pk, "post": "yes"})
    one.refresh_from_db()
