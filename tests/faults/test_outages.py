"""PostgreSQL, SQLite, the disk and Redis fail and recover: answers go on, new questions are refused."""

import signal
import sqlite3
import time
import uuid
from contextlib import closing
from itertools import count

import pytest
import requests

from answers.engine.database_thread import FAIL_FAST_SECONDS
from tests.support.api_behaviours import Dictation, nonsense
from tests.support.database import row, wait_for_row
from tests.support.delivery import assert_whole
from tests.support.measurements import assert_less, within
from tests.support.processes import limit_files
from tests.support.services import Redis, wait_for

REFUSED_SECONDS = 12  # about five: SQLite waits that long for its lock; one after another, four wait for 20
SAVED_SECONDS = 20  # usually half a second, and a few after an outage


def ask_in_vain(pages, record_time):
    """Ask on all pages at once. Each question is refused soon, with its answer's id. Then wait a second, in
    which every question is refused."""
    began = time.monotonic()
    asked = [(page, page.ask("In vain")) for page in pages]
    for page, answer in asked:
        refused = page.read_until("error")  # before it, that the site is busy
        assert (refused["type"], refused["code"], refused["answer"]) == ("error", "unavailable", answer)
        assert refused["retry_after"] > 0
    took = time.monotonic() - began
    record_time(f"{len(pages)} refused after", took)
    assert_less(took, REFUSED_SECONDS)
    let_a_second_pass()


def let_a_second_pass():
    """After a failure, the database is not asked for a second."""
    again = time.monotonic() + FAIL_FAST_SECONDS + 0.1
    wait_for(lambda: time.monotonic() > again, 20, "a second")


def wait_until_ready(site):
    """Wait until the database thread, through which questions go, has used the database again.

    A statement that fails just before the database is back may be noticed later than that, on a busy machine.
    """
    url = f"{site.url}/readyz"
    wait_for(lambda: requests.get(url, timeout=20).status_code == 200, 30, "the database is there again")


def begin(site, meet):
    """Start an answer that shows some text. Return its person, their page, its id and the API's behaviour."""
    site.api.when("Live?", feed := Dictation())
    person = meet(site.url)
    page = person.connect()
    answer = page.ask("Live?")
    page.read_text(answer, feed.say("Before. "))
    return person, page, answer, feed


def follow_elsewhere(site, person, answer):
    """Open a page of this person at the other process."""
    far = person.connect(site.urls[1])
    far.follow(answer)
    far.read_text(answer, "Before. ")
    return far


@pytest.mark.timed
def test_running_answers_outlive_an_outage_of_postgresql(make_site, api_server, postgres, meet, record_time):
    site = make_site(api_server, DATABASE_URL=postgres.create_database("askme")).start()
    person, page, answer, feed = begin(site, meet)
    others = [meet(site.url).connect() for _ in range(5)]
    for other in others:
        other.finish(other.ask("Who am I?"))
    asked = len(api_server.requests)
    postgres.stop()
    down = time.monotonic()
    while time.monotonic() - down < 8:  # long enough for a connection pool to time out
        page.read_text(answer, feed.say(f"{time.monotonic() - down:.1f} s. "))
        ask_in_vain(others, record_time)
    page.read_text(answer, feed.say("Up again? "))
    assert len(api_server.requests) == asked
    postgres.start()
    up = time.monotonic()
    wait_until_ready(site)
    again = others[0].ask("And now?")  # the first try must succeed
    assert others[0].finish(again)["status"] == "complete"
    record_time("up to answered", time.monotonic() - up)
    wait_for_row(site, answer, SAVED_SECONDS, text=page.texts[answer])
    record_time("up to saved", time.monotonic() - up)
    page.read_text(answer, feed.say("After. "))
    feed.end()
    assert page.finish(answer)["status"] == "complete"
    assert_whole(site, person, answer, page.texts[answer], status="complete", sent=feed.sent)


