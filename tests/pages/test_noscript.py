"""Without JavaScript: the page's forms, as a plain client sends them."""

import socket
import time
import uuid
from urllib.parse import urlencode

import pytest

from answers.models import Status
from tests.support.api_server import stall
from tests.support.database import question_statuses
from tests.support.forms import NoscriptPerson, id_of
from tests.support.services import wait_for

# -- Asking and reading


def test_a_form_asks_and_follows_up_and_the_page_refreshes_meanwhile(site, visit):
    site.api.behaviour = stall(["Because. "])
    person = visit(site)
    page = person.ask("Why?\r\nTell me.")
    assert [one.status_code for one in page.history] == [303]
    assert "no-store" in page.history[0].headers["Cache-Control"]
    first = id_of(page)
    wait_for(lambda: "Because." in person.reload(), 20, "the text is on the page")
    assert 'http-equiv="refresh"' in person.page.text
    assert (
        question_statuses(site)[0][0] == "Why?\nTell me."
    )  # with the line ends of the websocket, not those of forms
    site.api.release()
    wait_for(lambda: 'http-equiv="refresh"' not in person.reload(), 20, "the answer is finished")
    assert person.statuses == ["complete"]

    site.api.answer(["And that."])
    second = id_of(person.ask("And that?"))
    wait_for(lambda: "refresh" not in person.reload(), 20, "the answer is finished")
    assert person.statuses == ["complete", "complete"]
    asked = [message["content"] for message in site.api.requests[-1].body["messages"]]
    assert asked == ["Why?\nTell me.", "Because. ", "And that?"]
    history = person.http.get(f"{site.url}/history/").text
    assert f'href="/a/{second}/#a-{second}">Why?' in history  # the thread, at its last answer
    assert first not in history
    assert "Traceback" not in site.log()


def test_a_form_sent_twice_is_one_question(site, visit):
    person = visit(site)
    form = person.form() | {"question": "Once?"}
    assert len({id_of(person.send("/ask/", form)) for _ in range(3)}) == 1
    wait_for(lambda: "refresh" not in person.reload(), 20, "the answer is finished")
    assert len(site.api.requests) == 1


@pytest.mark.parametrize("answer", ["", "x", "0" * 5000])
def test_a_form_with_a_bad_id_gets_a_new_one(site, visit, answer):
    person = visit(site)
    assert id_of(person.ask("Why?", answer=answer)) != answer
    assert len(question_statuses(site)) == 1


def test_a_question_from_a_form_can_be_followed_and_stopped_over_a_websocket(site, visit):
    """A form's question runs in the same worker as a socket's."""
    site.api.behaviour = stall(["So far. "])
    person = visit(site)
    answer = id_of(person.ask("Both ways?"))
    socket = person.connect()
    socket.follow(answer)
    socket.read_text(answer, "So far. ")
    socket.stop(answer)
    assert socket.finish(answer)["status"] == "stopped"
    assert site.api.requests[0].closed.wait(10)


def test_a_question_is_asked_again_as_another_version(site, visit):
    person = visit(site)
    first = id_of(person.ask("Why?\nTell me."))
    wait_for(lambda: "refresh" not in person.reload(), 20, "the answer is finished")
    other = id_of(person.send("/ask/", person.form('class="again"')))
    assert f"/a/{first}/" in person.page.text  # the previous version
    assert other != first
    assert [question for question, _ in question_statuses(site)] == ["Why?\nTell me."] * 2


# -- Stopping


def test_a_form_stops_at_once_and_the_text_is_kept(site, visit):
    site.api.behaviour = stall(["So far. "])
    person = visit(site)
    answer = id_of(person.ask("Stop me?"))
    wait_for(lambda: "So far." in person.reload(), 20, "the text is on the page")
    page = person.stop(answer)
    assert site.api.requests[0].closed.wait(10)
    assert page.history[0].status_code == 303
    assert id_of(page) == answer
    wait_for(lambda: "refresh" not in person.reload(), 20, "the answer is finished")
    assert person.statuses == ["stopped"]
    assert "So far." in person.page.text
    assert id_of(person.stop(answer)) == answer  # twice is harmless


def test_a_form_stops_an_answer_of_another_process(make_site, api_server, redis_url):
    site = make_site(api_server, REDIS_URL=redis_url).start(processes=2)
    api_server.behaviour = stall(["So far. "])
    person = NoscriptPerson(site.urls[0])
    try:
        answer = id_of(person.ask("Stop me?"))
        exchange = api_server.wait_for_requests(1)
        person.url = site.urls[1]
        person.stop(answer)
        assert exchange.closed.wait(10)
    finally:
        person.close()


def test_a_dropped_request_leaves_no_unfinished_question(site, visit):
    person = visit(site)
    cookies = "; ".join(f"{name}={value}" for name, value in person.http.cookies.items())
    for number in range(120):
        form = person.form() | {"question": f"{number}?", "answer": str(uuid.uuid4())}
        body = urlencode(form).encode()
        head = (
            f"POST /ask/ HTTP/1.1\r\nHost: {site.url.removeprefix('http://')}\r\nCookie: {cookies}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", site.ports[0])) as sock:
            sock.sendall(head.encode() + body)
            time.sleep(number / 12_000)  # 0 to 10 ms: at different points of the request
            if number == 119:  # at least one is dropped when it has been accepted
                wait_for(lambda: "119?" in dict(question_statuses(site)), 20, "the last question is saved")
    time.sleep(1)  # some are still being saved

    def ends() -> set[str]:
        statuses = {status for _, status in question_statuses(site)}
        return statuses if all(Status(status).is_end for status in statuses) else set()

    assert wait_for(ends, 20, "all answers are finished") == {"complete"}
    assert "Traceback" not in site.log()
