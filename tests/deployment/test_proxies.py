"""Caddy and nginx in front of the site, with the configurations in `deploy/`: what people and attackers get."""

import http.client
import json
import socket
import ssl
import uuid

import pytest
import requests
from playwright.sync_api import expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.deployment.conftest import CADDY_URL, NGINX_URL
from tests.support.api_behaviours import Dictation
from tests.support.api_server import stall
from tests.support.forms import NoscriptPerson

both_proxies = pytest.mark.parametrize("url", [CADDY_URL, NGINX_URL], ids=["caddy", "nginx"])


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
    assert {cookie["secure"] for cookie in tab.page.context.cookies()} == {True}
    tab.page.reload()
    tab.shows("First. Second.")
