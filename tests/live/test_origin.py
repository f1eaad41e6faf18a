"""Which pages may open a websocket: those of the site itself, also if the site accepts every host name."""

from contextlib import suppress

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from answers.live.origin import is_allowed

FOREIGN = ["https://evil.example", "null", "", "127.0.0.1", "http://127.0.0.1.evil.example"]


def opens(site, origin: str | None) -> bool:
    address = site.url.replace("http", "ws", 1) + "/ws/answers/"
    with suppress(InvalidStatus), connect(address, origin=origin, proxy=None):
        return True
    return False


@pytest.mark.parametrize("hosts", ["*", "127.0.0.1", "ask.example, *", "127.0.0.1,ask.example"])
@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
def test_only_a_page_of_the_site_can_open_a_socket(make_site, hosts, server):
    site = make_site(ALLOWED_HOSTS=hosts).start(server=server)
    assert opens(site, site.url)
    for origin in [*FOREIGN, None]:
        assert not opens(site, origin), origin
    assert opens(site, "https://ask.example") == ("ask.example" in hosts)


@pytest.mark.parametrize(
    ("hosts", "origin", "host", "allowed"),
    [
        (["*"], "https://ask.example", "ask.example", True),
        (["*"], "https://ask.example", "ASK.example:443", True),
        (["*"], "https://ask.example:8443", "ask.example", True),  # ALLOWED_HOSTS knows no ports either
        (["*"], "http://[::1]:8000", "[::1]:8000", True),
        (["*"], "http://[::1]:8000", "[::2]:8000", False),
        (["*"], "https://evil.example", "ask.example", False),
        (["*"], "https://ask.example", None, False),
        (["*"], "null", "null", False),
        (["*"], "", "", False),
        (["*"], "http://[", "[", False),
        (["[::1]"], "http://[::1]:8000", "[::1]:8000", True),
        ([".example.org"], "https://ask.example.org", "web:8000", True),  # a proxy may change the Host
        ([".example.org"], "https://example.org.evil", "ask.example.org", False),
        ([], "http://localhost:8000", "localhost:8000", False),
    ],
)
def test_the_origin_is_compared_with_the_host_names(settings, hosts, origin, host, allowed):
    settings.ALLOWED_HOSTS = hosts
    headers = [(b"origin", origin.encode()), *([(b"host", host.encode())] if host is not None else [])]
    assert is_allowed(headers) is allowed


def test_two_origins_are_none(settings):
    settings.ALLOWED_HOSTS = ["*"]
    headers = [(b"host", b"a"), (b"origin", b"http://b"), (b"origin", b"http://a")]
    assert not is_allowed(headers)
    assert is_allowed(headers[:1] + headers[2:])


def test_in_development_without_host_names_the_origin_is_this_machine(settings):
    settings.ALLOWED_HOSTS, settings.DEBUG = [], True
    host = (b"host", b"127.0.0.1:8000")
    assert is_allowed([host, (b"origin", b"http://localhost:8000")])
    assert not is_allowed([host, (b"origin", b"http://evil.example")])


@pytest.mark.parametrize("origin", [b"http://localhost:3000", b"http://127.0.0.1", b"http://[::1]"])
def test_a_page_on_the_visitors_machine_opens_no_socket_to_a_site_elsewhere(settings, origin):
    settings.ALLOWED_HOSTS = ["ask.example", "localhost", "127.0.0.1", "[::1]"]
    assert not is_allowed([(b"host", b"ask.example"), (b"origin", origin)])
    assert is_allowed([(b"host", b"localhost:8000"), (b"origin", origin)])
    assert is_allowed(
        [(b"host", b"localhost:8000"), (b"origin", b"https://ask.example")]
    )  # a proxy changed it


def test_with_https_a_page_without_it_opens_no_socket(settings):
    settings.ALLOWED_HOSTS, settings.SESSION_COOKIE_SECURE = ["ask.example"], True
    assert is_allowed([(b"host", b"ask.example"), (b"origin", b"https://ask.example")])
    assert not is_allowed([(b"host", b"ask.example"), (b"origin", b"http://ask.example")])
