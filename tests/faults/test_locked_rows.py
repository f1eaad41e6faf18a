"""A row that another session has locked delays nothing but itself."""

import time
import uuid

import psycopg

from tests.support.api_behaviours import Dictation
from tests.support.api_server import stall
from tests.support.database import wait_for_row
from tests.support.processes import kill, start_another

SILENT_SECONDS = 16  # longer than a process needs to be declared dead
SAVED_SECONDS = 20  # half a second, on a machine that does nothing else


def test_one_locked_row_delays_no_other(make_site, api_server, redis_url, postgres_server, meet):
    database = postgres_server.create_database(f"locked{uuid.uuid4().hex}")
    site = make_site(api_server, DATABASE_URL=database, REDIS_URL=redis_url).start(processes=2)
    api_server.when("locked", locked_feed := Dictation())
    api_server.when("free", free_feed := Dictation())
    here, there = meet(site.urls[0]).connect(), meet(site.urls[1])
    locked, free = here.ask("locked"), here.ask("free")
    here.read_text(locked, locked_feed.say("Before. "))
    here.read_text(free, free_feed.say("Before. "))
    wait_for_row(site, locked, SAVED_SECONDS, text="Before. ")
    with psycopg.connect(database) as session:
        session.execute("UPDATE answers_answer SET rating_note = '' WHERE id = %s", [locked])
        began = time.monotonic()
        while time.monotonic() - began < SILENT_SECONDS:
            text = f"{time.monotonic() - began:.1f} "
            here.read_text(locked, locked_feed.say(text))
            here.read_text(free, free_feed.say(text))
            wait_for_row(site, free, SAVED_SECONDS, status="running", text=free_feed.sent)
        other = there.connect(site.urls[1])
        assert other.finish(other.ask("And me?"))["status"] == "complete"
        free_feed.end()
        assert here.finish(free)["status"] == "complete"
        wait_for_row(site, locked, 1, status="running", text="Before. ")
        locked_feed.end()  # its end is saved late, too
    assert here.finish(locked)["status"] == "complete"
    wait_for_row(site, locked, 1, status="complete", text=locked_feed.sent)
    assert site.log().count("another session has locked its row") == 1
    assert f"answer {locked} is saved later" in site.log()
    assert "cannot be reached" not in site.log()


def test_a_locked_row_of_a_dead_process_is_interrupted_once_it_is_free(
    make_site, api_server, redis_url, postgres_server, meet
):
    """The others do not wait for it."""
    database = postgres_server.create_database(f"locked{uuid.uuid4().hex}")
    site = make_site(api_server, DATABASE_URL=database, REDIS_URL=redis_url).start()
    api_server.behaviour = stall(["So far. "])
    person = meet(site.url)
    here = person.connect()
    answers = [here.ask("locked"), here.ask("free")]
    for answer in answers:
        here.read_text(answer, "So far. ")
        wait_for_row(site, answer, SAVED_SECONDS, text="So far. ")
    start_another(site)
    there = person.connect(site.urls[1])
    for answer in answers:
        there.follow(answer)
    locked, free = answers
    with psycopg.connect(database) as session:
        session.execute("UPDATE answers_answer SET rating_note = '' WHERE id = %s", [locked])
        kill(site, 0)
        assert there.finish(free)["status"] == "interrupted"
        wait_for_row(site, locked, 1, status="running")
    assert there.finish(locked)["status"] == "interrupted"


def test_a_locked_question_does_not_block_the_queue(make_site, api_server, postgres_server, meet):
    database = postgres_server.create_database(f"locked{uuid.uuid4().hex}")
    site = make_site(api_server, DATABASE_URL=database, ASKME_THREADS="1").start()
    api_server.when("runs", feed := Dictation())
    pages = [meet(site.url).connect() for _ in range(3)]
    runs = pages[0].ask("runs")
    pages[0].read_text(runs, feed.say("So far. "))
    locked = pages[1].ask("locked")
    pages[1].read_until("answer.queued", locked)
    with psycopg.connect(database) as session:
        session.execute("UPDATE answers_answer SET rating_note = '' WHERE id = %s", [locked])
        free = pages[2].ask("free")
        pages[2].read_until("answer.queued", free)
        feed.end()
        assert pages[0].finish(runs)["status"] == "complete"
        assert pages[2].finish(free)["status"] == "complete"
        assert [request.question for request in api_server.requests] == ["runs", "free"]
    assert pages[1].finish(locked)["status"] == "complete"
