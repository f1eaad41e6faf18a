"""Accounts on a real site: what becomes of sockets and running answers, who may ask, single sign-on."""

import re
import threading

import pytest

from answers.speaker import LOGIN_REQUIRED
from tests.browser import dictated
from tests.oidc_provider import OidcProvider
from tests.people import Person
from tests.services import free_port, wait_for

PASSWORD = "correct horse battery"


class Visitor(Person):
    """A person who fills in forms."""

    def submit(self, path, **fields):
        form = self.http.get(self.url + path).text
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)[1]
        reply = self.http.post(self.url + path, fields | {"csrfmiddlewaretoken": token})
        assert reply.status_code == 200, reply.text
        return reply

    def sign_up(self, email="alice@example.org"):
        return self.submit("/accounts/signup/", email=email, password1=PASSWORD)

    def log_in(self, login="alice@example.org"):
        return self.submit("/accounts/login/", login=login, password=PASSWORD)

    def log_in_at_the_provider(self):
        """As the page's button does."""
        [link] = re.findall(
            r'href="(/accounts/oidc/[^"]+)"', self.http.get(f"{self.url}/accounts/login/").text
        )
        return self.http.get(self.url + link.replace("&amp;", "&"))

    def reads(self, answer):
        return self.http.get(f"{self.url}/a/{answer}/").status_code == 200


@pytest.fixture
def visit(request):
    def visit(site):
        visitor = Visitor(site.url)
        request.addfinalizer(visitor.close)
        return visitor

    return visit


@pytest.fixture
def provider():
    with OidcProvider() as provider:
        yield provider
    assert provider.errors == []


@pytest.fixture(params=["sqlite", "postgres"])
def any_site(request, make_site, api_server):
    """On both databases: what becomes of rows and locks at a login differs."""
    if request.param == "sqlite":
        return make_site(api_server).start()
    server = request.getfixturevalue("postgres_server")
    return make_site(api_server, DATABASE_URL=server.create_database(f"accounts-{free_port()}")).start()


# -- While an answer is being written


def test_an_answer_goes_on_while_its_guest_signs_up_and_can_be_stopped_then(any_site, visit):
    site = any_site
    running = dictated(site, "Stall?")
    running.say("The first words")
    visitor = visit(site)
    old = visitor.connect()
    answer = old.ask("Stall?")
    old.read_text(answer, "The first words")
    visitor.sign_up()
    assert visitor.reads(answer)
    # A tab that was open before knows the old session only: it is told to reload, and tells nothing else.
    old.stop(answer)
    assert old.read_until("error")["code"] == "no_session"
    new = visitor.connect()
    new.follow(answer)
    new.read_text(answer, "The first words")
    assert visit_is_refused(visit(site), answer)
    new.stop(answer)
    end = new.finish(answer)
    assert (end["status"], new.texts[answer]) == ("stopped", "The first words")
    wait_for(site.api.requests[-1].closed.is_set, 2, "the API sees the connection closed")
    again = new.ask("Hello?")
    assert new.finish(again)["status"] == "complete"


def visit_is_refused(stranger, answer):
    socket = stranger.connect()
    socket.stop(answer)
    assert socket.read()["code"] == "not_found"
    socket.follow(answer)
    return socket.read()["code"] == "not_found" and not stranger.reads(answer)


def test_an_answer_that_runs_while_its_guest_logs_in_is_finished_for_the_account(site, visit):
    running = dictated(site, "Wait?")
    running.say("One. ")
    first, second = visit(site), visit(site)
    first.sign_up()
    old = second.connect()
    answer = old.ask("Wait?")
    old.read_text(answer, "One. ")
    second.log_in()
    running.say("Two.")
    running.end()
    socket = first.connect()  # the same account on another device
    socket.follow(answer)
    assert socket.finish(answer)["status"] == "complete"
    assert socket.texts[answer] == "One. Two."


def test_no_question_is_lost_that_is_asked_in_the_moment_of_the_sign_up(any_site, visit):
    visitor = visit(any_site)
    socket = visitor.connect()
    socket.finish(socket.ask("First?"))
    form = threading.Thread(target=visitor.sign_up)
    form.start()
    accepted = []
    while True:
        answer = socket.ask("And this?")
        while (event := socket.read())["type"] not in ("answer.finished", "error"):
            pass
        if event["type"] == "error":
            break
        accepted.append(answer)
    form.join()
    assert event["code"] == "no_session"
    assert accepted
    assert all(visitor.reads(answer) for answer in accepted)
    assert not visitor.reads(answer)


# -- Who may ask


