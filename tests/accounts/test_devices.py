"""The list of a person's sessions: each in words, and when it was last seen."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone

from accounts.devices import described
from tests.support.accounts import log_in

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
WINDOWS, ANDROID = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "Mozilla/5.0 (Linux; Android 14; Pixel 8)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (f"{WINDOWS} {WEBKIT} Chrome/131.0.0.0 Safari/537.36", "Chrome on Windows"),
        (f"{WINDOWS} {WEBKIT} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0", "Edge on Windows"),
        (f"{WINDOWS} {WEBKIT} Chrome/131.0.0.0 Safari/537.36 OPR/116.0.0.0", "Opera on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox on Linux"),
        (f"{MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15", "Safari on macOS"),
        (f"{IPHONE} Version/18.0 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        (f"{IPHONE} CriOS/131.0.0.0 Mobile/15E148 Safari/604.1", "Chrome on iPhone"),
        (f"{ANDROID} {WEBKIT} Chrome/131.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
        (
            f"{ANDROID} {WEBKIT} SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36",
            "Samsung Internet on Android",
        ),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/131.0.0.0", "Chrome on ChromeOS"),
        ("curl/8.5.0", "curl"),
        ("SomethingElse/1.0 " + "x" * 200, ("SomethingElse/1.0 " + "x" * 200)[:60]),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_named_in_words(user_agent, words):
    assert described(user_agent) == words


@pytest.fixture
def phone(alice):
    phone = Client(headers={"User-Agent": f"{IPHONE} Version/18.0 Mobile/15E148 Safari/604.1"})
    log_in(phone)
    return phone


def session_of(browser) -> UserSession:
    return UserSession.objects.get(session_key=browser.session.session_key)


@pytest.mark.django_db
def test_a_person_sees_their_browsers_and_logs_out_the_others(phone):
    client = Client(headers={"User-Agent": f"{WINDOWS} {WEBKIT} Chrome/131.0.0.0 Safari/537.36"})
    log_in(client)
    html = client.get("/accounts/sessions/").content.decode()
    assert "Safari on iPhone</h2>" in html
    assert "This browser</span>" in html
    assert "Mozilla" not in html.replace('title="Mozilla', "")
    assert html.count("Last seen:") == 1  # of the phone
    client.post("/accounts/sessions/")
    html = client.get("/accounts/sessions/").content.decode()
    assert "Safari on iPhone" not in html
    assert "No other browser is logged in." in html
    assert phone.get("/accounts/sessions/").status_code == 302


def in_another_process(browser: Client) -> Client:
    """The same browser, at a process that it has not visited before."""
    other = Client()
    other.cookies = browser.cookies
    return other


@pytest.mark.django_db
def test_a_visit_is_noted_once_a_day(phone):
    long_ago = timezone.now() - timedelta(days=3)
    UserSession.objects.update(last_seen_at=long_ago, ip="192.0.2.1")
    there = in_another_process(phone)
    there.get("/history/")
    assert timezone.now() - session_of(phone).last_seen_at < timedelta(minutes=1)
    assert session_of(phone).ip == "127.0.0.1"
    UserSession.objects.update(last_seen_at=long_ago)
    there.get("/history/")
    assert session_of(phone).last_seen_at == long_ago  # this process has written it already


@pytest.mark.django_db
def test_a_page_does_not_fail_because_a_visit_cannot_be_noted(phone):
    UserSession.objects.update(last_seen_at=timezone.now() - timedelta(days=3))

    def refuse(execute, sql, params, many, context):
        if sql.startswith('UPDATE "usersessions_usersession"'):
            refused.append(sql)
            raise DatabaseError("locked")
        return execute(sql, params, many, context)

    refused: list[str] = []
    with connection.execute_wrapper(refuse):
        assert in_another_process(phone).get("/accounts/sessions/").status_code == 200
    assert refused
