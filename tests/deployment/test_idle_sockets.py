"""A page that nobody uses stays connected behind each proxy, with the proxy's own timeouts."""

import json
import uuid
from contextlib import ExitStack

import pytest
from websockets.sync.client import connect

from tests.deployment.conftest import CADDY_URL, NGINX_URL
from tests.support.people import Person

IDLE_SECONDS = 600  # ten times nginx's proxy_read_timeout


@pytest.mark.slow
def test_an_idle_socket_survives_ten_minutes_behind_each_proxy(topology, meet):
    with ExitStack() as stack:
        sockets = [stack.enter_context(_socket(meet(url))) for url in (CADDY_URL, NGINX_URL)]
        with pytest.raises(TimeoutError):
            sockets[0].recv(IDLE_SECONDS)  # nobody closes it
        for socket in sockets:
            frame = {"type": "question.ask", "answer": str(uuid.uuid4()), "question": "Are you still there?"}
            socket.send(json.dumps(frame))
            while json.loads(socket.recv(20))["type"] != "answer.finished":
                pass


def _socket(person: Person) -> connect:
    """Like a browser, it replies to pings and sends none."""
    cookies = "; ".join(f"{name}={value}" for name, value in person.http.cookies.items())
    headers = {"Origin": person.url, "Cookie": cookies}
    address = f"{person.url.replace('https', 'wss')}/ws/answers/"
    return connect(address, additional_headers=headers, ping_interval=None, proxy=None)
