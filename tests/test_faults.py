"""The promises while something breaks: real processes, stopped, killed and cut off in the midst of answers.

The check is always the same: what a page that lived through it shows, what a fresh one shows at any process,
what the row holds and what the API sent are equal; or, where the answer was cut, the beginning of it.
"""

import asyncio
import http.client
import signal
import sqlite3
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from contextlib import closing
from datetime import timedelta
from types import SimpleNamespace

import pytest
from channels.db import database_sync_to_async
from channels.sessions import CookieMiddleware
from channels.testing import WebsocketCommunicator
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from websockets.exceptions import ConnectionClosed

from answers import consumers, journal
from answers import follower as follower_module
from answers import store as store_module
from answers.follower import Follower
from answers.layers import InMemoryLayer
from answers.models import Answer, Status, User
from answers.relay import group_name
from answers.running import RunningAnswer
from answers.worker import close_workers, current_worker
from tests.api_server import ApiServer, numbered, stall
from tests.faults import (
    Balancer,
    BlackHole,
    Feed,
    Traveller,
    Watched,
    assert_whole,
    kill,
    limit_files,
    row,
    rows,
    settle,
    start_process,
    wait_for_row,
)
from tests.services import Postgres, Redis, wait_for
from tests.sites import Site

STOP_SECONDS = 1  # the promise: from Stop, anywhere, to the closed connection
SWEPT_SECONDS = 20  # from kill -9 to `interrupted`
REFUSED_SECONDS = 7  # about five: SQLite waits so long for its lock


@pytest.fixture(scope="module")
def pair(tmp_path_factory, redis_url):
    """Two processes with one SQLite file and one Redis, for the tests that break neither."""
    with ApiServer() as api:
        site = Site(tmp_path_factory.mktemp("pair"), api, REDIS_URL=redis_url)
        try:
            yield site.start(processes=2)
        finally:
            site.stop()


@pytest.fixture
def tell(request, record_property):
    """Note a measurement: in the JUnit report, and on the screen with -s."""

    def tell(what, seconds):
        record_property(what, f"{seconds:.3f}")
        sys.stdout.write(f"\n  {request.node.name}: {what}: {seconds:.3f} s")

    return tell


# -- Exactly once


@pytest.mark.parametrize("store", ["SQLite", "PostgreSQL"])
def test_the_same_question_five_times_over_two_processes_is_one_row_and_one_request(
    request, make_site, api_server, redis_url, meet, store
):
    environment = {"REDIS_URL": redis_url}
    if store == "PostgreSQL":
        server = request.getfixturevalue("postgres_server")
        environment["DATABASE_URL"] = server.create_database(f"once{uuid.uuid4().hex}")
    site = make_site(api_server, **environment).start(processes=2)
    api_server.behaviour = stall(["Once. "])
    person = meet(site.urls[0])
    pages = [person.connect(url) for url in (site.urls[0], site.urls[1], site.urls[1])]
    answer = str(uuid.uuid4())
    for page in [*pages, *pages[:2]]:
        page.ask("The same", answer)
    for page in pages:
        page.read_text(answer, "Once. ")
    api_server.release()
    for page in pages:
        assert page.finish(answer)["status"] == "complete"
        assert page.texts == {answer: "Once. "}
    assert_whole(site, person, answer, "Once. ", status="complete", sent="Once. ")
    assert len(api_server.requests) == 1


# -- Stop

PHASES = {
    "the head is awaited": stall(head=False),
    "silent before the first text": stall(),
    "silent in the middle": stall(["So far. "]),
    "streaming": numbered(1000, delay=0.02),
}


@pytest.mark.parametrize("process", [0, 1], ids=["own process", "another process"])
@pytest.mark.parametrize("phase", PHASES)
def test_stop_closes_the_connection_within_a_second(pair, meet, tell, phase, process):
    question = f"{phase} {process}"
    pair.api.when(question, PHASES[phase])
    person = meet(pair.urls[0])
    page, stopping = person.connect(), person.connect(pair.urls[process])
    answer = page.ask(question)
    assert pair.api.wait_for(lambda: any(one.question == question for one in pair.api.requests))
    [exchange] = [one for one in pair.api.requests if one.question == question]
    if phase in ("silent in the middle", "streaming"):
        page.read_until("answer.text", answer)
    began = time.monotonic()
    stopping.stop(answer)
    stopping.stop(answer)  # twice is harmless
    assert exchange.closed.wait(10)
    tell("stop to closed", exchange.closed_at - began)
    end = settle(page, answer)
    tell("stop to told", time.monotonic() - began)
    assert end["status"] == "stopped"
    assert exchange.closed_at - began < STOP_SECONDS
    sent = "".join(f"{number} " for number in range(1000)) if phase == "streaming" else "So far. "
    assert_whole(pair, person, answer, page.texts.get(answer, ""), status="stopped", sent=sent)
    stopping.stop(answer)  # once more, after its end
    stopping.follow(answer)
    assert stopping.finish(answer)["status"] == "stopped"


