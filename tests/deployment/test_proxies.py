"""Caddy and nginx in front of the site, as configured in `deploy/`: what people and attackers get."""

import http.client
import os
import uuid

import psycopg
import pytest
import requests
from playwright.sync_api import expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.deployment.conftest import CADDY_URL, NGINX_URL, Topology
from tests.support.api_behaviours import Dictation
from tests.support.forms import NoscriptPerson
from tests.support.proxies import TlsProxy

both_proxies = pytest.mark.parametrize("url", [CADDY_URL, NGINX_URL], ids=["caddy", "nginx"])


def proxy_of(topology: Topology, url: str) -> TlsProxy:
    return topology.caddy if url == CADDY_URL else topology.nginx


def get(url: str, **headers: str) -> requests.Response:
    with requests.Session() as browser:
        browser.trust_env, browser.verify = False, os.environ["SSL_CERT_FILE"]
        return browser.get(url, headers=headers, timeout=20, allow_redirects=False)


@both_proxies
def test_a_browser_asks_over_tls_and_reads_while_the_answer_is_written(topology, open_tab, url):
    question = f"Live? {uuid.uuid4()}"
    topology.api.when(question, live := Dictation())
    tab = open_tab(url + "/")
    tab.ask(question)
    live.say("First. ")
    expect(tab.text).to_contain_text("First.")  # before the end: no proxy holds it back
    live.say("Second.")
    live.end()
    tab.shows("First. Second.")
    tab.is_ready()
    cookies = tab.page.context.cookies()
    assert cookies
    assert all(cookie["secure"] for cookie in cookies)
    tab.page.reload()
    tab.shows("First. Second.")


@both_proxies
def test_a_form_works_over_tls_without_javascript(topology, url):
    question = f"A form? {uuid.uuid4()}"
    person = NoscriptPerson(url, Referer=f"{url}/")  # without it or an Origin, Django refuses forms over TLS
    reply = person.ask(question)
    assert (reply.status_code, question in reply.text) == (200, True)
    assert reply.url.startswith(f"{url}/a/")
    person.close()


@both_proxies
def test_the_address_and_scheme_that_a_client_claims_are_not_believed(topology, meet, url):
    forged = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.example",
    }
    person = meet(url, **forged)
    socket = person.connect()
    answer = socket.ask(f"Who am I? {uuid.uuid4()}")
    assert socket.finish(answer)["status"] == "complete"
    with psycopg.connect(topology.deployment.environment["DATABASE_URL"]) as database:
        query = "SELECT address FROM answers_questionlog WHERE answer = %s"
        assert database.execute(query, [answer]).fetchall() == [("127.0.0.1",)]
    assert all(cookie.secure for cookie in person.http.cookies)


@both_proxies
def test_pages_demand_https_and_static_files_are_cached_for_good(url):
    page = get(f"{url}/")
    assert page.status_code == 200
    assert page.headers["Strict-Transport-Security"].startswith("max-age=")
    sheet = page.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert "immutable" in get(url + sheet).headers["Cache-Control"]


@both_proxies
def test_plain_http_leads_to_https(topology, url):
    name = url.removeprefix("https://")
    plain = http.client.HTTPConnection("127.0.0.1", proxy_of(topology, url).http_port, timeout=10)
    plain.request("GET", "/history/?q=1", headers={"Host": name})
    reply = plain.getresponse()
    assert reply.status in (301, 308)
    assert reply.headers["Location"] == f"{url}/history/?q=1"
    plain.close()


@both_proxies
@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
def test_what_is_for_monitoring_is_not_public(topology, url, path):
    assert get(url + path).status_code == 404
    token = topology.deployment.secret("metrics-token")
    assert get(url + path, Authorization=f"Bearer {token}").status_code == 404


@both_proxies
def test_a_page_of_another_site_gets_no_websocket(url):
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{url.replace('https', 'wss')}/ws/answers/", origin="https://evil.example", proxy=None)
    assert refused.value.response.status_code == 403


@both_proxies
def test_a_body_that_is_too_large_is_refused(url):
    with requests.Session() as browser:
        browser.trust_env, browser.verify = False, os.environ["SSL_CERT_FILE"]
        reply = browser.post(f"{url}/ask/", data=b"x" * 2_000_000, timeout=20)
    assert reply.status_code == 413


@both_proxies
def test_a_request_of_a_foreign_host_name_gets_no_page(topology, url):
    with requests.Session() as browser:
        browser.trust_env, browser.verify = False, os.environ["SSL_CERT_FILE"]
        reply = browser.get(f"{url}/", headers={"Host": "evil.example"}, timeout=20)
    assert "question-box" not in reply.text
