"""Requests that overlap: none of them loses a guest or what the guest has asked."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.database import execute, table_counts
from tests.support.forms import Visitor
from tests.support.oidc_provider import OidcProvider, Pause


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/userinfo"])
def test_a_question_during_a_slow_login_is_kept(make_site, api_server, visit, path):
    """The first question, so its guest is created while the request of the login is waiting."""
    with OidcProvider() as provider:
        site = make_site(api_server, **provider.environment).start()
        visitor = visit(site)
        socket = visitor.connect()
        provider.pause = Pause(path)
        with ThreadPoolExecutor(1) as pool:
            login = pool.submit(visitor.log_in_at_the_provider)
            assert provider.pause.reached.wait(20)
            socket.finish(answer := socket.ask("During the login?"))
            provider.pause.over.set()
            page = login.result(20)
        assert "alice@team.example" in page.text
        assert visitor.reads(answer)


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token"])
def test_a_login_that_fails_after_a_question_loses_nothing(make_site, api_server, visit, path):
    with OidcProvider() as provider:
        site = make_site(api_server, **provider.environment, ASKME_OIDC_DOMAINS="else.example").start()
        visitor = visit(site)
        socket = visitor.connect()
        provider.pause = Pause(path)
        with ThreadPoolExecutor(1) as pool:
            login = pool.submit(visitor.log_in_at_the_provider)
            assert provider.pause.reached.wait(20)
            socket.finish(answer := socket.ask("During the login?"))
            provider.pause.over.set()
            assert login.result(20).status_code == 403
        assert visitor.reads(answer)
        socket = visitor.connect()
        socket.finish(again := socket.ask("And now?"))
        assert visitor.reads(answer)
        assert visitor.reads(again)


def test_first_questions_at_once_in_many_tabs_make_one_guest(any_database_site, meet):
    site = any_database_site
    person = meet(site.url)
    sockets = [person.connect() for _ in range(8)]
    barrier = threading.Barrier(len(sockets))

    def ask(socket):
        barrier.wait()
        answer = socket.ask("First?")
        socket.finish(answer)
        return answer

    with ThreadPoolExecutor(len(sockets)) as pool:
        answers = list(pool.map(ask, sockets))
    assert table_counts(site)["accounts_user"] == table_counts(site)["accounts_guestkey"] == 1
    for answer in answers:
        assert person.http.get(f"{site.url}/a/{answer}/").status_code == 200


def test_a_tab_from_before_the_login_cannot_ask_as_a_guest(any_database_site, visit):
    """It has asked nothing yet. Its answer would belong to a guest whom the browser has forgotten."""
    visitor = visit(any_database_site)
    old = visitor.connect()
    visitor.sign_up()
    old.ask("As whom?", id := str(uuid.uuid4()))
    error = old.read_until("error")
    assert (error["code"], error["answer"]) == ("no_session", id)
    socket = visitor.connect()
    socket.finish(answer := socket.ask("As Alice?"))
    assert visitor.reads(answer)


def test_a_tab_of_an_account_that_logged_out_cannot_ask_as_a_guest(site, visit):
    visitor = visit(site)
    visitor.sign_up()
    old = visitor.connect()
    visitor.submit("/accounts/logout/")
    for frame in ({"type": "question.ask", "question": "As whom?"}, {"type": "answer.follow", "position": 0}):
        old.say(**frame, answer=str(uuid.uuid4()))
        assert old.read_until("error")["code"] == "no_session"
    new = visitor.connect()
    new.finish(answer := new.ask("As a guest?"))
    assert visitor.reads(answer)
    assert execute(site, "SELECT count(*) FROM accounts_user WHERE is_guest")[0][0] == 1


def test_an_account_without_a_session_cannot_ask_as_a_guest_by_the_form(site):
    visitor = Visitor(site.url)
    visitor.sign_up()
    execute(site, "DELETE FROM django_session")
    token = visitor.http.cookies["csrftoken"]
    form = {"question": "As whom?", "csrfmiddlewaretoken": token}
    page = visitor.http.post(f"{site.url}/ask/", form)
    assert page.status_code == 403
    assert "session has ended" in page.text
    assert execute(site, "SELECT count(*) FROM answers_answer")[0][0] == 0
    assert (
        visitor.http.post(f"{site.url}/ask/", form).status_code == 200
    )  # its page said that nobody is logged in
    visitor.close()
