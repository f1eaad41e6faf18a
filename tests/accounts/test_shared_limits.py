"""The limits on logins hold across processes, and nobody waits for the Redis that they are counted in."""

import re
import signal
import time
import uuid
from contextlib import contextmanager

import pytest
import requests

from tests.support.forms import PASSWORD, Visitor
from tests.support.measurements import TookTooLong, within
from tests.support.services import Redis, wait_for

ALICE = "alice@example.org"
TOO_MANY = "Too many failed login attempts"
IS_BACK = "the limits on logins hold across all processes again"
EACH_BY_ITSELF = "each process limits logins by itself"


@pytest.fixture
def visit(request):
    def visit(url):
        visitor = Visitor(url)
        request.addfinalizer(visitor.close)
        return visitor

    return visit


def new_address() -> str:
    """The limits stay in the Redis that other tests use too."""
    return f"{uuid.uuid4()}@example.org"


@contextmanager
def redis_in_time(site):
    """Raise `TookTooLong` if a process of the site gives Redis up, which may take half a second."""
    while gave_redis_up(site):  # in a test before
        time.sleep(1)
        for url in site.urls:
            visitor = Visitor(url)
            log_in(visitor, "wrong", new_address())
            visitor.close()
    try:
        yield
    except AssertionError as error:
        if gave_redis_up(site):
            raise TookTooLong("a process waited for Redis for too long") from error
        raise
    if gave_redis_up(site):
        raise TookTooLong("a process waited for Redis for too long")


def gave_redis_up(site) -> bool:
    log = site.log()
    return log.count(EACH_BY_ITSELF) > log.count(IS_BACK)


def ask_for_link(visitor, email) -> requests.Response:
    address = f"{visitor.url}/accounts/password/reset/"
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', visitor.http.get(address).text)[1]
    return visitor.http.post(address, {"email": email, "csrfmiddlewaretoken": token})


def log_in(visitor, password=PASSWORD, login=ALICE) -> str:
    """Return the page that follows, whatever it is."""
    form = visitor.http.get(f"{visitor.url}/accounts/login/").text
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)[1]
    fields = {"login": login, "password": password, "csrfmiddlewaretoken": token}
    return visitor.http.post(f"{visitor.url}/accounts/login/", fields).text


@pytest.mark.timed
def test_wrong_passwords_are_counted_in_all_processes_and_under_all_names_of_the_site(pair, visit):
    here, there = (visit(url) for url in pair.urls)
    email = new_address()
    attempts = [(here, "127.0.0.1"), (there, "127.0.0.1"), (here, "localhost:1"), (there, "[::1]:2")]
    with redis_in_time(pair):
        visit(pair.url).sign_up(email)
        for visitor, host in [*attempts, (here, "localhost:3")]:
            visitor.http.headers["Host"] = host  # whoever guesses can write any port
            assert TOO_MANY not in log_in(visitor, "wrong", email)
        assert TOO_MANY in log_in(there, login=email)
        assert TOO_MANY in log_in(visit(pair.url), login=email)
        log = pair.log()
        assert log.count("unavailable") == log.count(EACH_BY_ITSELF)  # those of a test before


@pytest.mark.timed
def test_links_for_a_new_password_are_counted_in_all_processes(pair, visit):
    here, there = (visit(url) for url in pair.urls)
    email = new_address()
    with redis_in_time(pair):
        for visitor in (here, there, here, there, here):
            assert ask_for_link(visitor, email).status_code == 200
        assert ask_for_link(there, email).status_code == 429
        assert ask_for_link(here, email.upper()).status_code == 429
        assert ask_for_link(there, new_address()).status_code == 200


@pytest.mark.timed
@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_people_log_in_while_redis_is_away_and_limits_still_hold(make_site, api_server, visit, how):
    redis = Redis()
    redis.start()
    try:
        site = make_site(api_server, REDIS_URL=redis.url).start()
        visit(site.url).sign_up(ALICE)
        began = time.monotonic()
        assert ALICE in log_in(visit(site.url))
        usual = time.monotonic() - began
        before = site.log().count(EACH_BY_ITSELF)  # a busy machine may need longer than half a second too
        if how == "killed":
            redis.stop(signal.SIGKILL)
        else:
            redis.process.send_signal(signal.SIGSTOP)
        with within(3 * usual + 3):  # one try of half a second, on a busy machine
            assert ALICE in log_in(visit(site.url))
        stranger = visit(site.url)
        for _ in range(5):
            assert TOO_MANY not in log_in(stranger, "wrong")
        assert TOO_MANY in log_in(stranger)
        assert 1 <= site.log().count(EACH_BY_ITSELF) <= before + 1
        if how == "killed":
            redis.start()
        else:
            redis.process.send_signal(signal.SIGCONT)

        def is_back():
            log_in(visit(site.url), "wrong")
            return "Redis is back" in site.log()

        wait_for(is_back, 20, "the limits are counted in Redis again")
        assert "Traceback" not in site.log()
    finally:
        redis.stop(signal.SIGKILL)


def test_people_log_in_though_there_are_fewer_proxies_than_the_setting_says(make_site, api_server, visit):
    site = make_site(api_server, ASKME_PROXIES="2").start()
    visitor = visit(site.url)
    visitor.http.headers["X-Forwarded-For"] = "203.0.113.7"
    assert visitor.sign_up(ALICE).status_code == 200
    assert ALICE in visitor.http.get(site.url).text
    assert "Traceback" not in site.log()
