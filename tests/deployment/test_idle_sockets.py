"""A page that nobody uses stays connected behind each proxy, with the proxy's own timeouts."""

import json
import uuid

import pytest
from websockets.sync.client import connect

from tests.deployment.conftest import CADDY_URL, NGINX_URL

IDLE_SECONDS = 600  # ten times nginx's proxy_read_timeout


@pytest.mark.slow
def test_an_idle_socket_survives_ten_minutes_behind_each_proxy(topology, meet):
    sockets = []
    for url in (CADDY_URL, NGINX_URL):
        cookies = "; ".join(f"{name}={value}" for name, value in meet(url).http.cookies.items())
        headers = {"Origin": url, "Cookie": cookies}
        address = f"{url.replace('https', 'wss')}/ws/answers/"
        # Like a browser, it replies to pings and sends none.
        sockets.append(connect(address, additional_headers=headers, ping_interval=None, proxy=None))
    with pytest.raises(TimeoutError):
        sockets[0].recv(IDLE_SECONDS)  # it is closed by nobody
    for socket in sockets:
        frame = {"type": "question.ask", "answer": str(uuid.uuid4()), "question": "Are you still there?"}
        socket.send(json.dumps(frame))
        while json.loads(socket.recv(20))["type"] != "answer.finished":
            pass
        socket.close()