@pytest.mark.parametrize("process", [0, 1], ids=["own process", "another process"])
def test_a_question_that_is_stopped_while_it_waits_is_never_sent(pair, meet, tell, process):
    name = f"queue {uuid.uuid4()}"
    pair.api.when(name, stall(["…"]))
    person = meet(pair.urls[0])
    page, stopping = person.connect(), person.connect(pair.urls[process])
    running = [page.ask(f"{name} {number}") for number in range(3)]  # as many as one person may run
    assert pair.api.wait_for(lambda: sum(name in one.question for one in pair.api.requests) == 3)
    waiting = page.ask(f"{name} waits")
    page.read_until("answer.queued", waiting)
    began = time.monotonic()
    stopping.stop(waiting)
    assert page.finish(waiting)["status"] == "stopped"
    tell("stop to told", time.monotonic() - began)
    assert time.monotonic() - began < STOP_SECONDS + 0.5  # the promise is of the connection; none is here
    for answer in running:
        page.stop(answer)
    for answer in running:
        stopping.follow(answer)
        assert stopping.finish(answer)["status"] == "stopped"
    assert sum(name in one.question for one in pair.api.requests) == 3


def test_a_stop_ends_an_attempt_to_connect(make_site, redis_url, meet, tell):
    with BlackHole() as hole:
        environment = {"OPENAI_BASE_URL": hole.base_url, "OPENAI_API_KEY": "sk", "ASKME_MODEL": "test"}
        environment |= {"REDIS_URL": redis_url, "ASKME_CONNECT_SECONDS": "60"}
        site = make_site(**environment).start(processes=2)
        person = meet(site.urls[0])
        page, far = person.connect(), person.connect(site.urls[1])
        for stopping in (page, far):
            answer = page.ask("Is anybody there?")
            wait_for(lambda: hole.callers == 1, 10, "the connection is being made")
            began = time.monotonic()
            stopping.stop(answer)
            wait_for(lambda: hole.callers == 0, 10, "the attempt has ended")
            took = time.monotonic() - began
            tell(f"stop to closed, {'own' if stopping is page else 'another'} process", took)
            assert took < STOP_SECONDS
            assert page.finish(answer)["status"] == "stopped"


# -- kill -9


def test_after_kill_9_another_process_ends_its_answers(make_site, api_server, redis_url, meet, tell):
    site = make_site(api_server, REDIS_URL=redis_url, ASKME_RUNNING_PER_USER="2").start(processes=2)
    api_server.when("streams", numbered(3000, delay=0.01))
    api_server.when("silent", stall(["So far. "]))
    person = meet(site.urls[0])
    near, other, far = person.connect(), person.connect(), person.connect(site.urls[1])
    streams, silent = near.ask("streams"), other.ask("silent")
    other.read_text(silent, "So far. ")
    waits = other.ask("waits")
    other.read_until("answer.queued", waits)
    for answer in (streams, silent, waits):
        far.follow(answer)
    watched = Watched(near, streams)
    watched.wait(2)
    killed = kill(site, 0)
    watched.thread.join(10)
    ends = {}
    while len(ends) < 3:
        event = far.read_until("answer.finished")
        ends[event["answer"]] = event
        tell("kill to interrupted", time.monotonic() - killed)
    assert time.monotonic() - killed < SWEPT_SECONDS
    assert {event["status"] for event in ends.values()} == {"interrupted"}
    shown = {answer: row(site, answer).text for answer in ends}
    assert (shown[silent], shown[waits]) == ("So far. ", "")
    assert len(watched.at(killed - 1)) > 0
    assert shown[streams].startswith(watched.at(killed - 1)), "more than the last second is missing"
    site.ports = site.ports[1:]
    for answer in ends:
        fresh = person.connect(site.urls[0])
        fresh.follow(answer)
        assert fresh.finish(answer)["status"] == "interrupted"
        assert fresh.texts.get(answer, "") == shown[answer]
        far.follow(answer, len(far.texts.get(answer, "")))  # a page that has more than was kept
        assert settle(far, answer)["length"] == len(shown[answer])
        assert far.texts.get(answer, "") == shown[answer]
    sent = "".join(f"{number} " for number in range(3000))
    assert sent.startswith(shown[streams])


