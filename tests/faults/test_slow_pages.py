"""A page whose queries take long costs nobody else anything, and tells its own reader what happened."""

import sqlite3
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
import requests

from tests.support.api_server import answer
from tests.support.services import wait_for

SLOW_PAGES = 12
PROMPT_SECONDS = 9  # less than a page waits for its turn, and more than a busy machine stands still
LOG_IN = """
from importlib import import_module
from django.conf import settings
from accounts.models import User
SessionStore = import_module(settings.SESSION_ENGINE).SessionStore
for number in range({people}):
    user = User.objects.create_superuser(f"operator-{{number}}")
    for _ in range({sessions}):
        session = SessionStore()
        session["_auth_user_id"] = str(user.pk)
        session["_auth_user_backend"] = settings.AUTHENTICATION_BACKENDS[0]
        session["_auth_user_hash"] = user.get_session_auth_hash()
        session.create()
        print(session.session_key)
"""
SLOW_WRITES = """
    CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN PERFORM pg_sleep(0.5); RETURN NEW; END';
    CREATE TRIGGER be_slow BEFORE INSERT OR UPDATE ON answers_answer FOR EACH ROW EXECUTE FUNCTION be_slow()
"""
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@pytest.fixture
def make_postgres_site(make_site, api_server, postgres_server):
    def make(**environment):
        url = postgres_server.create_database(f"slow-{uuid.uuid4().hex}")
        return make_site(api_server, DATABASE_URL=url, **environment).start()

    return make


@contextmanager
def locked_admin(site):
    """Let every visit to the admin's first page wait, as a query over millions of rows would."""
    with psycopg.connect(site.environment["DATABASE_URL"]) as locker:
        locker.execute("LOCK TABLE django_admin_log IN ACCESS EXCLUSIVE MODE")
        yield


@contextmanager
def visiting(site, sessions):
    """All of these sessions ask for the slow page, again and again."""
    over = threading.Event()

    def visit(session):
        while not over.is_set():
            requests.get(f"{site.url}/admin/", cookies={"sessionid": session}, timeout=30)

    with ThreadPoolExecutor(len(sessions)) as threads:
        visits = [threads.submit(visit, session) for session in sessions]
        try:
            yield
        finally:
            over.set()
    for done in visits:
        done.result()


def log_in(site, *, people=1, sessions=1) -> list[str]:
    done = site.manage("shell", "-c", LOG_IN.format(people=people, sessions=sessions))
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if len(line) == 32]


@pytest.mark.parametrize("people", [1, SLOW_PAGES], ids=["one operator", "many operators"])
def test_slow_pages_of_the_admin_cost_nobody_else_anything(make_postgres_site, meet, people):
    site = make_postgres_site()
    site.api.when("Why", answer(["Because. "]))
    person = meet(site.url)
    socket = person.connect()
    sessions = log_in(site, people=people, sessions=SLOW_PAGES // people)
    # In one browser, all of its pages have the same session.
    sessions = sessions if people > 1 else sessions[:1] * SLOW_PAGES
    with (
        psycopg.connect(site.environment["DATABASE_URL"], autocommit=True) as watcher,
        visiting(site, sessions),
        locked_admin(site),
    ):
        wait_for(lambda: watcher.execute(WAITING).fetchone()[0] >= 3, 20, "the pages are slow")
        for number in range(20):
            assert requests.get(f"{site.url}/readyz", timeout=PROMPT_SECONDS).status_code == 200
            id = socket.ask(f"Why {number}?")
            assert socket.finish(id)["status"] == "complete"
            history = person.http.get(f"{site.url}/history/", timeout=PROMPT_SECONDS)
            assert history.status_code == 200
            assert f"Why {number}?" in history.text


def test_a_statement_of_a_page_is_cancelled(make_postgres_site):
    site = make_postgres_site(ASKME_STATEMENT_SECONDS="0.2")
    [session] = log_in(site)
    with locked_admin(site):
        page = requests.get(f"{site.url}/admin/", cookies={"sessionid": session}, timeout=30)
    assert (page.status_code, page.headers["Retry-After"]) == (503, "30")
    assert "This page took too long" in page.text
    assert "Traceback" not in site.log()


# About a second on a fast machine: each row of the recursion is a step that can be cancelled.
COUNT = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000000) SELECT count(*) FROM n"
)


def test_a_statement_of_a_page_is_cancelled_on_sqlite(make_site):
    site = make_site(ASKME_STATEMENT_SECONDS="0.05").start()
    [session] = log_in(site)
    with sqlite3.connect(site.folder / "site.sqlite3") as database:
        # The first page of the admin reads a slow view instead of its log.
        columns = [name for _, name, *_ in database.execute("PRAGMA table_info(django_admin_log)")]
        database.execute("DROP TABLE django_admin_log")
        database.execute(
            f"CREATE VIEW django_admin_log AS SELECT {', '.join(f'({COUNT}) AS {c}' for c in columns)}"
        )
    database.close()
    page = requests.get(f"{site.url}/admin/", cookies={"sessionid": session}, timeout=30)
    assert page.status_code == 503
    assert "This page took too long" in page.text
    assert requests.get(f"{site.url}/history/", cookies={"sessionid": session}, timeout=30).ok


def test_an_outage_of_the_database_is_explained_on_every_page(make_site, postgres):
    site = make_site(DATABASE_URL=postgres.create_database("askme")).start()
    [session] = log_in(site)
    postgres.stop()
    for path in ("/history/", "/admin/", "/accounts/email/"):
        page = requests.get(f"{site.url}{path}", cookies={"sessionid": session}, timeout=30)
        assert (page.status_code, page.headers["Retry-After"]) == (503, "30"), path
        assert "cannot reach its database" in page.text, path


def test_a_command_may_take_its_time(make_postgres_site):
    site = make_postgres_site(ASKME_STATEMENT_SECONDS="0.1")
    done = site.manage(
        "shell", "-c", "from django.db import connection; connection.cursor().execute('SELECT pg_sleep(0.5)')"
    )
    assert done.returncode == 0, done.stderr


def test_the_engine_may_wait_longer_than_a_page(make_postgres_site, meet):
    """Its statements are not cancelled when the database is slow for a moment."""
    site = make_postgres_site(ASKME_STATEMENT_SECONDS="0.2")
    with psycopg.connect(site.environment["DATABASE_URL"], autocommit=True) as database:
        database.execute(SLOW_WRITES)
    socket = meet(site.url).connect()
    assert socket.finish(socket.ask("Why?"))["status"] == "complete"
    assert "the database cannot be reached" not in site.log()
