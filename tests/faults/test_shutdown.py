"""On a signal, a process closes its sockets, finishes the answers that it can, and interrupts the rest."""

import http.client
import select
import signal
import sqlite3
import time
from contextlib import closing

import pytest
import requests
from websockets.exceptions import ConnectionClosed

from answers.live import open_sockets
from tests.support.api_behaviours import Dictation
from tests.support.api_server import stall, ticking
from tests.support.delivery import Traveller, assert_whole
from tests.support.forms import NoscriptPerson
from tests.support.measurements import assert_less
from tests.support.network import Balancer
from tests.support.processes import refuses, start_another, start_process
from tests.support.services import wait_for

DRAIN_SECONDS = 10  # for an answer that finishes at once, also if the machine stands still for a moment


@pytest.mark.measures
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_process_ends_quickly_and_cleanly(make_site, api_server, meet, record_time, number):
    site = make_site(api_server, ASKME_DRAIN_SECONDS="25").start()
    page = meet(site.url).connect()
    page.finish(page.ask("Hello?"))
    [process] = site.processes
    began = time.monotonic()
    process.send_signal(number)
    with pytest.raises(ConnectionClosed) as closed:
        page.read()
    assert closed.value.rcvd.code == open_sockets.RESTARTING
    assert process.wait(10) == 0
    record_time("signal to exit", took := time.monotonic() - began)
    assert_less(took, 2)
    assert "Traceback" not in site.log()


@pytest.mark.timed
def test_sigterm_finishes_answers_in_time_and_interrupts_the_rest(
    make_site, api_server, redis_url, meet, record_time
):
    """Followers in another process get the ends, and more signals change nothing."""
    environment = {"REDIS_URL": redis_url, "ASKME_DRAIN_SECONDS": f"{DRAIN_SECONDS}"}
    site = make_site(api_server, **environment).start()
    feed = Dictation()
    api_server.when("finishes", feed)
    api_server.when("stalls", stall(["So far. "]))
    person = meet(site.url)
    near = person.connect()
    finishes, stalls = near.ask("finishes"), near.ask("stalls")
    feed.say("Before. ")
    texts = {stalls: "So far. ", finishes: "Before. "}
    for answer, text in texts.items():
        near.read_text(answer, text)
    start_another(site)
    far = person.connect(site.urls[1])
    for answer, text in texts.items():
        far.follow(answer)
        far.read_text(answer, text)
    process = site.processes[0]
    began = time.monotonic()
    process.terminate()
    with pytest.raises(ConnectionClosed) as closed:
        near.read_until("never")
    assert closed.value.rcvd.code == open_sockets.RESTARTING
    record_time("SIGTERM to sockets closed", time.monotonic() - began)
    assert refuses(site.urls[0])
    process.terminate()
    process.send_signal(signal.SIGINT)
    assert process.poll() is None
    feed.say("After. ")
    far.read_text(finishes, "After. ")
    feed.end()
    end = far.finish(finishes)
    assert_less(time.monotonic() - began, DRAIN_SECONDS)
    assert end["status"] == "complete"
    assert far.finish(stalls)["status"] == "interrupted"
    record_time("SIGTERM to interrupted", took := time.monotonic() - began)
    assert took > DRAIN_SECONDS - 0.1
    assert_less(took, 2 * DRAIN_SECONDS)
    assert process.wait(20) == 0
    record_time("SIGTERM to exit", time.monotonic() - began)
    assert "Traceback" not in site.log()
    site.processes.remove(process)
    site.ports = site.ports[1:]
    assert_whole(site, person, finishes, far.texts[finishes], status="complete", sent=feed.sent)
    assert_whole(site, person, stalls, far.texts[stalls], status="interrupted", sent="So far. ")


def test_sigterm_saves_running_answers_as_interrupted(any_layer_site, meet):
    any_layer_site.api.behaviour = stall(["So far. "])
    person = meet(any_layer_site.url)
    socket = person.connect()
    id = socket.ask("And then?")
    socket.read_text(id, "So far. ")
    any_layer_site.stop()  # fails if it takes too long
    assert any_layer_site.api.requests[0].closed.wait(20)
    any_layer_site.start()
    again = person.connect(any_layer_site.url)
    again.follow(id)
    assert again.finish(id)["status"] == "interrupted"
    assert again.texts[id] == "So far. "