def test_after_kill_9_the_next_start_ends_its_answers_without_anybody_there(
    make_site, api_server, meet, tell
):
    site = make_site(api_server, ASKME_RUNNING_PER_USER="1").start()
    api_server.behaviour = numbered(3000, delay=0.01)
    person = meet(site.url)
    page = person.connect()
    streams = page.ask("streams")
    waits = page.ask("waits")
    watched = Watched(page, streams)
    watched.wait(1.5)
    killed = kill(site, 0)
    watched.thread.join(10)
    site.start()
    tell("kill to started", time.monotonic() - killed)
    for answer in (streams, waits):
        wait_for_row(site, answer, killed + SWEPT_SECONDS - time.monotonic(), status="interrupted")
    tell("kill to interrupted", time.monotonic() - killed)
    shown = row(site, streams).text
    assert watched.at(killed - 1)
    assert shown.startswith(watched.at(killed - 1))
    sent = "".join(f"{number} " for number in range(3000))
    assert_whole(site, person, streams, shown, status="interrupted", sent=sent)
    assert_whole(site, person, waits, "", status="interrupted")
    assert len(api_server.requests) == 1


# -- Shutdown


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_process_ends_quickly_and_well(make_site, api_server, meet, tell, number):
    site = make_site(api_server, ASKME_DRAIN_SECONDS="25").start()
    page = meet(site.url).connect()
    page.finish(page.ask("Hello?"))
    [process] = site.processes
    began = time.monotonic()
    process.send_signal(number)
    with pytest.raises(ConnectionClosed) as closed:
        page.read()
    assert closed.value.rcvd.code == consumers.RESTARTING
    assert process.wait(10) == 0
    tell("signal to exit", time.monotonic() - began)
    assert time.monotonic() - began < 2
    assert "Traceback" not in site.log()


def test_sigterm_finishes_what_can_be_and_interrupts_the_rest(make_site, api_server, redis_url, meet, tell):
    """And those who follow in another process are told; more signals change nothing."""
    environment = {"REDIS_URL": redis_url, "ASKME_DRAIN_SECONDS": "3"}
    site = make_site(api_server, **environment).start(processes=2)
    feed = Feed()
    api_server.when("finishes", feed)
    api_server.when("stalls", stall(["So far. "]))
    person = meet(site.urls[0])
    near, far = person.connect(), person.connect(site.urls[1])
    finishes, stalls = near.ask("finishes"), near.ask("stalls")
    feed.say("Before. ")
    for answer, text in ((stalls, "So far. "), (finishes, "Before. ")):
        near.read_text(answer, text)
        far.follow(answer)
        far.read_text(answer, text)
    process = site.processes[0]
    began = time.monotonic()
    process.terminate()
    with pytest.raises(ConnectionClosed) as closed:
        near.read_until("never")
    assert closed.value.rcvd.code == consumers.RESTARTING
    tell("SIGTERM to sockets closed", time.monotonic() - began)
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(site.urls[0], timeout=5)
    process.terminate()
    process.send_signal(signal.SIGINT)
    assert process.poll() is None
    feed.say("After. ")
    far.read_text(finishes, "After. ")
    feed.finish()
    assert far.finish(finishes)["status"] == "complete"
    assert time.monotonic() - began < 3
    assert far.finish(stalls)["status"] == "interrupted"
    tell("SIGTERM to interrupted", time.monotonic() - began)
    assert 2.9 < time.monotonic() - began < 5
    assert process.wait(5) == 0
    tell("SIGTERM to exit", time.monotonic() - began)
    assert "Traceback" not in site.log()
    site.processes.remove(process)
    site.ports = site.ports[1:]
    assert_whole(site, person, finishes, far.texts[finishes], status="complete", sent=feed.sent)
    assert_whole(site, person, stalls, far.texts[stalls], status="interrupted", sent="So far. ")


def test_a_page_that_is_being_made_at_sigterm_is_sent(make_site, meet):
    site = make_site().start()
    path = site.environment["DATABASE_URL"].removeprefix("sqlite:///")
    made = []
    with closing(sqlite3.connect(path, isolation_level=None)) as store:
        store.execute("BEGIN IMMEDIATE")  # a new visitor's session cannot be saved meanwhile
        visit = threading.Thread(target=lambda: made.append(meet(site.url)))
        visit.start()
        with closing(http.client.HTTPConnection("127.0.0.1", site.ports[0])) as later:
            for _ in range(20):
                later.request("GET", "/healthz")
                assert later.getresponse().read()
        [process] = site.processes
        process.terminate()
        wait_for(lambda: refuses(site.url), 10, "it listens no more")
        assert made == []
        store.execute("ROLLBACK")
    visit.join(10)
    assert made[0].http.cookies["sessionid"]
    assert process.wait(10) == 0


