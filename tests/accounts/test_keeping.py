"""How long people are remembered: renewed cookies, a new secret key, and guests who are gone."""

import time
import uuid
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.models import GuestKey
from tests.support.accounts import log_in, user_of, user_who_asks
from tests.support.database import execute
from tests.support.forms import NoscriptPerson, id_of
from tests.support.sites import SECRET_KEY

SECOND, ANOTHER = (f"the {word} key and as long as it has to be" for word in ("second", "other"))

DAY = 24 * 3600


def days_left(cookie):
    return cookie["max-age"] / DAY


def at(monkeypatch, days):
    """Let these days pass for everything in this process that reads the clock."""
    now, moment = time.time, timezone.now
    monkeypatch.setattr("time.time", lambda: now() + days * DAY)
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment() + timedelta(days=days))


# -- For a year after the last visit


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/history/"])
def test_the_cookie_of_a_guest_who_comes_back_is_renewed(client, monkeypatch, path):
    client.get("/")
    guest = user_who_asks(client)
    for _ in range(6):  # 420 days, with a visit every 70
        with monkeypatch.context() as patch:
            at(patch, 60)
            assert "guest" not in client.get(path).cookies
        at(monkeypatch, 70)
        assert days_left(client.get(path).cookies["guest"]) == 365
        assert "guest" not in client.get(path).cookies
        assert user_of(client) == guest
    at(monkeypatch, 366)
    assert user_of(client) is None


@pytest.mark.django_db
def test_the_session_of_an_account_that_comes_back_is_renewed(client, alice, monkeypatch):
    log_in(client, remember="on")
    client.get("/")  # which removes the message that the login has left
    for _ in range(6):
        with monkeypatch.context() as patch:
            at(patch, 60)
            assert "sessionid" not in client.get("/").cookies
        at(monkeypatch, 70)
        assert days_left(client.get("/").cookies["sessionid"]) == 365
        assert "sessionid" not in client.get("/").cookies
        assert user_of(client) == alice
    assert UserSession.objects.count() == 1
    at(monkeypatch, 366)
    assert user_of(client) is None


@pytest.mark.django_db
def test_a_cookie_without_a_guest_is_renewed_without_a_write(client, monkeypatch):
    first = client.get("/").cookies["guest"].value
    at(monkeypatch, 100)
    second = client.get("/").cookies["guest"].value
    assert second.partition(":")[0] == first.partition(":")[0]
    assert GuestKey.objects.count() == Session.objects.count() == 0


# -- A new secret key


def restarted(site, **environment):
    site.stop()
    site.environment |= environment
    return site.start()


def test_people_stay_logged_in_when_the_secret_key_changes(any_database_site, visit):
    site = any_database_site
    guest, alice = visit(site), visit(site)
    alice.sign_up()
    answers = {}
    for person in (guest, alice):
        socket = person.connect()
        answers[person] = socket.ask("Before?")
        socket.finish(answers[person])
    session = alice.http.cookies["sessionid"]
    restarted(site, SECRET_KEY=SECOND, SECRET_KEY_FALLBACKS=SECRET_KEY)
    for person, answer in answers.items():
        socket = person.connect()  # before a page has been opened
        socket.follow(answer)
        assert socket.finish(answer)["status"] == "complete"
        assert person.reads(answer)
        socket.finish(socket.ask("And now?"))  # on a socket that has the old cookie
    assert alice.http.cookies["sessionid"] == session  # so that her other pages are still hers
    restarted(site, SECRET_KEY_FALLBACKS="")  # everybody has come back, and the old key is forgotten
    for person, answer in answers.items():
        assert person.reads(answer)
        socket = person.connect()
        assert socket.finish(socket.ask("And then?"))["status"] == "complete"


def test_without_the_old_key_everybody_starts_anew(site, visit):
    guest = visit(site)
    socket = guest.connect()
    answer = socket.ask("Before?")
    socket.finish(answer)
    restarted(site, SECRET_KEY=SECOND)
    assert not guest.reads(answer)
    guest.http.get(site.url)
    socket = guest.connect()
    assert socket.finish(socket.ask("Again?"))["status"] == "complete"


def test_an_invitation_can_be_used_after_the_secret_key_has_changed(make_site):
    site = make_site()
    site.manage("migrate", "-v0")
    make = (
        "from accounts.models import *; print(Invitation.objects.create(for_whom='Bob').get_absolute_url())"
    )
    path = site.manage("shell", "-v0", "-c", make).stdout.strip()
    site.environment |= {"SECRET_KEY": SECOND, "SECRET_KEY_FALLBACKS": f"{ANOTHER}, {SECRET_KEY}"}
    token = path.rstrip("/").rpartition("/")[2]
    find = f"from accounts.models import *; print(Invitation.objects.for_token({token!r}))"
    assert site.manage("shell", "-v0", "-c", find).stdout.strip() == "for Bob"


# -- Guests who are gone

FORGET_GUESTS = "from accounts.models import User; User.objects.filter(is_guest=True).delete()"


def test_a_browser_whose_guest_is_gone_gets_a_new_one_at_once(any_database_site, visit):
    site = any_database_site
    person = visit(site)
    socket = person.connect()
    socket.finish(before := socket.ask("Before?"))
    assert site.manage("shell", "-c", FORGET_GUESTS).returncode == 0
    for page in (socket, person.connect()):  # one that was open, and one that was not
        answer = page.ask("And now?")
        assert page.finish(answer)["status"] == "complete"
        assert person.reads(answer)
    assert not person.reads(before)


def test_the_form_without_javascript_gets_a_new_guest_at_once(site):
    person = NoscriptPerson(site.url)
    person.ask("Before?")
    person.page = person.http.get(site.url)
    assert site.manage("shell", "-c", FORGET_GUESTS).returncode == 0
    page = person.ask("And now?")
    assert page.status_code == 200
    assert id_of(page)
    assert "And now?" in person.http.get(page.url).text
    assert len(execute(site, "SELECT * FROM accounts_user")) == 1
    person.close()


def test_a_guest_who_was_deactivated_is_refused(site, visit):
    person = visit(site)
    socket = person.connect()
    socket.finish(socket.ask("Before?"))
    execute(site, "UPDATE accounts_user SET is_active = 0")
    for page in (socket, person.connect()):
        page.ask("And now?", id := str(uuid.uuid4()))
        error = page.read_until("error")
        assert (error["code"], error["answer"]) == ("no_session", id)
