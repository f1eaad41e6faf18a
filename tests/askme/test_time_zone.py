"""Times and days are those of the reader's time zone, which their browser reports in a cookie."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from answers.models import Answer
from tests.support.answers import make_answer, questions_on


@pytest.fixture
def alice(db):
    return User.objects.create_user("alice")


@pytest.fixture
def browser_in(client, alice):
    """Make Alice's browser use a time zone."""

    def make(zone: str):
        client.force_login(alice)
        client.cookies["timezone"] = zone
        return client

    return make


def ask_at(user: User, *moment: int) -> Answer:
    """Save a question that was asked at this time of UTC and consists of it."""
    at = datetime(*moment, tzinfo=UTC)
    return make_answer(user, f"{at:%m-%d %H:%M}", asked_at=at)


def of_day(browser, day: str) -> list[str]:
    """Return the questions of that day in the browser's time zone, oldest first."""
    return questions_on(browser.get("/history/", {"since": day, "until": day}))[::-1]


@pytest.mark.parametrize(
    ("zone", "day", "time"),
    [
        ("", "Sunday, 1 March 2026", "23:30 UTC"),
        ("UTC", "Sunday, 1 March 2026", "23:30 UTC"),
        ("Europe/Berlin", "Monday, 2 March 2026", "00:30"),
        ("America/New_York", "Sunday, 1 March 2026", "18:30"),
        ("Asia/Kathmandu", "Monday, 2 March 2026", "05:15"),
        ("Asia/Calcutta", "Monday, 2 March 2026", "05:00"),  # Chrome's name
    ],
)
def test_times_are_shown_in_the_zone_from_the_cookie(browser_in, alice, zone, day, time):
    ask_at(alice, 2026, 3, 1, 23, 30)
    html = browser_in(zone).get("/history/").content.decode()
    assert f">{day}</h2>" in html
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
def test_a_cookie_with_an_unknown_zone_is_ignored(browser_in, alice, zone):
    ask_at(alice, 2026, 3, 1, 23, 30)
    page = browser_in(zone).get("/history/")
    assert page.status_code == 200
    assert ">23:30 UTC</time>" in page.content.decode()


def test_one_readers_zone_does_not_affect_the_next_reader(browser_in, alice, client):
    browser_in("Asia/Tokyo").get("/history/")
    assert timezone.get_current_timezone_name() == "UTC"
    del client.cookies["timezone"]
    assert 'data-time-zone="UTC"' in client.get("/history/").content.decode()


def test_a_day_starts_at_the_readers_midnight(browser_in, alice):
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
        ("Europe/Berlin", "2026-03-29", (2026, 3, 28, 23), (2026, 3, 29, 22)),  # 23 hours long
        ("Europe/Berlin", "2026-10-25", (2026, 10, 24, 22), (2026, 10, 25, 23)),  # 25 hours long
        ("America/New_York", "2026-11-01", (2026, 11, 1, 4), (2026, 11, 2, 5)),
        (
            "Africa/Cairo",
            "2026-04-24",
            (2026, 4, 23, 22),
            (2026, 4, 24, 21),
        ),  # it has no midnight and starts at one
        ("Africa/Cairo", "2026-10-29", (2026, 10, 28, 21), (2026, 10, 29, 22)),  # its last hour occurs twice
        ("America/Havana", "2026-11-01", (2026, 11, 1, 4), (2026, 11, 2, 5)),  # its midnight occurs twice
    ],
)
def test_a_day_on_which_the_clocks_change_is_complete(browser_in, alice, zone, day, begins, ends):
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
def test_dates_at_both_ends_of_the_calendar_work(browser_in, alice, zone, day):
    ask_at(alice, 2026, 3, 1, 12)
    browser = browser_in(zone)
    assert of_day(browser, day) == []
    assert len(questions_on(browser.get("/history/", {"since": "0001-01-01", "until": "9999-12-31"}))) == 1