def test_a_rolling_restart_loses_nothing(make_site, api_server, redis_url, meet, tell):
    environment = {"REDIS_URL": redis_url, "ASKME_DRAIN_SECONDS": "25", "ASKME_RUNNING_PER_USER": "0"}
    site = make_site(api_server, **environment).start(processes=2)
    api_server.behaviour = numbered(70, delay=0.1)
    with Balancer(site.ports) as balancer:
        people = [meet(balancer.url) for _ in range(4)]
        pages = [Traveller(people[number % 4], balancer.url, f"{number}") for number in range(20)]
        wait_for(lambda: all(page.text for page in pages), 20, "all answers are shown")
        began = time.monotonic()
        old = list(site.processes)
        for index, process in enumerate(old):
            process.terminate()
            wait_for(lambda index=index: refuses(site.urls[index]), 10, "it listens no more")
            start_process(site, index)
            tell(f"process {index} replaced after", time.monotonic() - began)
        assert not any(page.end for page in pages), "answers ended before all was restarted"
        for page in pages:
            page.join(30)
            assert page.error is None
            assert page.end is not None
        tell("all answers after", time.monotonic() - began)
        assert [process.wait(25) for process in old] == [0, 0]
        tell("old processes gone after", time.monotonic() - began)
        site.processes = site.processes[2:]
        assert len(api_server.requests) == 20
        assert all(consumers.RESTARTING in page.codes for page in pages)
        sent = "".join(f"{number} " for number in range(70))
        for page in pages:
            assert page.end["status"] == "complete"
            assert_whole(site, page.person, page.answer, page.text, status="complete", sent=sent)


def refuses(url):
    try:
        urllib.request.urlopen(f"{url}/healthz", timeout=5).close()
        return False
    except (urllib.error.URLError, ConnectionError):  # TimeoutError is neither
        return True


# -- Stores that fail


@pytest.fixture
def postgres():
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.delete()


def ask_in_vain(pages, tell):
    """All at once: each is refused soon, with its answer's id. Then a second passes, in which all are."""
    began = time.monotonic()
    asked = [(page, page.ask("In vain")) for page in pages]
    for page, answer in asked:
        refused = page.read()
        assert (refused["type"], refused["code"], refused["answer"]) == ("error", "unavailable", answer)
        assert refused["retry_after"] > 0
    took = time.monotonic() - began
    tell(f"{len(pages)} refused after", took)
    assert took < REFUSED_SECONDS
    again = time.monotonic() + 1.1
    wait_for(lambda: time.monotonic() > again, 2, "a second")


def test_running_answers_outlive_an_outage_of_postgresql(make_site, api_server, postgres, meet, tell):
    site = make_site(api_server, DATABASE_URL=postgres.create_database("askme")).start()
    feed = Feed()
    api_server.when("Live?", feed)
    person = meet(site.url)
    page = person.connect()
    answer = page.ask("Live?")
    page.read_text(answer, feed.say("Before. "))
    others = [meet(site.url).connect() for _ in range(5)]
    for other in others:
        other.finish(other.ask("Who am I?"))
    requests = len(api_server.requests)
    postgres.stop()
    down = time.monotonic()
    while time.monotonic() - down < 8:  # long enough for a pool of connections to lose its patience
        page.read_text(answer, feed.say(f"{time.monotonic() - down:.1f} s. "))
        ask_in_vain(others, tell)
    page.read_text(answer, feed.say("Up again? "))
    assert len(api_server.requests) == requests
    postgres.start()
    up = time.monotonic()
    again = others[0].ask("And now?")  # the first try, and no second
    assert others[0].finish(again)["status"] == "complete"
    tell("up to answered", time.monotonic() - up)
    wait_for_row(site, answer, 5, text=page.texts[answer])
    tell("up to saved", time.monotonic() - up)
    page.read_text(answer, feed.say("After. "))
    feed.finish()
    assert page.finish(answer)["status"] == "complete"
    assert_whole(site, person, answer, page.texts[answer], status="complete", sent=feed.sent)


