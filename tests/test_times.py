"""Times and days are those of the reader's time zone, which their browser tells in a cookie."""

import os
import re
import ssl
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import trustme
from django.utils import timezone
from playwright.sync_api import Locator, expect

from answers.models import Answer, User
from tests.browser import Tab
from tests.services import free_port, stop_process, wait_for
from tests.sites import ROOT
from tests.test_history import make_answer, shown


@pytest.fixture
def alice(db):
    return User.objects.create_user("alice")


@pytest.fixture
def browser_in(client, alice):
    """Alice's browser, in a time zone."""

    def make(zone: str):
        client.force_login(alice)
        client.cookies["timezone"] = zone
        return client

    return make


def ask_at(user: User, *moment: int) -> Answer:
    """At a moment of UTC, which is the question."""
    at = datetime(*moment, tzinfo=UTC)
    return make_answer(user, f"{at:%m-%d %H:%M}", asked_at=at)


def of_day(browser, day: str) -> list[str]:
    """What was asked on that day of theirs, oldest first."""
    return shown(browser.get("/history/", {"since": day, "until": day}))[::-1]


@pytest.mark.parametrize(
    ("zone", "time"),
    [
        ("", "1 Mar 2026, 23:30 UTC"),
        ("UTC", "1 Mar 2026, 23:30 UTC"),
        ("Europe/Berlin", "2 Mar 2026, 00:30"),
        ("America/New_York", "1 Mar 2026, 18:30"),
        ("Asia/Kathmandu", "2 Mar 2026, 05:15"),
        ("Asia/Calcutta", "2 Mar 2026, 05:00"),  # as Chrome calls it
    ],
)
def test_times_are_shown_in_the_zone_of_the_cookie(browser_in, alice, zone, time):
    ask_at(alice, 2026, 3, 1, 23, 30)
    html = browser_in(zone).get("/history/").content.decode()
    assert f">{time}</time>" in html
    assert f'data-time-zone="{zone or "UTC"}"' in html


@pytest.mark.parametrize(
    "zone",
    [
        "Europe/Atlantis",
        "../../etc/passwd",
        "/etc/localtime",
        "Europe",
        "posixrules",
        "zone.tab",
        "é",
        "x" * 4_000,
        "UTC\0",
    ],
)
def test_a_cookie_that_names_no_zone_counts_as_none(browser_in, alice, zone):
    ask_at(alice, 2026, 3, 1, 23, 30)
    page = browser_in(zone).get("/history/")
    assert page.status_code == 200
    assert ">1 Mar 2026, 23:30 UTC</time>" in page.content.decode()


def test_the_zone_of_one_reader_is_not_that_of_the_next(browser_in, alice, client):
    browser_in("Asia/Tokyo").get("/history/")
    assert timezone.get_current_timezone_name() == "UTC"
    del client.cookies["timezone"]
    assert 'data-time-zone="UTC"' in client.get("/history/").content.decode()


def test_a_day_is_the_readers_own(browser_in, alice):
    for hour in (9, 10, 11, 12, 23):
        ask_at(alice, 2026, 3, 1, hour)
    ask_at(alice, 2026, 3, 2, 10)
    assert of_day(browser_in(""), "2026-03-01") == [f"03-01 {hour}:00" for hour in ("09", 10, 11, 12, 23)]
    honolulu = browser_in("Pacific/Honolulu")  # UTC-10
    assert of_day(honolulu, "2026-02-28") == ["03-01 09:00"]
    assert of_day(honolulu, "2026-03-01") == ["03-01 10:00", "03-01 11:00", "03-01 12:00", "03-01 23:00"]
    assert of_day(honolulu, "2026-03-02") == ["03-02 10:00"]
    auckland = browser_in("Pacific/Auckland")  # UTC+13
    assert of_day(auckland, "2026-03-01") == ["03-01 09:00", "03-01 10:00"]
    assert of_day(auckland, "2026-03-02") == ["03-01 11:00", "03-01 12:00", "03-01 23:00", "03-02 10:00"]


@pytest.mark.parametrize(
    ("zone", "day", "begins", "ends"),
    [
        ("Europe/Berlin", "2026-03-29", (2026, 3, 28, 23), (2026, 3, 29, 22)),  # has 23 hours
        ("Europe/Berlin", "2026-10-25", (2026, 10, 24, 22), (2026, 10, 25, 23)),  # has 25 hours
        ("America/New_York", "2026-11-01", (2026, 11, 1, 4), (2026, 11, 2, 5)),
        (
            "Africa/Cairo",
            "2026-04-24",
            (2026, 4, 23, 22),
            (2026, 4, 24, 21),
        ),  # has no midnight: it begins at one
        ("Africa/Cairo", "2026-10-29", (2026, 10, 28, 21), (2026, 10, 29, 22)),  # its last hour comes twice
        ("America/Havana", "2026-11-01", (2026, 11, 1, 4), (2026, 11, 2, 5)),  # its midnight comes twice
    ],
)
def test_a_day_on_which_the_clocks_change_is_whole(browser_in, alice, zone, day, begins, ends):
    start, end = datetime(*begins, tzinfo=UTC), datetime(*ends, tzinfo=UTC)
    moment = timedelta(microseconds=1)
    for question, at in (
        ("before", start - moment),
        ("first", start),
        ("last", end - moment),
        ("after", end),
    ):
        make_answer(alice, question, asked_at=at)
    assert of_day(browser_in(zone), day) == ["first", "last"]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])  # UTC+14 and UTC-12
