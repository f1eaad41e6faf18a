"""New configurations of proxies, and new web containers, while people read: nothing is lost or refused."""

import os
import threading
import time
from collections.abc import Iterator

import pytest
import requests

from answers.live.open_sockets import RESTARTING
from tests.deployment.conftest import BEHIND_TLS, CADDY_URL, NGINX_URL
from tests.support.api_behaviours import Behaviour, Exchange
from tests.support.delivery import Traveller, assert_whole
from tests.support.services import wait_for

READERS = 5  # at each proxy
BETWEEN_REQUESTS_SECONDS = 0.05


class Visitor(threading.Thread):
    """Somebody who opens a page and sends a form, over and over, until `ends`. None of them may fail.

    But while a proxy loads a new configuration, it may close a connection over HTTP/1.1 just when a request
    comes, without a reply (Caddy: golang/go#75591). Over HTTP/2, which browsers use, it says that the request
    was not processed, and they send it again (RFC 9113, 6.8).
    """

    proxy_is_reloading = False

    def __init__(self, url: str, ends: threading.Event) -> None:
        super().__init__(daemon=True)
        self.url, self.ends = url, ends
        self.pages = 0
        self.failures: list[str] = []
        self.start()

    def run(self) -> None:
        with requests.Session() as browser:
            browser.trust_env, browser.verify = False, os.environ["SSL_CERT_FILE"]
            browser.headers["Origin"] = self.url  # of the form; Django compares it over TLS
            page = f"{self.url}/language/"
            while not self.ends.wait(BETWEEN_REQUESTS_SECONDS):
                try:
                    self._expect(200, browser.get(page, timeout=20))
                    form = {
                        "csrfmiddlewaretoken": browser.cookies["csrftoken"],
                        "language": "de",
                        "next": "/",
                    }
                    self._expect(302, browser.post(page, form, timeout=20, allow_redirects=False))
                    self.pages += 1
                except requests.ConnectionError as error:
                    if not self.proxy_is_reloading:
                        self.failures.append(repr(error))
                except Exception as error:
                    self.failures.append(repr(error))

    def _expect(self, status: int, reply: requests.Response) -> None:
        if reply.status_code != status:
            self.failures.append(f"{reply.request.method}: {reply.status_code} {reply.text[:200]}")


def counting(ends: threading.Event) -> Behaviour:
    """Stream "0 ", "1 ", ... until `ends`."""

    def behaviour(exchange: Exchange) -> None:
        exchange.head()
        number = 0
        while not ends.is_set():
            exchange.chunk(f"{number} ")
            number += 1
            if exchange.wait(0.1):
                return
        exchange.finish()

    return behaviour


@pytest.fixture
def ends() -> Iterator[threading.Event]:
    """It ends all answers and visits, also if the test fails."""
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.filterwarnings("ignore:unclosed <ssl:ResourceWarning")  # of connections that a proxy closed
def test_reloads_and_a_rolling_replacement_of_all_web_containers_lose_nothing(
    topology, meet, ends, record_time
):
    deployment = topology.deployment
    topology.api.when("Rolling", counting(ends))
    readers = [
        Traveller(meet(url, **BEHIND_TLS | {"Origin": url}), url, f"Rolling {url} {number}")
        for url in (CADDY_URL, NGINX_URL)
        for number in range(READERS)
    ]
    visitors = [Visitor(url, ends) for url in (CADDY_URL, NGINX_URL)]
    wait_for(lambda: all(reader.text for reader in readers), 60, "all answers are shown")

    for visitor in visitors:
        visitor.proxy_is_reloading = True
    for proxy in (topology.caddy, topology.nginx):
        proxy.reload()
    for _ in range(2):  # the first page may have been begun before
        _wait_for_more(readers, visitors)
    for visitor in visitors:
        visitor.proxy_is_reloading = False
    assert [reader.codes for reader in readers] == [[]] * len(readers), "a reload closed sockets"

    old = list(deployment.containers)
    deployment.start(2)
    began = time.monotonic()
    for container in old:
        container.begin_stop()
    wait_for(lambda: all(reader.codes for reader in readers), 30, "the old containers closed their sockets")
    _wait_for_more(readers, visitors)
    record_time("all read on after", time.monotonic() - began)
    assert not any(container.is_healthy() for container in old), "a container that stops is not ready"
    ends.set()
    for thread in (*readers, *visitors):
        thread.join(30)
    assert [container.finish_stop() for container in old] == [0, 0]  # within stop_grace_period

    assert [visitor.failures for visitor in visitors] == [[], []]
    sent = {request.question: request.text for request in topology.api.requests}
    for reader in readers:
        assert (reader.error, reader.refusals, reader.codes[0]) == (None, [], RESTARTING)
        assert reader.end["status"] == "complete"
        text = sent[reader.question]
        assert_whole(deployment, reader.person, reader.answer, reader.text, status="complete", sent=text)
    asked = [request.question for request in topology.api.requests if "Rolling" in request.question]
    assert len(asked) == len(readers)


def _wait_for_more(readers: list[Traveller], visitors: list[Visitor]) -> None:
    """Wait until everybody has read and opened something new."""
    texts, pages = [reader.text for reader in readers], [visitor.pages for visitor in visitors]

    def came() -> bool:
        has_read = all(len(reader.text) > len(text) for reader, text in zip(readers, texts, strict=True))
        return has_read and all(
            visitor.pages > number for visitor, number in zip(visitors, pages, strict=True)
        )

    wait_for(came, 30, "everybody goes on")
