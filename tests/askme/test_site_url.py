"""What follows from ASKME_URL: hosts, origins, HTTPS, and the number of proxies."""

import json
import subprocess
import sys

import pytest

from askme import site_url
from askme.values import BadValue
from tests.support.compose import PROGRAMS
from tests.support.sites import ROOT, SECRET_KEY

NAMES = (
    "ASKME_URL",
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "ASKME_HTTPS",
    "ASKME_PROXIES",
    "SESSION_COOKIE_SECURE",
    "CSRF_COOKIE_SECURE",
)
LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]


def settings_with(**environment: str) -> dict:
    code = f"import json, askme.settings as s; print(json.dumps([getattr(s, name) for name in {NAMES}]))"
    environment |= {"PATH": PROGRAMS, "ENV_FILE": "", "SECRET_KEY": SECRET_KEY}
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True)
    assert run.returncode == 0, run.stderr
    return dict(zip(NAMES, json.loads(run.stdout), strict=True))


def test_one_setting_is_enough_behind_a_proxy_with_tls():
    assert settings_with(ASKME_URL="https://Ask.Example.org:443/") == {
        "ASKME_URL": "https://ask.example.org",
        "ALLOWED_HOSTS": ["ask.example.org", *LOOPBACK],
        "CSRF_TRUSTED_ORIGINS": ["https://ask.example.org"],
        "ASKME_HTTPS": True,
        "ASKME_PROXIES": 1,
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
    }


def test_without_it_the_site_is_for_this_machine():
    found = settings_with()
    assert (found["ALLOWED_HOSTS"], found["CSRF_TRUSTED_ORIGINS"]) == (LOOPBACK, [])
    assert (found["ASKME_HTTPS"], found["ASKME_PROXIES"]) == (False, 0)


def test_explicit_settings_win():
    explicit = {
        "ALLOWED_HOSTS": "ask.example.org,www.example.org",
        "CSRF_TRUSTED_ORIGINS": "https://*.example.org",
        "ASKME_PROXIES": "2",
    }
    found = settings_with(ASKME_URL="https://ask.example.org", **explicit)
    assert found["ALLOWED_HOSTS"] == ["ask.example.org", "www.example.org"]
    assert found["CSRF_TRUSTED_ORIGINS"] == ["https://*.example.org"]
    assert found["ASKME_PROXIES"] == 2


@pytest.mark.parametrize(
    ("text", "url", "host"),
    [
        ("http://ask.example:80", "http://ask.example", "ask.example"),
        ("http://ask.example:443", "http://ask.example:443", "ask.example"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443", "[2001:db8::1]"),
    ],
)
def test_it_is_written_as_browsers_write_an_origin(text, url, host):
    assert site_url.parse(text) == url
    assert site_url.hosts(url) == [host, *LOOPBACK]


@pytest.mark.parametrize(
    "text", ["https://", "https://.example", "https://a?b", "https://a#b", "ws://a", "//a"]
)
def test_what_is_no_address_of_a_site_is_refused(text):
    with pytest.raises(BadValue):
        site_url.parse(text)
