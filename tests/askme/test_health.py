"""`/livez` and `/readyz`, which whatever watches a process asks."""

import asyncio
import http.client
import sqlite3
import threading
from contextlib import closing

import pytest
import requests
from asgiref.testing import ApplicationCommunicator
from django.db.migrations.recorder import MigrationRecorder

from answers.engine import database_thread
from answers.engine.runtime import close_runtime, current_runtime
from askme import health
from tests.support.api_behaviours import Dictation
from tests.support.clock import Clock
from tests.support.services import Redis, wait_for


@pytest.fixture
def redis():
    server = Redis()
    server.start()
    yield server
    server.stop()


def get(url: str, path: str) -> tuple[int, str]:
    response = requests.get(url + path, headers={"Host": "any.example.org"}, timeout=20)
    assert "Set-Cookie" not in response.headers
    return response.status_code, response.text


def becomes(url: str, status: int, text: str) -> None:
    wait_for(lambda: get(url, "/readyz") == (status, text), 20, f"{status} {text}")


def test_readyz_names_what_is_away_and_livez_does_not_care(make_site, postgres, redis):
    site = make_site(DATABASE_URL=postgres.create_database("askme"), REDIS_URL=redis.url).start()
    assert get(site.url, "/readyz") == get(site.url, "/livez") == (200, "ok\n")
    redis.stop()
    becomes(site.url, 503, "Redis does not respond\n")
    assert get(site.url, "/readyz?exclude=redis") == (200, "ok\n")
    postgres.stop()
    becomes(site.url, 503, "the database does not respond\nRedis does not respond\n")
    assert get(site.url, "/readyz?exclude=redis") == (503, "the database does not respond\n")
    assert get(site.url, "/livez") == (200, "ok\n")
    redis.start()
    becomes(site.url, 503, "the database does not respond\n")
    postgres.start()
    becomes(site.url, 200, "ok\n")
    log = site.log()
    assert "Traceback" not in log
    for line in ("not ready: the database does not respond, Redis does not respond", "ready again"):
        assert log.count(line) == 1, line  # not once for each time that somebody asks


def test_a_process_that_drains_is_alive_but_not_ready_and_finishes_its_answers(make_site, api_server, meet):
    site = make_site(api_server, ASKME_DRAIN_SECONDS="20").start()
    api_server.when("drains", feed := Dictation())
    page = meet(site.url).connect()
    answer = page.ask("drains")
    feed.say("Before. ")
    page.read_text(answer, "Before. ")

    def ask(path: str) -> tuple[int, bytes]:
        probe.request("GET", path)
        response = probe.getresponse()
        return response.status, response.read()

    with closing(http.client.HTTPConnection("127.0.0.1", site.ports[0], timeout=20)) as probe:
        assert ask("/readyz") == (200, b"ok\n")
        [process] = site.processes
        process.terminate()
        # Those who connect now are refused. Those who are connected get an answer.
        wait_for(lambda: ask("/readyz") == (503, b"draining\n"), 10, "it drains")
        assert ask("/livez") == (200, b"ok\n")
    feed.say("After.")
    feed.end()
    assert process.wait(20) == 0
    stored = sqlite3.connect(site.folder / "site.sqlite3").execute("SELECT status, text FROM answers_answer")
    assert stored.fetchall() == [("complete", "Before. After.")]


async def readyz(method: str = "GET", path: str = "/readyz") -> tuple[int, str]:
    scope = {"type": "http", "method": method, "path": path, "headers": []}
    communicator = ApplicationCommunicator(health.Health(None), scope)
    await communicator.send_input({"type": "http.request"})
    start = await communicator.receive_output(20)
    body = await communicator.receive_output(20)
    return start["status"], body["body"].decode()


@pytest.fixture
async def runtime(monkeypatch):
    monkeypatch.setattr(health, "DATABASE_SECONDS", 20.0)  # on a slow machine
    yield current_runtime()
    await close_runtime()


@pytest.mark.django_db(transaction=True)
async def test_a_process_is_not_ready_before_the_database_is_migrated(runtime, monkeypatch):
    monkeypatch.setattr(health, "CACHE_SECONDS", 0)
    newest = await MigrationRecorder.Migration.objects.filter(app="answers").alatest("pk")
    await newest.adelete()
    try:
        assert await readyz() == (503, "migrations are missing: run manage.py migrate\n")
    finally:
        await newest.asave()
    assert await readyz() == (200, "ok\n")


@pytest.mark.django_db(transaction=True)
async def test_a_thousand_questions_about_readiness_are_one_query(runtime, monkeypatch):
    assert await readyz() == (200, "ok\n")
    pings, ping = [], health.ping
    monkeypatch.setattr(health, "ping", lambda: pings.append(1) or ping())
    monkeypatch.setattr(health, "CACHE_SECONDS", 60)  # a slow machine takes more than one for these
    runtime.part(health.Readiness)._look._found_at -= 60
    assert set(await asyncio.gather(*[readyz() for _ in range(1000)])) == {(200, "ok\n")}
    assert await readyz() == await readyz() == (200, "ok\n")
    assert pings == [1]


@pytest.mark.django_db(transaction=True)
async def test_a_busy_process_is_ready_and_one_with_a_silent_database_is_not(runtime, monkeypatch):
    assert await readyz() == (200, "ok\n")
    monkeypatch.setattr(health, "CACHE_SECONDS", 0)
    clock = Clock(monkeypatch, database_thread)
    is_over, has_begun, says = (threading.Event() for _ in range(3))
    calls = [asyncio.create_task(runtime.database.run(lambda: is_over.wait(0.05))) for _ in range(100)]
    with monkeypatch.context() as impatient:
        impatient.setattr(health, "DATABASE_SECONDS", 0.2)
        assert await readyz() == (200, "ok\n")
    is_over.set()
    await asyncio.gather(*calls)
    assert await readyz() == (200, "ok\n")  # it has waited for the look that began behind the calls
    silent = asyncio.create_task(runtime.database.run(lambda: has_begun.set() or says.wait(20)))
    assert await asyncio.to_thread(has_begun.wait, 20)
    clock.now += 0.3  # a call that has just begun speaks for the database
    try:
        with monkeypatch.context() as impatient:
            impatient.setattr(health, "DATABASE_SECONDS", 0.2)
            assert await readyz() == (503, "the database does not respond\n")
    finally:
        says.set()
    await silent
    assert await readyz() == (200, "ok\n")


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_health_checks_are_read_only(path):
    assert await readyz("POST", path) == (405, "use GET\n")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_a_head_request_gets_no_body(runtime, path):
    assert await readyz("HEAD", path) == (200, "")