def test_running_answers_outlive_a_lock_on_sqlite(make_site, api_server, redis_url, meet, tell):
    site = make_site(api_server, REDIS_URL=redis_url).start(processes=2)
    feed = Feed()
    api_server.when("Live?", feed)
    person = meet(site.urls[0])
    page, far = person.connect(), person.connect(site.urls[1])
    answer = page.ask("Live?")
    page.read_text(answer, feed.say("Before. "))
    far.follow(answer)
    far.read_text(answer, "Before. ")
    others = [meet(site.url).connect() for _ in range(4)]
    for other in others:
        other.finish(other.ask("Who am I?"))
    requests = len(api_server.requests)
    path = site.environment["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as store:
        store.execute("BEGIN IMMEDIATE")
        locked = time.monotonic()
        while time.monotonic() - locked < 10:
            text = feed.say(f"{time.monotonic() - locked:.1f} s. ")
            page.read_text(answer, text)
            far.read_text(answer, text)
            ask_in_vain(others, tell)
        store.execute("ROLLBACK")
    freed = time.monotonic()
    assert len(api_server.requests) == requests
    again = others[0].ask("And now?")
    assert others[0].finish(again)["status"] == "complete"
    tell("freed to answered", time.monotonic() - freed)
    wait_for_row(site, answer, 5, text=page.texts[answer])
    tell("freed to saved", time.monotonic() - freed)
    feed.finish()
    for one in (page, far):
        assert one.finish(answer)["status"] == "complete"
        assert_whole(site, person, answer, one.texts[answer], status="complete", sent=feed.sent)


def test_running_answers_outlive_a_full_disk(make_site, api_server, meet, tell):
    site = make_site(api_server).start()
    feed = Feed()
    api_server.when("Live?", feed)
    person = meet(site.url)
    page = person.connect()
    answer = page.ask("Live?")
    page.read_text(answer, feed.say("Before. "))
    wait_for_row(site, answer, 5, text="Before. ")
    others = [meet(site.url).connect() for _ in range(3)]
    for other in others:
        other.finish(other.ask("Who am I?"))
    requests = len(api_server.requests)
    [process] = site.processes
    limit_files(process, 0)
    full = time.monotonic()
    page.read_text(answer, feed.say("Full. "))
    for _ in range(3):
        ask_in_vain(others, tell)
    assert row(site, answer).text == "Before. "
    assert len(api_server.requests) == requests
    page.read_text(answer, feed.say("Free again? "))
    tell("full for", time.monotonic() - full)
    limit_files(process, None)
    free = time.monotonic()
    wait_for_row(site, answer, 5, text=page.texts[answer])
    tell("free to saved", time.monotonic() - free)
    again = others[0].ask("And now?")
    assert others[0].finish(again)["status"] == "complete"
    tell("free to answered", time.monotonic() - free)
    feed.finish()
    assert page.finish(answer)["status"] == "complete"
    assert_whole(site, person, answer, page.texts[answer], status="complete", sent=feed.sent)


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_redis_may_go_and_come_back(make_site, api_server, meet, tell, how):
    redis = Redis()
    redis.start()
    try:
        site = make_site(api_server, REDIS_URL=redis.url).start(processes=2)
        feed, later = Feed(), Feed()
        api_server.when("Live?", feed)
        api_server.when("Asked meanwhile", later)
        person = meet(site.urls[0])
        near, far = person.connect(), person.connect(site.urls[1])
        answer = near.ask("Live?")
        near.read_text(answer, feed.say("Before. "))
        far.follow(answer)
        far.read_text(answer, "Before. ")
        if how == "killed":
            redis.stop(signal.SIGKILL)
        else:
            redis.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        near.read_text(answer, feed.say("Without it. "))
        tell("near, without Redis", time.monotonic() - began)
        assert time.monotonic() - began < 1
        far.read_text(answer, "Without it. ")
        tell("far, without Redis", time.monotonic() - began)
        assert time.monotonic() - began < 4
        began = time.monotonic()
        asked = near.ask("Asked meanwhile")
        near.read_text(asked, later.say("Even now. "))
        assert time.monotonic() - began < 2
        far.follow(asked)
        far.read_text(asked, "Even now. ")
        if how == "killed":
            redis.start()  # empty, and at its address
        else:
            wait_for(lambda: "Redis is away" in site.log(), 10, "it is given up")
            redis.process.send_signal(signal.SIGCONT)
        began = time.monotonic()
        read_until_live(far, answer, feed)
        tell("restart to live", time.monotonic() - began)
        assert time.monotonic() - began < 10
        for one in (feed, later):
            one.say("After. ")
            one.finish()
        for id, one in ((answer, feed), (asked, later)):
            for page in (near, far):
                assert page.finish(id)["status"] == "complete"
                assert_whole(site, person, id, page.texts[id], status="complete", sent=one.sent)
    finally:
        redis.stop(signal.SIGKILL)


def read_until_live(far, answer, feed):
    """Five pieces in a row come at once, each sent when the one before is shown: the store takes seconds."""
    quick = 0
    while quick < 5:
        began = time.monotonic()
        far.read_text(answer, feed.say(f"{began}. "))
        quick = quick + 1 if time.monotonic() - began < 0.4 else 0


def nonsense(exchange):
    """Said of itself by an API: longer than any column, and what no store takes."""
    exchange.head()
    exchange.chunk("Fine. ", model="m\0\ud800" * 200)
    exchange.chunk(finish_reason="\0\ud800" + "stop" * 50)
    exchange.event({"choices": [], "usage": {"prompt_tokens": 2**70, "completion_tokens": -1}})
    exchange.done()


@pytest.mark.parametrize("store", ["SQLite", "PostgreSQL"])
def test_an_api_that_says_nonsense_of_itself_spoils_no_answer(request, make_site, api_server, meet, store):
    environment = {}
    if store == "PostgreSQL":
        server = request.getfixturevalue("postgres_server")
        environment["DATABASE_URL"] = server.create_database(f"fit{uuid.uuid4().hex}")
    site = make_site(api_server, **environment).start()
    api_server.when("Nonsense", nonsense)
    api_server.when("Refused", lambda exchange: exchange.reply(400, {"error": {"message": "\0\ud800"}}))
    person = meet(site.url)
    page = person.connect()
    answers = {question: page.ask(question) for question in ("Nonsense", "Refused", "Neighbour")}
    ends = {}
    while len(ends) < 3:
        end = page.read_until("answer.finished")
        ends[end["answer"]] = end["status"]
    assert [ends[answer] for answer in answers.values()] == ["complete", "failed", "complete"]
    assert_whole(site, person, answers["Nonsense"], "Fine. ", status="complete", sent="Fine. ")
    assert row(site, answers["Nonsense"]).finish_reason == ("stop" * 50)[:40]
    assert "Traceback" not in site.log()


# -- Sessions


END_SESSIONS = """
from django.contrib.sessions.models import Session
from django.utils import timezone
from answers.models import User
Session.objects.filter(pk={logged_out!r}).delete()
Session.objects.filter(pk={expired!r}).update(expire_date=timezone.now())
User.objects.filter(answers__pk={deactivated!r}).update(is_active=False)
"""


def test_a_session_that_ends_in_the_middle_is_refused_at_the_next_frame(pair, meet):
    name = f"session {uuid.uuid4()}"
    feed = Feed()
    pair.api.when(name, feed)
    people = {how: meet(pair.url) for how in ("logged_out", "expired", "deactivated")}
    pages = {how: person.connect() for how, person in people.items()}
    answers = {how: page.ask(f"{name} {how}") for how, page in pages.items()}
    for how, page in pages.items():
        page.read_until("answer.started", answers[how])
    keys = {how: person.http.cookies["sessionid"] for how, person in people.items()}
    script = END_SESSIONS.format(**(keys | {"deactivated": answers["deactivated"]}))
    done = pair.manage("shell", "-c", script)
    assert done.returncode == 0, done.stderr
    for how, page in pages.items():
        for frame in ("answer.stop", "answer.follow"):
            page.say(frame, answer=answers[how])
            refused = page.read_until("error")
            assert (refused["code"], refused["answer"]) == ("no_session", answers[how])
        again = str(uuid.uuid4())
        page.ask("More?", again)
        assert page.read_until("error")["code"] == "no_session"
        assert rows(pair, again) == []
    feed.finish()


in_database = pytest.mark.django_db(transaction=True)


@in_database
@pytest.mark.parametrize("how", ["logged out", "expired", "deactivated"])
async def test_a_socket_whose_session_has_ended_is_closed(worker, monkeypatch, how):
    monkeypatch.setattr(consumers, "SESSION_SECONDS", 0.05)
    user, key = await log_in()
    application = CookieMiddleware(consumers.AnswerConsumer.as_asgi())
    headers = [(b"cookie", f"sessionid={key}".encode())]
    page = WebsocketCommunicator(application, "/ws/answers/", headers)
    assert (await page.connect())[0]
    await page.send_json_to({"type": "answer.stop", "answer": str(uuid.uuid4())})
    assert (await page.receive_json_from(5))["code"] == "not_found"  # now the socket knows who speaks
    assert await page.receive_nothing(0.2)
    await end_session(user, key, how)
    assert (await page.receive_json_from(5))["code"] == "no_session"
    assert await page.receive_output(5) == {"type": "websocket.close", "code": consumers.LOGGED_OUT}
    await page.disconnect()


@database_sync_to_async
def log_in():
    user = User.objects.create_user("alice")
    client = Client()
    client.force_login(user)
    return user, client.session.session_key


@database_sync_to_async
def end_session(user, key, how):
    from django.contrib.sessions.models import Session

    session = Session.objects.filter(pk=key)
    if how == "logged out":
        session.delete()
    elif how == "expired":
        session.update(expire_date=timezone.now())
    else:
        User.objects.filter(pk=user.pk).update(is_active=False)


# -- In one process, where a race or a failure can be made


@pytest.fixture
async def worker(settings, api_server, monkeypatch):
    for name in ("SAVE_SECONDS", "HEARTBEAT_SECONDS", "SWEEP_SECONDS"):
        monkeypatch.setattr(journal, name, 0.05)
    settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = api_server.base_url, "sk-test"
    settings.ASKME_DEMO, settings.ASKME_MODEL = False, "test"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "answers.layers.InMemoryLayer"}}
    yield current_worker()
    api_server.release()
    await close_workers()


