"""A site behind a proxy with TLS, as ASKME_URL says: redirects, HSTS, cookies, links and forms."""

import re
import uuid
from pathlib import Path

import pytest
import requests

from tests.support.compose import services
from tests.support.forms import PASSWORD
from tests.support.services import wait_for
from tests.support.sites import Site

URL = "https://ask.example.org"
THROUGH_TLS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7", "Host": "ask.example.org"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("https"), ASKME_URL=URL)
    yield site.start()
    site.stop()


def get(site: Site, path: str = "/accounts/login/", **headers: str) -> requests.Response:
    return requests.get(site.url + path, headers=headers, allow_redirects=False, timeout=20)


def post(site: Site, path: str, headers: dict[str, str], **form: str) -> requests.Response:
    """Send the form of the page, as a browser that has just opened it."""
    page = get(site, path, **headers)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[1]
    headers = headers | {"Cookie": f"csrftoken={page.cookies['csrftoken']}"}
    form |= {"csrfmiddlewaretoken": token}
    return requests.post(site.url + path, form, headers=headers, allow_redirects=False, timeout=20)


def test_browsers_are_told_to_use_https_for_this_host_only(site):
    assert get(site, **THROUGH_TLS).headers["Strict-Transport-Security"] == "max-age=2592000"


@pytest.mark.parametrize("host", ["ask.example.org", "localhost:8000"])
def test_plain_http_leads_to_the_address_of_the_site(site, host):
    reply = get(site, "/history/?page=2", **{"X-Forwarded-Proto": "http", "Host": host})
    assert (reply.status_code, reply.headers["Location"]) == (301, f"{URL}/history/?page=2")


def test_a_proxy_that_does_not_say_https_is_told_instead_of_redirected_for_ever(site):
    for _ in range(2):
        reply = get(site, Host="ask.example.org")
        assert reply.status_code == 400
        assert "X-Forwarded-Proto" in reply.text
    assert site.log().count("has no header X-Forwarded-Proto") == 1


def test_a_host_that_is_not_the_sites_is_refused(site):
    assert get(site, **THROUGH_TLS | {"Host": "evil.example"}).status_code == 400


def test_every_cookie_is_sent_over_https_only(site):
    email = f"{uuid.uuid4()}@example.org"
    signed_up = post(
        site,
        "/accounts/signup/",
        THROUGH_TLS | {"Origin": URL},
        email=email,
        password1=PASSWORD,
    )
    assert signed_up.status_code == 302
    cookies = list(get(site, "/", **THROUGH_TLS).cookies) + list(signed_up.cookies)
    assert {cookie.name for cookie in cookies} >= {"csrftoken", "__Host-guest", "__Host-sessionid"}
    assert [cookie.name for cookie in cookies if not cookie.secure] == []


@pytest.mark.parametrize("host", ["ask.example.org", "localhost:8000"])
def test_the_link_in_an_email_is_the_sites_whatever_host_was_asked(site, host):
    """Some proxies change the Host header. An attacker may write one, to make a stranger's link."""
    email = f"{uuid.uuid4()}@example.org"
    browser = THROUGH_TLS | {"Origin": URL, "Host": host}
    assert post(site, "/accounts/signup/", browser, email=email, password1=PASSWORD).status_code == 302
    assert post(site, "/accounts/password/reset/", browser, email=email).status_code == 302

    def mail() -> str:
        return "".join(site.log().partition(f"To: {email}")[1:])

    wait_for(lambda: "/accounts/password/reset/key/" in mail(), 10, "the email")
    links = re.findall(r"\S+/accounts/password/reset/key/\S+", mail())
    assert all(link.startswith(f"{URL}/accounts/password/reset/key/") for link in links)
    assert "Hello from ask.example.org" in mail()


@pytest.mark.parametrize("origin", ["https://evil.example", "http://ask.example.org", "null"])
def test_a_form_of_another_origin_is_refused(site, origin):
    refused = post(site, "/accounts/login/", THROUGH_TLS | {"Origin": origin}, login="a", password="b")
    assert refused.status_code == 403


def deployment_check(folder: Path, **variables: str) -> tuple[int, str]:
    """Run the check on the settings that Compose gives to a web process."""
    given = services(folder, **variables)["web"]["environment"]
    environment = {name: value for name, value in given.items() if not name.endswith("_FILE")}
    environment["SECRET_KEY"] = "0123456789abcdef" * 4
    environment["EMAIL_URL"] = "smtp+tls://mail.example.org:587"  # Django 6.1 wants a mail server
    environment["DJANGO_ALLOW_ASYNC_UNSAFE"] = ""  # which the tests themselves need
    done = Site(folder, **environment).manage("check", "--deploy", "--fail-level", "WARNING")
    return done.returncode, done.stderr


def test_djangos_deployment_check_finds_nothing_once_the_address_is_set(tmp_path):
    assert deployment_check(tmp_path, ASKME_URL=URL) == (0, "")


def test_it_warns_without_an_address_and_without_hsts(tmp_path):
    status, said = deployment_check(tmp_path, ASKME_HTTPS="true", ASKME_HSTS_SECONDS="0")
    assert status == 1, said
    assert set(re.findall(r"[EW]\d{3}", said)) == {"W009", "W004"}, said
    assert "ASKME_URL is not set" in said
