"""Questions that wait belong to no process: they survive its end, and limits hold across all processes."""

import time
import uuid
from collections import Counter
from itertools import count

import psycopg
import pytest

from tests.support.api_server import answer, stall, ticking
from tests.support.database import execute, rows
from tests.support.delivery import Traveller, assert_whole
from tests.support.network import Balancer
from tests.support.processes import kill, refuses, start_process
from tests.support.services import wait_for

TAKEN_SECONDS = 60  # from the end of a process to the answers of what waited there; usually 15


@pytest.fixture
def shared(make_site, api_server, redis_url, postgres_server):
    """Make a site of several processes with PostgreSQL and Redis."""

    def make(processes, **environment):
        database = postgres_server.create_database(f"queue{uuid.uuid4().hex}")
        shared = {"DATABASE_URL": database, "REDIS_URL": redis_url, "ASKME_DRAIN_SECONDS": "60"}
        return make_site(api_server, **shared | environment).start(processes)

    return make


def test_a_person_runs_one_answer_at_once_wherever_the_sockets_are(shared, api_server, meet):
    site = shared(2, ASKME_RUNNING_PER_USER="1")
    api_server.when("first", stall(["So far. "]))
    person = meet(site.urls[0])
    here, there = person.connect(site.urls[0]), person.connect(site.urls[1])
    first = here.ask("first")
    here.read_text(first, "So far. ")
    second = there.ask("second")
    there.read_until("answer.queued", second)
    for number in range(3):  # both processes look at the queue meanwhile
        other = meet(site.urls[number % 2]).connect(site.urls[number % 2])
        other.finish(other.ask(f"other {number}"))
    assert "second" not in [request.question for request in api_server.requests]
    api_server.release()
    assert here.finish(first)["status"] == there.finish(second)["status"] == "complete"


def test_people_take_turns_across_processes(shared, api_server, meet):
    site = shared(2, ASKME_THREADS="1", ASKME_RUNNING_PER_USER="0")
    api_server.behaviour = stall(["So far. "])
    alice, bob = meet(site.urls[0]).connect(), meet(site.urls[1]).connect(site.urls[1])
    hers = [alice.ask(f"alice {number}") for number in range(6)]
    wait_for(lambda: len(api_server.requests) == 2, 20, "both processes are full")
    alice.read_until("answer.queued", hers[-1])
    his = bob.ask("bob")
    bob.read_until("answer.queued", his)
    api_server.release()
    bob.finish(his)
    alice.finish_all(*hers)
    # Not the order at the API: the process that has claimed his may be the slower one.
    with psycopg.connect(site.environment["DATABASE_URL"]) as database:
        claimed = database.execute("SELECT question FROM answers_answer ORDER BY started_at").fetchall()
    assert claimed.index(("bob",)) == 2


def test_a_process_with_room_runs_what_waits_elsewhere(shared, api_server, meet):
    site = shared(2, ASKME_THREADS="2", ASKME_RUNNING_PER_USER="0")
    api_server.behaviour = stall(["So far. "])
    page = meet(site.urls[0]).connect()
    answers = [page.ask(f"{number}") for number in range(6)]
    wait_for(lambda: len(api_server.requests) == 4, 20, "both processes are full")
    api_server.release()
    page.finish_all(*answers)
    assert sorted(request.question for request in api_server.requests) == list("012345")


@pytest.mark.parametrize("how", ["SIGTERM", "kill -9"])
def test_what_waits_is_answered_by_another_process(shared, api_server, meet, record_time, how):
    """The pages follow. While the first process drains, nothing starts there."""
    site = shared(2, ASKME_THREADS="2", ASKME_RUNNING_PER_USER="0")
    kill(site, 1)
    api_server.behaviour = stall(["So far. "])
    person = meet(site.url)
    pages = [Traveller(person, site.url, f"{number}") for number in range(6)]
    wait_for(lambda: all(page.acknowledged for page in pages), 20, "all are accepted")
    wait_for(lambda: len(api_server.requests) == 2, 20, "two run")
    [first] = site.processes
    if how == "SIGTERM":
        first.terminate()
        wait_for(lambda: refuses(site.url), 20, "it no longer listens")
        api_server.release()
        wait_for(lambda: first.poll() is not None, 20, "it has finished its two")
    else:
        stored = lambda: [row for page in pages for row in rows(site, page.answer) if row.text]  # noqa: E731
        wait_for(lambda: len(stored()) == 2, 20, "what is shown is saved")
        kill(site, 0)
        api_server.release()
    assert len(api_server.requests) == 2
    ended = time.monotonic()
    for page in pages:
        page.url = site.urls[1]
    site.processes = []
    start_process(site, 1)
    site.ports = site.ports[1:]
    for page in pages:
        page.join(TAKEN_SECONDS)
        assert page.error is None
    record_time("end to answered", time.monotonic() - ended)
    assert Counter(page.end["status"] for page in pages) == (
        {"complete": 6} if how == "SIGTERM" else {"complete": 4, "interrupted": 2}
    )
    for page in pages:
        status = page.end["status"]
        assert_whole(site, person, page.answer, page.text, status=status, sent="So far. ")
    assert sorted(request.question for request in api_server.requests) == list("012345")


