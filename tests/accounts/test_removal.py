"""An operator deletes people with all their answers, in the admin and by command, on a real site."""

import re

import pytest

from tests.support.api_server import answer, stall
from tests.support.forms import PASSWORD
from tests.support.services import wait_for

MAKE_OPERATOR = f"""
from accounts.models import User
from django.contrib.auth.models import Permission
User.objects.create_superuser("boss", "boss@example.org", {PASSWORD!r})
staff = User.objects.create_user("helper", "helper@example.org", {PASSWORD!r}, is_staff=True)
staff.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "delete_user"]))
"""
MAKE_MANY = """
import uuid
from django.utils import timezone
from accounts.models import User
from answers.models import Answer
alice = User.objects.get(username="alice")
ids = [uuid.uuid4() for _ in range(1200)]
Answer.objects.bulk_create(
    Answer(id=id, thread=id, user=alice, question="One of many?", status="complete") for id in ids
)
"""
COUNT = """
from accounts.models import User
from answers.models import Answer, Share
names = sorted(User.objects.values_list("username", flat=True))
print("left:", *names, Answer.objects.count(), Share.objects.count())
"""


def run(site, code):
    done = site.manage("shell", "-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout


def left(site):
    return run(site, COUNT).partition("left: ")[2].split()


@pytest.fixture
def busy_site(any_database_site, visit):
    """Alice has 1,202 answers, one of which is running, and a shared thread. There are two operators."""
    site = any_database_site
    run(site, MAKE_OPERATOR)
    alice = visit(site)
    alice.sign_up("alice@example.org")
    socket = alice.connect()
    site.api.behaviour = answer(["Done."])
    first = socket.ask("Finished?")
    socket.finish(first)
    alice.submit(f"/a/{first}/share/")
    site.api.behaviour = stall(["So far. "])
    running = socket.ask("Running?")
    socket.read_text(running, "So far. ")
    run(site, MAKE_MANY)
    return site, socket, running


def is_stopped(site, socket, running):
    wait_for(site.api.requests[-1].closed.is_set, 10, "the API sees the connection closed")
    error = socket.read_until("error")  # whether first the answer is gone or its person
    assert (error["code"], error["answer"]) in [("not_found", running), ("no_session", None)]


def user_id(site, name):
    code = f"from accounts.models import User; print('id:', User.objects.get(username={name!r}).pk)"
    return run(site, code).partition("id: ")[2].strip()


def test_the_admin_deletes_a_person_with_their_answers_after_showing_counts(busy_site, visit):
    site, socket, running = busy_site
    operator = visit(site)
    operator.log_in("boss")
    delete = f"/admin/accounts/user/{user_id(site, 'alice')}/delete/"
    page = operator.http.get(site.url + delete)
    assert page.status_code == 200
    assert "Answers: 1202" in page.text
    assert "Running answers: 1<" in page.text
    assert "Shared links: 1" in page.text
    assert "One of many?" not in page.text  # not thousands of lines
    assert len(page.text) < 50_000
    done = operator.submit(delete, post="yes")
    assert "was deleted successfully" in done.text
    is_stopped(site, socket, running)
    assert left(site) == ["boss", "helper", "0", "0"]
    assert "Traceback" not in site.log()


def test_an_operator_without_the_right_to_delete_answers_cannot_delete_them_with_a_person(busy_site, visit):
    site, _, _ = busy_site
    helper = visit(site)
    helper.log_in("helper")
    delete = f"/admin/accounts/user/{user_id(site, 'alice')}/delete/"
    page = helper.http.get(site.url + delete)
    assert "your account doesn't have permission to delete" in page.text.replace("&#x27;", "'")
    token = helper.http.cookies["csrftoken"]
    forced = helper.http.post(site.url + delete, {"post": "yes", "csrfmiddlewaretoken": token})
    assert forced.status_code == 403
    assert left(site) == ["alice", "boss", "helper", "1202", "1"]


def test_the_admin_deletes_several_people_at_once(any_database_site, visit):
    site = any_database_site
    run(site, MAKE_OPERATOR)
    for _ in range(2):
        guest = visit(site).connect()
        guest.finish(guest.ask("As a guest?"))
    operator = visit(site)
    operator.log_in("boss")
    guests = "/admin/accounts/user/?is_guest__exact=1"
    page = operator.http.get(site.url + guests).text
    chosen = {
        "action": "delete_selected",
        "_selected_action": re.findall(r'_selected_action" value="(\d+)"', page),
    }
    assert len(chosen["_selected_action"]) == 2
    page = operator.submit(guests, **chosen).text
    assert "Answers: 2" in page
    assert page.count("guest-") >= 2
    done = operator.submit(guests, **chosen, post="yes")
    assert "Successfully deleted 2 users" in done.text
    assert left(site) == ["boss", "helper", "0", "0"]


def test_the_command_shows_what_would_go_and_deletes_it_only_when_told_to(busy_site):
    site, socket, running = busy_site
    for name in ("alice", "ALICE@example.org"):
        dry = site.manage("delete_person", name)
        assert (dry.returncode, dry.stderr) == (0, "")
        assert re.search(
            r"alice \(alice@example\.org\), .*1,202 answers \(1 running\), 1 shared link\.", dry.stdout
        )
        assert "Nothing was deleted. Add --yes" in dry.stdout
    assert left(site) == ["alice", "boss", "helper", "1202", "1"]
    done = site.manage("delete_person", "alice@example.org", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Deleted." in done.stdout
    is_stopped(site, socket, running)
    assert left(site) == ["boss", "helper", "0", "0"]
    missing = site.manage("delete_person", "alice", "--yes")
    assert missing.returncode == 1
    assert missing.stderr == "CommandError: Nobody has the username or email address “alice”.\n"


def test_a_guest_who_was_deleted_can_ask_again_in_the_same_browser(make_site, api_server, visit):
    site = make_site(api_server).start()
    visitor = visit(site)
    socket = visitor.connect()
    first = socket.ask("Before?")
    socket.finish(first)
    guest = left(site)[0]
    assert site.manage("delete_person", guest, "--yes").returncode == 0
    visitor.http.get(site.url)  # they reload the page
    again = visitor.connect()
    second = again.ask("Afterwards?")
    assert again.read_until("answer.started", second)
    assert again.finish(second)["status"] == "complete"
    assert not visitor.reads(first)
    assert visitor.reads(second)
    assert left(site)[0] != guest


def test_a_name_that_fits_two_people_deletes_neither(make_site):
    site = make_site()
    assert site.manage("migrate", "-v0").returncode == 0
    run(
        site,
        "from accounts.models import User;"
        "User.objects.create_user('x@example.org'); User.objects.create_user('x', 'X@example.org')",
    )
    done = site.manage("delete_person", "x@example.org", "--yes")
    assert done.returncode == 1
    assert "matches 2 people" in done.stderr
    assert left(site) == ["x", "x@example.org", "0", "0"]