@database_sync_to_async
def save_question(**fields):
    user = User.objects.create_user(uuid.uuid4().hex)
    saved = Answer.objects.ask(user, uuid.uuid4(), "What?")
    if fields:
        Answer.objects.filter(pk=saved.pk).update(**fields)
    return saved


@database_sync_to_async
def stored(saved):
    return Answer.objects.get(pk=saved.pk)


async def ended(saved):
    async with asyncio.timeout(10):
        while not Status((found := await stored(saved)).status).is_end:
            await asyncio.sleep(0.01)
    return found


async def ask(worker):
    saved = await save_question()
    worker.ask(RunningAnswer(saved.pk, saved.user_id, saved.question))
    return saved


@in_database
async def test_an_answer_that_cannot_be_saved_ends_and_holds_no_other_up(worker, api_server, monkeypatch):
    """Whatever slips through what the worker makes fit."""
    monkeypatch.setattr("answers.outcome._fit_count", lambda number: number)
    api_server.script(nonsense)
    spoilt = await ask(worker)
    await asyncio.to_thread(api_server.wait_for_requests, 1)
    neighbour = await ask(worker)
    found = await ended(spoilt)
    assert (found.status, found.error_code, found.text) == ("failed", "internal", "Fine. ")
    assert (await ended(neighbour)).status == "complete"
    async with asyncio.timeout(5):
        while worker.answers:
            await asyncio.sleep(0.01)