def test_a_question_that_waited_for_over_an_hour_gets_a_sentence(make_site, api_server, meet):
    """As after a night in which the site was down."""
    site = make_site(api_server, ASKME_RUNNING_PER_USER="1").start()
    api_server.behaviour = stall(["So far. "])
    person = meet(site.url)
    page = person.connect()
    page.ask("runs")
    old, new = page.ask("old"), page.ask("new")
    page.read_until("answer.queued", new)
    api_server.wait_for_requests(1)
    site.stop()
    hour_ago = "strftime('%Y-%m-%d %H:%M:%f', 'now', '-61 minutes')"
    execute(site, f"UPDATE answers_answer SET asked_at = {hour_ago} WHERE question = 'old'")
    api_server.release()
    site.start()
    page = person.connect()
    page.follow(old)
    end = page.finish(old)
    assert (end["status"], end["error"]["code"]) == ("interrupted", "expired")
    assert end["error"]["message"] == "This question waited for over an hour. Please ask again."
    page.follow(new)
    assert page.finish(new)["status"] == "complete"
    assert [request.question for request in api_server.requests] == ["runs", "new"]


def test_exactly_one_process_takes_each_question(shared, api_server, meet):
    site = shared(3, ASKME_THREADS="3", ASKME_RUNNING_PER_USER="0")
    api_server.behaviour = answer(["So ", "be ", "it."], delay=0.02)
    pages = [meet(url).connect(url) for url in site.urls * 2]
    asked = [[page.ask(f"{index} {number}") for number in range(15)] for index, page in enumerate(pages)]
    for page, answers in zip(pages, asked, strict=True):
        page.finish_all(*answers)
    questions = [request.question for request in api_server.requests]
    assert len(questions) == len(set(questions)) == 90


def test_stop_ends_a_question_that_waits_at_any_process(shared, api_server, meet):
    site = shared(2, ASKME_RUNNING_PER_USER="1")
    api_server.behaviour = stall(["So far. "])
    person = meet(site.urls[0])
    here, there = person.connect(site.urls[0]), person.connect(site.urls[1])
    first = here.ask("first")
    here.read_text(first, "So far. ")
    waits = here.ask("waits")
    here.read_until("answer.queued", waits)
    there.stop(waits)
    assert here.finish(waits)["status"] == "stopped"
    api_server.release()
    assert here.finish(first)["status"] == "complete"
    assert len(api_server.requests) == 1


def test_a_rolling_restart_of_three_processes_loses_nothing(shared, api_server, meet, record_time):
    """100 answers run and 100 wait."""
    site = shared(3, ASKME_THREADS="34", ASKME_RUNNING_PER_USER="0")
    api_server.behaviour = ticking(1)
    with Balancer(site.ports) as balancer:
        people = [meet(balancer.url) for _ in range(20)]
        numbers = count()
        pages = [Traveller(person, balancer.url, f"{next(numbers)}") for person in people for _ in range(10)]
        wait_for(lambda: len(api_server.requests) == 102, 40, "all threads run an answer")
        wait_for(lambda: all(page.acknowledged for page in pages), 40, "all others wait")
        began = time.monotonic()
        old = list(site.processes)
        for index, process in enumerate(old):
            process.terminate()
            wait_for(lambda index=index: refuses(site.urls[index]), 20, "it no longer listens")
            start_process(site, index)
            record_time(f"process {index} replaced after", time.monotonic() - began)
        api_server.release()
        for page in pages:
            page.join(60)
            assert page.error is None
            assert page.end is not None
        record_time("all answers after", time.monotonic() - began)
        assert [process.wait(30) for process in old] == [0, 0, 0]
        site.processes = site.processes[3:]
    assert Counter(page.end["status"] for page in pages) == {"complete": 200}
    sent = {request.question: request.text for request in api_server.requests}
    assert len(sent) == len(api_server.requests) == 200
    for page in pages:
        [stored] = rows(site, page.answer)
        assert page.text == stored.text == sent[page.question]
