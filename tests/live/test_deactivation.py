"""A person is deactivated or deleted while their pages are open, in several processes."""

import time

import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.api_server import answer, stall
from tests.support.database import wait_for_row
from tests.support.forms import PASSWORD
from tests.support.services import wait_for

MAKE_OPERATOR = f"""
from accounts.models import User
if not User.objects.filter(username="boss").exists():
    User.objects.create_superuser("boss", "boss@example.org", {PASSWORD!r})
"""
IDS = """
from accounts.models import User
print("id:", *[User.objects.get(username=name).pk for name in {names}])
"""
MOST_SECONDS = 15  # a look every two seconds, on a slow machine


def run(site, code):
    done = site.manage("shell", "-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout


def assert_is_closed(socket, before):
    """It says that the session has ended, with no frame from the page, and closes."""
    while (event := socket.read_until("error"))["code"] == "not_found":
        pass  # its answer was deleted
    assert event["code"] == "no_session"
    with pytest.raises(ConnectionClosed) as closed:
        socket.read()
    assert closed.value.rcvd.code == 4401
    assert time.monotonic() - before < MOST_SECONDS


def test_sockets_close_and_answers_stop_in_every_process(pair, visit):
    run(pair, MAKE_OPERATOR)
    alice, bob = visit(pair), visit(pair)
    alice.sign_up("alice@example.org")
    bob.sign_up("bob@example.org")
    [id] = run(pair, IDS.format(names=["alice"])).partition("id: ")[2].split()
    operator = visit(pair)
    operator.log_in("boss")
    here, elsewhere, bobs = alice.connect(), alice.connect(pair.urls[1]), bob.connect(pair.urls[1])
    pair.api.when("Alice runs", stall(["So far. "]))
    running = elsewhere.ask("Alice runs?")
    elsewhere.read_text(running, "So far. ")
    here.finish(here.ask("Finished?"))
    pair.api.when("Bob runs", stall(["Bob's. "]))
    bobs_running = bobs.ask("Bob runs?")
    bobs.read_text(bobs_running, "Bob's. ")

    people = "/admin/accounts/user/"
    before = time.monotonic()
    done = operator.submit(people, action="deactivate", _selected_action=id)
    assert "1 person was deactivated" in done.text
    assert "1 answer was stopped" in done.text
    assert_is_closed(here, before)
    assert_is_closed(elsewhere, before)
    wait_for_row(pair, running, 10, status="stopped")
    assert alice.http.get(pair.url + "/history/").text.count("Alice runs?") == 0  # logged out

    bobs.say("answer.follow", answer=bobs_running, position=len("Bob's. "))
    bobs.stop(bobs_running)
    assert bobs.finish(bobs_running)["status"] == "stopped"
    again = operator.submit(people, action="activate", _selected_action=id)
    assert "1 person was activated" in again.text
    alice.log_in("alice")
    pair.api.when("Alice is back", answer(["Welcome."]))
    page = alice.connect()
    page.finish(page.ask("Alice is back?"))
    wait_for(lambda: "Alice is back?" in alice.http.get(pair.url + "/history/").text, 10, "her history")


@pytest.mark.parametrize("how", ["admin", "command"])
def test_sockets_close_in_every_process_when_an_account_is_deleted(pair, visit, how):
    run(pair, MAKE_OPERATOR)
    name = f"carol-{how}"
    carol, guest = visit(pair), visit(pair)
    carol.sign_up(f"{name}@example.org")
    here, elsewhere, guests = carol.connect(), carol.connect(pair.urls[1]), guest.connect()
    pair.api.when(f"{how} runs", stall(["So far. "]))
    running = elsewhere.ask(f"{how} runs?")
    elsewhere.read_text(running, "So far. ")
    here.finish(here.ask("Finished?"))
    guests.finish(guests.ask("As a guest?"))
    [id] = run(pair, IDS.format(names=[name])).partition("id: ")[2].split()
    if how == "admin":
        operator = visit(pair)
        operator.log_in("boss")
        done = operator.submit(f"/admin/accounts/user/{id}/delete/", post="yes")
        assert "was deleted successfully" in done.text
    else:
        assert pair.manage("delete_person", name, "--yes").returncode == 0
    before = time.monotonic()
    assert_is_closed(here, before)
    assert_is_closed(elsewhere, before)
    guests.finish(guests.ask("And now?"))