@in_database
async def test_an_answer_whose_text_cannot_be_saved_is_stopped(worker, api_server, monkeypatch):
    api_server.script(stall(["So far. "]))
    spoilt = await ask(worker)
    exchange = await asyncio.to_thread(api_server.wait_for_requests, 1)
    async with asyncio.timeout(5):
        while not worker.answers[spoilt.pk].text:
            await asyncio.sleep(0.01)
    worker.answers[spoilt.pk].text += "\ud800"
    neighbour = await ask(worker)
    assert (await ended(neighbour)).status == "complete"
    assert (await ended(spoilt)).error_code == "internal"
    assert await asyncio.to_thread(exchange.closed.wait, 5)
    async with asyncio.timeout(5):
        while worker.answers:
            await asyncio.sleep(0.01)


@in_database
async def test_an_answer_for_which_there_is_no_thread_fails_and_the_next_one_runs(worker, monkeypatch):
    submit = worker._threads.submit

    def no_thread(*arguments):
        monkeypatch.setattr(worker._threads, "submit", submit)
        submit(*arguments)  # as ThreadPoolExecutor does: it keeps the work, then raises
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(worker._threads, "submit", no_thread)
    first = await ended(await ask(worker))
    assert (first.status, first.error_code) == ("failed", "internal")
    assert (await ended(await ask(worker))).status == "complete"
    await settled(worker)


@in_database
async def test_an_answer_for_which_there_is_no_model_fails_and_the_next_one_runs(worker, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr("answers.upstream._endpoint", lambda: 1 / 0)
        first = await ended(await ask(worker))
    assert (first.status, first.error_code) == ("failed", "internal")
    assert (await ended(await ask(worker))).status == "complete"
    await settled(worker)


async def settled(worker):
    """Nothing is left of any answer."""
    async with asyncio.timeout(5):
        while worker.answers or worker._busy or worker._queue or worker._queue._served:
            await asyncio.sleep(0.01)


@in_database
async def test_a_question_that_comes_at_the_very_end_is_interrupted(worker, api_server):
    worker._closing = True
    late = await ask(worker)
    assert (await ended(late)).status == "interrupted"
    assert api_server.requests == []


@in_database
async def test_nothing_ends_the_journal(worker, monkeypatch):
    failures = iter(range(3))

    def fail(self):
        if next(failures, None) is not None:
            raise RuntimeError("anything")
        return tick(self)

    tick = journal.Journal._tick
    monkeypatch.setattr(journal.Journal, "_tick", fail)
    monkeypatch.setattr(journal, "connection", SimpleNamespace(close=lambda: 1 / 0))
    assert (await ended(await ask(worker))).status == "complete"
    assert worker._journal_thread.is_alive()
    monkeypatch.setattr(journal, "connection", connection)


@in_database
async def test_the_living_have_time_to_renew_heartbeats_after_an_outage(worker, monkeypatch):
    """A store that can be read but not written makes every heartbeat old; only a new start of it counts."""
    monkeypatch.setattr(journal, "GRACE_SECONDS", 0.5)
    long_ago = timezone.now() - timedelta(seconds=60)
    elsewhere = await save_question(status=Status.RUNNING, heartbeat_at=long_ago)
    interrupted = []
    monkeypatch.setattr(worker._journal, "_on_swept", lambda answer: interrupted.append(time.monotonic()))
    writable = threading.Event()

    def write(*arguments, **fields):
        if not writable.is_set():
            raise OperationalError("attempt to write a readonly database")
        return update(*arguments, **fields)

    queryset = type(Answer.objects.all())
    update = queryset.update
    monkeypatch.setattr(queryset, "update", write)
    async with asyncio.timeout(10):
        while not worker._journal._away:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.7)  # longer than the grace: nothing may have been counted
    opened = time.monotonic()
    writable.set()
    assert (await ended(elsewhere)).status == "interrupted"
    async with asyncio.timeout(5):
        while not interrupted:
            await asyncio.sleep(0.01)
    assert interrupted[0] - opened >= 0.5