def test_where_guests_may_not_ask_they_are_told_to_log_in(make_site, api_server, visit):
    site = make_site(api_server).start()
    visitor = visit(site)
    socket = visitor.connect()
    as_guest = socket.ask("Before?")
    socket.finish(as_guest)
    site.stop()
    site.environment["ASKME_GUESTS"] = "false"
    site.start()
    for asking in (visitor, visit(site)):
        assert "log in</a> or" in asking.http.get(site.url).text
        socket = asking.connect()
        answer = socket.ask("Now?")
        error = socket.read()
        assert (error["type"], error["code"], error["answer"]) == ("error", "login_required", answer)
        assert error["message"] == LOGIN_REQUIRED
    assert len(api_server.requests) == 1
    assert visitor.reads(as_guest)
    visitor.sign_up()
    assert "log in</a> or" not in visitor.http.get(site.url).text
    assert visitor.reads(as_guest)
    socket = visitor.connect()
    assert socket.finish(socket.ask("As Alice?"))["status"] == "complete"


# -- Single sign-on


def test_single_sign_on_makes_an_account_that_keeps_the_guests_answers(
    make_site, api_server, provider, visit
):
    site = make_site(api_server, **provider.environment, ASKME_SIGNUP="closed").start()
    visitor = visit(site)
    assert "Continue with Team login" in visitor.http.get(f"{site.url}/accounts/login/").text
    socket = visitor.connect()
    answer = socket.ask("As a guest?")
    socket.finish(answer)
    page = visitor.log_in_at_the_provider()
    assert page.url == site.url + "/"
    assert "alice@team.example" in page.text
    assert visitor.reads(answer)
    again = visit(site)  # on another device: the same account
    again.log_in_at_the_provider()
    assert again.reads(answer)
    provider.person = {"sub": "2", "email": "bob@team.example", "email_verified": True}
    bob = visit(site)
    assert "bob@team.example" in bob.log_in_at_the_provider().text
    assert not bob.reads(answer)


@pytest.mark.parametrize(
    "person",
    [
        {"sub": "3", "email": "mallory@else.example", "email_verified": True},
        {"sub": "4", "email": "alice@team.example", "email_verified": False},
        {"sub": "5", "email": "alice@team.example.else.example", "email_verified": True},
        {"sub": "6"},
    ],
    ids=["another domain", "not verified", "a longer domain", "no address"],
)
def test_only_people_of_the_domains_come_in(make_site, api_server, provider, visit, person):
    site = make_site(api_server, **provider.environment, ASKME_OIDC_DOMAINS="team.example").start()
    provider.person = person
    visitor = visit(site)
    page = visitor.log_in_at_the_provider()
    assert page.status_code == 403
    assert "Only people of team.example" in page.text
    assert "Log in" in visitor.http.get(site.url).text
    provider.person = {"sub": "1", "email": "alice@Team.example", "email_verified": True}
    assert "alice@team.example" in visitor.log_in_at_the_provider().text.lower()


def test_a_provider_account_with_a_taken_address_does_not_open_that_account(
    make_site, api_server, provider, visit
):
    site = make_site(api_server, **provider.environment).start()
    owner = visit(site)
    owner.sign_up("alice@team.example")
    socket = owner.connect()
    answer = socket.ask("Mine?")
    socket.finish(answer)
    other = visit(site)
    other.log_in_at_the_provider()
    assert not other.reads(answer)


LONG_AGO = """
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
for row in Session.objects.all():
    session = SessionStore(row.pk)
    for record in session.get(AUTHENTICATION_METHODS_SESSION_KEY, []):
        record["at"] -= 301
    session.modified = True
    session.save()
"""


def test_who_came_by_single_sign_on_comes_again_before_the_account_is_deleted(
    make_site, api_server, provider, visit
):
    site = make_site(api_server, **provider.environment).start()
    visitor = visit(site)
    visitor.log_in_at_the_provider()
    socket = visitor.connect()
    answer = socket.ask("Mine?")
    socket.finish(answer)
    page = visitor.http.get(f"{site.url}/account/delete/")
    assert provider.prompts == [""]  # that was a moment ago
    assert "Delete everything" in page.text
    assert site.manage("shell", "-c", LONG_AGO).returncode == 0
    visitor.submit("/account/delete/")  # the form is sent only after its page was shown again
    assert provider.prompts == ["", "login"]  # the provider does not just wave through who is logged in there
    again = visit(site)
    again.log_in_at_the_provider()
    assert not again.reads(answer)
    assert "Traceback" not in site.log()


def test_a_provider_that_is_away_is_a_sentence(make_site, api_server, visit):
    with OidcProvider() as provider:
        environment = provider.environment
    site = make_site(api_server, **environment).start()
    page = visit(site).log_in_at_the_provider()
    assert "Team login could not be reached" in page.text
    assert page.status_code < 500 or page.status_code == 503
    assert "Traceback" not in site.log()


def test_a_forged_return_from_the_provider_is_a_sentence(make_site, api_server, provider, visit):
    site = make_site(api_server, **provider.environment).start()
    for query in ("", "?code=x&state=y", "?error=access_denied", "?error=x&state=y"):
        page = visit(site).http.get(f"{site.url}/accounts/oidc/sso/login/callback/{query}")
        assert page.status_code < 500
        assert "Log in" in page.text
    assert "Traceback" not in site.log()
