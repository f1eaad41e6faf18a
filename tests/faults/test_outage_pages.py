"""Pages and the health check while the database fails: 503, and no traceback."""

import signal
import sqlite3
import threading
from contextlib import closing, contextmanager

import psutil
import psycopg
import pytest
import requests

from tests.support.forms import NoscriptPerson, Visitor
from tests.support.measurements import within
from tests.support.services import wait_for

PAGES = ["/", "/history/", "/accounts/login/", "/admin/", "/history/answers.json"]
PATIENCE_SECONDS = 20


def get(site, path, person=None) -> requests.Response:
    jar = person.http.cookies if person else None
    return requests.get(site.url + path, cookies=jar, timeout=PATIENCE_SECONDS, allow_redirects=False)


def assert_unavailable(page):
    assert page.status_code == 503, page.text
    assert page.headers["Retry-After"] == "30"
    assert "cannot reach its database" in page.text


@contextmanager
def locked_table(site, table):
    """Lock a whole table on PostgreSQL. The server has unlocked it when the block ends."""
    with psycopg.connect(site.environment["DATABASE_URL"]) as database:
        database.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


def wait_until_back(site, person):
    """A page has to wait for its connection, and no longer than two seconds, so on a busy machine the first
    may be unavailable still."""
    for path in ("/readyz", "/history/"):
        is_back = lambda path=path: get(site, path, person).status_code == 200  # noqa: E731
        wait_for(is_back, 30, f"{path} is there again")


@pytest.fixture
def on_postgres(make_site, api_server, postgres):
    return make_site(api_server, DATABASE_URL=postgres.create_database("askme")).start()


@pytest.fixture
def person(on_postgres):
    person = Visitor(on_postgres.url)
    person.sign_up()
    yield person
    person.close()


def test_pages_say_that_postgresql_is_away(on_postgres, postgres, person):
    postgres.stop()
    for path in PAGES:
        assert_unavailable(get(on_postgres, path, person))
    assert get(on_postgres, "/readyz").status_code == 503
    postgres.start()
    wait_until_back(on_postgres, person)
    assert "Traceback" not in on_postgres.log()


def test_a_locked_table_makes_a_page_unavailable_and_the_site_stays_healthy(on_postgres, person):
    with locked_table(on_postgres, "django_session"):
        for path in ("/history/", "/accounts/login/"):
            assert_unavailable(get(on_postgres, path, person))
        assert get(on_postgres, "/readyz").status_code == 200
    assert get(on_postgres, "/history/", person).status_code == 200
    assert "Traceback" not in on_postgres.log()


def test_pages_are_unavailable_while_all_connections_are_in_use(on_postgres, person):
    """The health check and questions need none of them."""
    pages = []
    with locked_table(on_postgres, "django_session"):
        readers = [
            threading.Thread(target=lambda: pages.append(get(on_postgres, "/history/", person)))
            for _ in range(14)
        ]
        for reader in readers:
            reader.start()
        while any(reader.is_alive() for reader in readers):
            assert get(on_postgres, "/readyz").status_code == 200
        for reader in readers:
            reader.join(PATIENCE_SECONDS)
    for page in pages:
        assert_unavailable(page)
    assert len(pages) == 14
    assert get(on_postgres, "/history/", person).status_code == 200
    assert "Traceback" not in on_postgres.log()


@pytest.mark.measures
def test_a_frozen_postgresql_holds_neither_a_form_nor_a_page(on_postgres, postgres, person):
    visitor = NoscriptPerson(on_postgres.url)
    form = visitor.form() | {"question": "Kept?"}
    server = psutil.Process(postgres.process.pid)
    frozen = [server, *server.children(recursive=True)]
    for process in frozen:
        process.suspend()
    try:
        for read in (
            lambda: get(on_postgres, "/history/", person),
            lambda: visitor.send("/ask/", form),  # keeps the question
            lambda: get(on_postgres, "/readyz"),
        ):
            with within(14):  # 8 or 10 s, on a busy machine
                assert read().status_code == 503
        assert visitor.box == "Kept?"
    finally:
        for process in frozen:
            process.send_signal(signal.SIGCONT)
        visitor.close()
    wait_until_back(on_postgres, person)
    assert "Traceback" not in on_postgres.log()


def test_a_locked_sqlite_makes_only_pages_that_write_unavailable(site):
    person, visitor = Visitor(site.url), NoscriptPerson(site.url)
    person.sign_up()
    form = visitor.form() | {"question": "Kept?"}
    with closing(sqlite3.connect(site.folder / "site.sqlite3", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        assert visitor.send("/ask/", form).status_code == 503
        assert visitor.box == "Kept?"
        assert get(site, "/").status_code == 200
        assert get(site, "/history/", person).status_code == 200
        assert get(site, "/readyz").status_code == 200
    person.close()
    visitor.close()
    assert "Traceback" not in site.log()