@pytest.mark.parametrize("day", ["0001-01-01", "1970-01-01", "9999-12-31"])
def test_days_at_the_ends_of_the_calendar_are_days(browser_in, alice, zone, day):
    ask_at(alice, 2026, 3, 1, 12)
    browser = browser_in(zone)
    assert of_day(browser, day) == []
    assert len(shown(browser.get("/history/", {"since": "0001-01-01", "until": "9999-12-31"}))) == 1


# -- In a browser


def cookie_of(tab: Tab) -> Any:
    return next((one for one in tab.page.context.cookies() if one["name"] == "timezone"), None)


def is_now(time: Locator, hours: float) -> None:
    """It shows, in German, this minute or the last by a clock that is so many hours ahead of UTC."""
    shown = time.inner_text()
    now = datetime.now(UTC) + timedelta(hours=hours)
    at = [now, now - timedelta(minutes=1)]
    assert any(f"{one.day}. " in shown and shown.endswith(f"{one.year}, {one:%H:%M}") for one in at), shown


def test_the_browser_tells_its_zone_and_even_the_first_page_is_in_it(shared_site, open_tab):
    tab = open_tab(shared_site.url, timezone_id="Asia/Kolkata", locale="de-DE")
    cookie = cookie_of(tab)
    assert cookie["value"] in ("Asia/Kolkata", "Asia/Calcutta")
    assert (cookie["sameSite"], cookie["secure"], cookie["path"]) == ("Lax", False, "/")
    assert 364 < (cookie["expires"] - datetime.now().timestamp()) / 86_400 <= 365
    tab.ask("Warum?")
    expect(tab.text).to_have_text("Hello, world")
    time = tab.page.locator("time")
    tab.page.context.clear_cookies(name="timezone")
    tab.page.goto(f"{shared_site.url}/history/")  # the server does not know the zone, and writes UTC
    expect(time).not_to_contain_text("UTC")
    is_now(time, 5.5)
    first = time.get_attribute("datetime")
    tab.page.reload()
    is_now(time, 5.5)
    assert first.endswith("+00:00")
    assert time.get_attribute("datetime").endswith("+05:30")


def test_who_travels_has_the_time_of_where_they_are(shared_site, open_tab):
    tab = open_tab(shared_site.url, timezone_id="America/New_York", locale="de-DE")
    tab.ask("Warum?")
    expect(tab.text).to_have_text("Hello, world")
    cookie = {"name": "timezone", "value": "Asia/Tokyo", "url": shared_site.url}
    tab.page.context.add_cookies([cookie])
    tab.page.goto(f"{shared_site.url}/history/")
    offset = ZoneInfo("America/New_York").utcoffset(datetime.now())
    is_now(tab.page.locator("time"), offset.total_seconds() / 3600)
    assert cookie_of(tab)["value"] == "America/New_York"


def test_in_english_the_first_page_writes_times_as_all_others_do(shared_site, open_tab):
    tab = open_tab(shared_site.url, timezone_id="Asia/Kolkata", locale="en-US")
    tab.ask("Why?")
    expect(tab.text).to_have_text("Hello, world")
    time = tab.page.locator("time")
    tab.page.context.clear_cookies(name="timezone")
    tab.page.goto(f"{shared_site.url}/history/")
    expect(time).not_to_contain_text("UTC")
    first = time.inner_text()
    tab.page.reload()
    assert (
        re.sub("Sept", "Sep", first) == time.inner_text()
    )  # Django and browsers shorten September differently


def test_without_javascript_times_are_of_utc_and_say_so(shared_site, open_tab):
    tab = open_tab(shared_site.url, timezone_id="Asia/Kolkata", locale="de-DE")
    tab.ask("Warum?")
    expect(tab.text).to_have_text("Hello, world")
    cookies = [one for one in tab.page.context.cookies() if one["name"] != "timezone"]
    plain = open_tab("about:blank", timezone_id="Asia/Kolkata", locale="de-DE", java_script_enabled=False)
    plain.page.context.add_cookies(cookies)
    plain.page.goto(f"{shared_site.url}/history/")
    expect(plain.page.locator("time")).to_have_text(re.compile(r"\d\. .+ \d{4}, \d\d:\d\d UTC$"))
    assert cookie_of(plain) is None


@pytest.fixture
def over_https(shared_site, tmp_path):
    """The site by another process of it, which speaks TLS with a certificate that nobody knows."""
    issued, key, chain = trustme.CA().issue_cert("127.0.0.1"), tmp_path / "key.pem", tmp_path / "chain.pem"
    issued.private_key_pem.write_to_path(str(key))
    issued.cert_chain_pems[0].write_to_path(str(chain))
    port = free_port()
    endpoint = f"ssl:{port}:privateKey={key}:certKey={chain}:interface=127.0.0.1"
    command = [sys.executable, "-m", "daphne", "-v", "0", "-e", endpoint, "askme.asgi:application"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | shared_site.environment)
    try:
        url = f"https://127.0.0.1:{port}"
        wait_for(lambda: is_there(process, f"{url}/healthz"), 20, "it answers over TLS")
        yield url
    finally:
        stop_process(process)


def is_there(process: subprocess.Popen, url: str) -> bool:
    assert process.poll() is None
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with urllib.request.urlopen(url, timeout=5, context=context) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def test_over_https_the_cookie_is_secure(over_https, open_tab):
    url = f"{over_https}/history/"
    tab = open_tab(url, timezone_id="Europe/Berlin", ignore_https_errors=True)
    assert cookie_of(tab)["secure"]