def test_sigterm_closes_sockets_and_finishes_running_answers(make_site, api_server, meet):
    site = make_site(api_server, ASKME_DRAIN_SECONDS="50").start()
    api_server.behaviour = stall(["So far. "])
    person = meet(site.url)
    socket = person.connect()
    id = socket.ask("And then?")
    socket.read_text(id, "So far. ")
    [process] = site.processes
    process.terminate()
    with pytest.raises(ConnectionClosed) as closed:
        socket.read_until("never")
    assert closed.value.rcvd.code == 4012
    with pytest.raises(requests.ConnectionError):
        requests.get(site.url)
    assert process.poll() is None
    assert not api_server.requests[0].closed.is_set()
    api_server.release()
    process.wait(20)  # not as long as it may drain
    site.stop()
    site.start()
    again = person.connect()
    again.follow(id)
    assert again.finish(id)["status"] == "complete"
    assert again.texts[id] == "So far. "


def test_a_request_that_runs_at_sigterm_gets_its_response(make_site, api_server):
    site = make_site(api_server).start()
    path = site.environment["DATABASE_URL"].removeprefix("sqlite:///")
    person = NoscriptPerson(site.url)
    person.ask("Why?")
    wait_for(lambda: "refresh" not in person.reload(), 20, "the answer is complete")
    cookies = person.http.cookies.get_dict()
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as database,
        closing(http.client.HTTPConnection("127.0.0.1", site.ports[0], timeout=20)) as deletion,
        closing(http.client.HTTPConnection("127.0.0.1", site.ports[0], timeout=20)) as later,
    ):
        database.execute("BEGIN IMMEDIATE")  # so nothing can be deleted
        deletion.request("POST", "/history/delete/", f"csrfmiddlewaretoken={cookies['csrftoken']}", headers)
        for _ in range(20):  # it is sent, and these come after it
            later.request("GET", "/livez")
            assert later.getresponse().read()
        [process] = site.processes
        process.terminate()
        wait_for(lambda: refuses(site.url), 20, "it no longer listens")
        assert select.select([deletion.sock], [], [], 0) == ([], [], [])  # no response yet
        database.execute("ROLLBACK")
        assert deletion.getresponse().headers["Location"] == "/history/"
    assert process.wait(20) == 0
    person.close()


def test_a_rolling_restart_loses_nothing(make_site, api_server, redis_url, meet, record_time):
    environment = {"REDIS_URL": redis_url, "ASKME_DRAIN_SECONDS": "100", "ASKME_RUNNING_PER_USER": "0"}
    site = make_site(api_server, **environment).start(processes=2)
    api_server.behaviour = ticking(0.1)
    with Balancer(site.ports) as balancer:
        people = [meet(balancer.url) for _ in range(4)]
        pages = [Traveller(people[number % 4], balancer.url, f"{number}") for number in range(20)]
        wait_for(lambda: all(page.text for page in pages), 40, "all answers are shown")
        began = time.monotonic()
        old = list(site.processes)
        for index, process in enumerate(old):
            process.terminate()
            wait_for(lambda index=index: refuses(site.urls[index]), 20, "it no longer listens")
            start_process(site, index)
            record_time(f"process {index} replaced after", time.monotonic() - began)
        assert not any(page.end for page in pages), "answers ended before all was restarted"
        api_server.release()
        for page in pages:
            page.join(30)
            assert page.error is None
            assert page.end is not None
        record_time("all answers after", time.monotonic() - began)
        assert [process.wait(25) for process in old] == [0, 0]
        record_time("old processes gone after", time.monotonic() - began)
        site.processes = site.processes[2:]
        assert len(api_server.requests) == 20
        assert all(open_sockets.RESTARTING in page.codes for page in pages)
        sent = {request.question: request.text for request in api_server.requests}
        for page in pages:
            assert page.end["status"] == "complete"
            text = sent[page.question]
            assert_whole(site, page.person, page.answer, page.text, status="complete", sent=text)
