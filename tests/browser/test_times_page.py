"""The browser reports its time zone in a cookie, and every page shows times in that zone."""

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
from playwright.sync_api import Locator, expect

from tests.support.browser import Tab
from tests.support.services import free_port, stop_process, wait_for
from tests.support.sites import ROOT


def cookie_of(tab: Tab) -> Any:
    return next((one for one in tab.page.context.cookies() if one["name"] == "timezone"), None)


def expect_now(time: Locator, hours: float) -> None:
    """Wait until it shows this minute or the last one, in German, on a clock this many hours ahead of UTC.

    A page that the server wrote in another zone shows the time there until its script has run, and then says
    the day too: it may not be the one that it stands below.
    """
    now = datetime.now(UTC) + timedelta(hours=hours)
    minutes = (now, now - timedelta(minutes=1))
    forms = [rf"{one:%H:%M}|{one.day}\. \w+\.? {one:%Y, %H:%M}" for one in minutes]
    expect(time).to_have_text(re.compile("^(" + "|".join(forms) + ")$"))


def test_the_browser_reports_its_zone_and_even_the_first_page_uses_it(shared_site, open_tab):
    tab = open_tab(shared_site.url, timezone_id="Asia/Kolkata", locale="de-DE")
    cookie = cookie_of(tab)
    assert cookie["value"] in ("Asia/Kolkata", "Asia/Calcutta")
    assert (cookie["sameSite"], cookie["secure"], cookie["path"]) == ("Lax", False, "/")
    assert 364 < (cookie["expires"] - datetime.now().timestamp()) / 86_400 <= 365
    tab.ask("Warum?")
    expect(tab.text).to_have_text("Hello, world")
    time = tab.page.locator("time")
    tab.page.context.clear_cookies(name="timezone")
    tab.page.goto(f"{shared_site.url}/history/")  # the server does not know the zone and writes UTC
    expect(time).not_to_contain_text("UTC")
    expect_now(time, 5.5)
    first = time.get_attribute("datetime")
    tab.page.reload()
    expect_now(time, 5.5)
    assert first.endswith("+00:00")
    assert time.get_attribute("datetime").endswith("+05:30")


def test_a_traveller_sees_times_of_the_new_zone(shared_site, open_tab):
    tab = open_tab(shared_site.url, timezone_id="America/New_York", locale="de-DE")
    tab.ask("Warum?")
    expect(tab.text).to_have_text("Hello, world")
    cookie = {"name": "timezone", "value": "Asia/Tokyo", "url": shared_site.url}
    tab.page.context.add_cookies([cookie])
    tab.page.goto(f"{shared_site.url}/history/")
    offset = ZoneInfo("America/New_York").utcoffset(datetime.now())
    expect_now(tab.page.locator("time"), offset.total_seconds() / 3600)
    assert cookie_of(tab)["value"] == "America/New_York"


def test_the_first_page_in_english_writes_the_day_first(shared_site, open_tab):
    tab = open_tab(shared_site.url, timezone_id="Asia/Kolkata", locale="en-US")
    tab.ask("Why?")
    expect(tab.text).to_have_text("Hello, world")
    time = tab.page.locator("time")
    tab.page.context.clear_cookies(name="timezone")
    tab.page.goto(f"{shared_site.url}/history/")
    expect(time).not_to_contain_text("UTC")
    first = time.inner_text()
    tab.page.reload()
    assert re.fullmatch(rf"\d+ [A-Z][a-z]+ \d{{4}}, {time.inner_text()}", first)


def test_times_without_javascript_are_in_utc_and_say_so(shared_site, open_tab):
    tab = open_tab(shared_site.url, timezone_id="Asia/Kolkata", locale="de-DE")
    tab.ask("Warum?")
    expect(tab.text).to_have_text("Hello, world")
    cookies = [one for one in tab.page.context.cookies() if one["name"] != "timezone"]
    plain = open_tab("about:blank", timezone_id="Asia/Kolkata", locale="de-DE", java_script_enabled=False)
    plain.page.context.add_cookies(cookies)
    plain.page.goto(f"{shared_site.url}/history/")
    expect(plain.page.locator("time")).to_have_text(re.compile(r"^\d\d:\d\d UTC$"))
    assert cookie_of(plain) is None


@pytest.fixture
def over_https(shared_site, tmp_path):
    """Another process of the site, which serves TLS with an unknown certificate."""
    issued, key, chain = trustme.CA().issue_cert("127.0.0.1"), tmp_path / "key.pem", tmp_path / "chain.pem"
    issued.private_key_pem.write_to_path(str(key))
    issued.cert_chain_pems[0].write_to_path(str(chain))
    port = free_port()
    endpoint = f"ssl:{port}:privateKey={key}:certKey={chain}:interface=127.0.0.1"
    command = [sys.executable, "-m", "daphne", "-v", "0", "-e", endpoint, "askme.asgi:application"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | shared_site.environment)
    try:
        url = f"https://127.0.0.1:{port}"
        wait_for(lambda: is_there(process, f"{url}/readyz"), 60, "the site responds over TLS")
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