async def test_nobody_waits_long_for_a_database_that_says_nothing(monkeypatch):
    monkeypatch.setattr(store_module, "PATIENCE_SECONDS", 0.1)
    says = threading.Event()
    look_up = store_module.in_store(lambda: says.wait(20))
    asked = [asyncio.create_task(look_up()) for _ in range(5)]
    try:
        async with asyncio.timeout(5):
            for one in asked:
                with pytest.raises(OperationalError):
                    await one
    finally:
        says.set()
    monkeypatch.undo()
    assert await look_up()


# -- The follower


class Reader:
    """Follows in another process than its answer's."""

    def __init__(self):
        self.layer = InMemoryLayer(capacity=5)
        elsewhere = SimpleNamespace(answers={}, relay=SimpleNamespace(layer=self.layer))
        self.follower = Follower(elsewhere, self.send)
        self.text, self.end = "", asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()

    async def send(self, event):
        await self.reads.wait()
        self.text += event.get("text", "")
        if event["type"] == "answer.finished":
            self.end.set()


@pytest.fixture
async def reader(monkeypatch):
    monkeypatch.setattr(follower_module, "QUIET_SECONDS", 0.02)
    reader = Reader()
    await reader.follower.open()
    yield reader
    await reader.follower.close()


@in_database
async def test_a_follower_looks_again_after_the_store_has_failed(reader, monkeypatch):
    failed = asyncio.Event()

    async def fail(answer, position):
        failed.set()
        raise OperationalError("gone")

    saved = await save_question(status=Status.RUNNING)
    with monkeypatch.context() as broken:
        broken.setattr(follower_module, "_row", fail)
        await reader.follower.follow(saved.pk, 0)
        async with asyncio.timeout(5):
            await failed.wait()  # as it began to follow
            failed.clear()
            await failed.wait()  # at a look
    await save_end(saved)
    async with asyncio.timeout(5):
        await reader.end.wait()
    assert reader.text == "All of it."


@database_sync_to_async
def save_end(saved):
    Answer.objects.filter(pk=saved.pk).update(status=Status.COMPLETE, text="All of it.")


@in_database
async def test_a_reader_that_was_stuck_is_whole_in_the_end(reader):
    saved = await save_question(status=Status.RUNNING)
    await reader.follower.follow(saved.pk, 0)
    reader.reads.clear()
    group = group_name(saved.pk)
    for _ in range(10):  # until its channel is full, and after
        await reader.layer.group_send(
            group, {"type": "answer.text", "answer": str(saved.pk), "position": 0, "text": "All"}
        )
        await asyncio.sleep(0)
    await save_end(saved)
    [queue] = reader.layer.channels.values()
    async with asyncio.timeout(5):
        while not queue.full():
            await reader.layer.group_send(
                group, {"type": "answer.text", "answer": str(saved.pk), "position": 0, "text": "All"}
            )
            await asyncio.sleep(0)
    await asyncio.sleep(0.1)  # some looks come while it is
    reader.reads.set()
    async with asyncio.timeout(5):
        await reader.end.wait()
    assert reader.text == "All of it."


@in_database
async def test_a_reader_that_leaves_while_it_is_stuck_leaves_nothing_behind(reader):
    saved = await save_question(status=Status.RUNNING, text="So far. ")
    reader.reads.clear()
    await reader.follower.follow(saved.pk, 0)
    async with asyncio.timeout(5):
        while any(not queue.empty() for queue in reader.layer.channels.values()):
            await asyncio.sleep(0.01)
    await reader.follower.close()
    await asyncio.sleep(0.1)
    assert reader.layer.channels == {}
    assert reader.layer.groups == {}
