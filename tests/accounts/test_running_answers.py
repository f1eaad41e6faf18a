"""Signing up or logging in while an answer is written, on a real site."""

import threading

from answers.asking.questions import LOGIN_REQUIRED
from tests.support.browser import dictated
from tests.support.services import wait_for


def test_an_answer_continues_while_its_guest_signs_up_and_can_then_be_stopped(any_database_site, visit):
    site = any_database_site
    running = dictated(site, "Stall?")
    running.say("The first words")
    visitor = visit(site)
    old = visitor.connect()
    answer = old.ask("Stall?")
    old.read_text(answer, "The first words")
    visitor.sign_up()
    assert visitor.reads(answer)
    # A tab that was open before has the old session. It gets an error and can do nothing else.
    old.stop(answer)
    assert old.read_until("error")["code"] == "no_session"
    new = visitor.connect()
    new.follow(answer)
    new.read_text(answer, "The first words")
    assert visit_is_refused(visit(site), answer)
    new.stop(answer)
    end = new.finish(answer)
    assert (end["status"], new.texts[answer]) == ("stopped", "The first words")
    wait_for(site.api.requests[-1].closed.is_set, 10, "the API sees the connection closed")
    again = new.ask("Hello?")
    assert new.finish(again)["status"] == "complete"


def visit_is_refused(stranger, answer):
    socket = stranger.connect()
    socket.stop(answer)
    assert socket.read_until("error")["code"] == "not_found"
    socket.follow(answer)
    return socket.read_until("error")["code"] == "not_found" and not stranger.reads(answer)


def test_an_answer_that_runs_during_a_login_is_finished_for_the_account(site, visit):
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


def test_no_question_asked_during_the_sign_up_is_lost(any_database_site, visit):
    visitor = visit(any_database_site)
    socket = visitor.connect()
    socket.finish(socket.ask("First?"))
    form = threading.Thread(target=visitor.sign_up)
    answer, accepted = socket.ask("And this?"), []  # asked before, in case the form is the faster one
    form.start()
    while True:
        while (event := socket.read())["type"] not in ("answer.finished", "error"):
            pass
        if event["type"] == "error":
            break
        accepted.append(answer)
        answer = socket.ask("And this?")
    form.join()
    assert event["code"] == "no_session"
    assert accepted
    assert all(visitor.reads(answer) for answer in accepted)
    # The error without an answer is that of the page, which may come before the end of the last answer.
    assert event["answer"] is None or not visitor.reads(answer)


def test_guests_who_may_not_ask_are_asked_to_log_in(make_site, api_server, visit):
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
        error = socket.read_until("error")
        assert (error["type"], error["code"], error["answer"]) == ("error", "login_required", answer)
        assert error["message"] == LOGIN_REQUIRED
    assert len(api_server.requests) == 1
    assert visitor.reads(as_guest)
    visitor.sign_up()
    assert "log in</a> or" not in visitor.http.get(site.url).text
    assert visitor.reads(as_guest)
    socket = visitor.connect()
    assert socket.finish(socket.ask("As Alice?"))["status"] == "complete"