@pytest.mark.timed
def test_running_answers_outlive_a_lock_on_sqlite(make_site, api_server, redis_url, meet, record_time):
    site = make_site(api_server, REDIS_URL=redis_url).start(processes=2)
    person, page, answer, feed = begin(site, meet)
    far = follow_elsewhere(site, person, answer)
    others = [meet(site.url).connect() for _ in range(4)]
    for other in others:
        other.finish(other.ask("Who am I?"))
    asked = len(api_server.requests)
    path = site.environment["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        locked = time.monotonic()
        while time.monotonic() - locked < 10:
            text = feed.say(f"{time.monotonic() - locked:.1f} s. ")
            page.read_text(answer, text)
            far.read_text(answer, text)
            ask_in_vain(others, record_time)
        database.execute("ROLLBACK")
    freed = time.monotonic()
    assert len(api_server.requests) == asked
    again = others[0].ask("And now?")
    assert others[0].finish(again)["status"] == "complete"
    record_time("freed to answered", time.monotonic() - freed)
    wait_for_row(site, answer, SAVED_SECONDS, text=page.texts[answer])
    record_time("freed to saved", time.monotonic() - freed)
    feed.end()
    for one in (page, far):
        assert one.finish(answer)["status"] == "complete"
        assert_whole(site, person, answer, one.texts[answer], status="complete", sent=feed.sent)


@pytest.mark.timed
def test_running_answers_outlive_a_full_disk(make_site, api_server, meet, record_time):
    site = make_site(api_server).start()
    person, page, answer, feed = begin(site, meet)
    wait_for_row(site, answer, SAVED_SECONDS, text="Before. ")
    others = [meet(site.url).connect() for _ in range(3)]
    for other in others:
        other.finish(other.ask("Who am I?"))
    asked = len(api_server.requests)
    [process] = site.processes
    limit_files(process, 0)
    full = time.monotonic()
    page.read_text(answer, feed.say("Full. "))
    for _ in range(3):
        ask_in_vain(others, record_time)
    assert row(site, answer).text == "Before. "
    assert len(api_server.requests) == asked
    page.read_text(answer, feed.say("Free again? "))
    record_time("full for", time.monotonic() - full)
    limit_files(process, None)
    free = time.monotonic()
    wait_for_row(site, answer, SAVED_SECONDS, text=page.texts[answer])
    record_time("free to saved", time.monotonic() - free)
    again = others[0].ask("And now?")
    assert others[0].finish(again)["status"] == "complete"
    record_time("free to answered", time.monotonic() - free)
    feed.end()
    assert page.finish(answer)["status"] == "complete"
    assert_whole(site, person, answer, page.texts[answer], status="complete", sent=feed.sent)


@pytest.mark.measures
@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_answers_continue_without_redis_and_across_its_restart(make_site, api_server, meet, record_time, how):
    redis = Redis()
    redis.start()
    try:
        site = make_site(api_server, REDIS_URL=redis.url).start(processes=2)
        api_server.when("Asked meanwhile", later := Dictation())
        person, near, answer, feed = begin(site, meet)
        far = follow_elsewhere(site, person, answer)
        if how == "killed":
            redis.stop(signal.SIGKILL)
        else:
            redis.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        near.read_text(answer, feed.say("Without it. "))
        record_time("near, without Redis", time.monotonic() - began)
        assert_less(time.monotonic() - began, 1)
        far.read_text(answer, "Without it. ")
        record_time("far, without Redis", time.monotonic() - began)
        assert_less(time.monotonic() - began, 4)
        with within(2):
            asked = near.ask("Asked meanwhile")
            near.read_text(asked, later.say("Even now. "))
        far.follow(asked)
        far.read_text(asked, "Even now. ")
        if how == "killed":
            redis.start()  # empty, at the same address
        else:
            wait_for(lambda: "Redis is unavailable" in site.log(), 10, "askme has given Redis up")
            redis.process.send_signal(signal.SIGCONT)
        began = time.monotonic()
        read_until_live(far, answer, feed)
        record_time("restart to live", time.monotonic() - began)
        assert_less(time.monotonic() - began, 10)
        for one in (feed, later):
            one.say("After. ")
            one.end()
        for page in (near, far):
            page.finish_all(answer, asked)
            for id, one in ((answer, feed), (asked, later)):
                assert_whole(site, person, id, page.texts[id], status="complete", sent=one.sent)
    finally:
        redis.stop(signal.SIGKILL)


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_an_outage_of_redis_is_logged_once_and_so_is_its_end(make_site, api_server, meet, how):
    redis = Redis()
    redis.start()
    try:
        site = make_site(api_server, REDIS_URL=redis.url).start()
        _, page, answer, feed = begin(site, meet)
        before = len(site.log())  # on a busy machine, Redis may have been late when the site started
        if how == "killed":
            redis.stop(signal.SIGKILL)
        else:
            redis.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        numbers = count()
        while time.monotonic() - began < 8:  # for several tries
            page.read_text(answer, feed.say(f"({next(numbers)}) "))  # each is new, so it is waited for
        wait_for(lambda: "Redis is unavailable" in site.log(), 30, "the outage is noticed")
        if how == "killed":
            redis.start()
        else:
            redis.process.send_signal(signal.SIGCONT)
        wait_for(lambda: "Redis is back" in site.log(), 30, "its end is noticed")
        feed.end()
        log = site.log()[before:].splitlines()
        lines = [line for line in log if " WARNING " in line or " ERROR " in line]
        assert len(lines) == 2, lines
        assert "Redis is unavailable" in lines[0]
        assert "Redis is back" in lines[1]
        assert "Traceback" not in site.log()
    finally:
        redis.stop(signal.SIGKILL)


def read_until_live(far, answer, feed):
    """Wait until five pieces in a row arrive quickly. Through the database, each would take seconds."""
    quick = 0
    while quick < 5:
        began = time.monotonic()
        far.read_text(answer, feed.say(f"{began}. "))
        quick = quick + 1 if time.monotonic() - began < 0.4 else 0


@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
def test_nonsense_metadata_from_the_api_spoils_no_answer(request, make_site, api_server, meet, database):
    environment = {}
    if database == "PostgreSQL":
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
