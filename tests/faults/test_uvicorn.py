"""The whole site under uvicorn, which has ASGI lifespan: what Daphne needs hooks for works there too."""

import signal

import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.api_server import stall
from tests.support.processes import start_another
from tests.support.services import wait_for

SERVICE_RESTART = 1012  # the close code of uvicorn when it shuts down (RFC 6455's registry)


def test_running_answers_finish_and_are_whole_on_the_next_page(make_site, api_server, meet):
    site = make_site(api_server, ASKME_DRAIN_SECONDS="20").start(server="uvicorn")
    api_server.behaviour = stall(["So far. "])
    person = meet(site.url)
    page = person.connect()
    id = page.ask("Why?")
    page.read_text(id, "So far. ")
    [process] = site.processes
    process.terminate()
    with pytest.raises(ConnectionClosed) as closed:
        page.read()
    assert closed.value.rcvd.code == SERVICE_RESTART
    wait_for(lambda: "draining: 1 answers" in site.log(), 15, "the process drains")
    api_server.requests[0].chunk("And more.")
    api_server.release()
    assert process.wait(10) == -signal.SIGTERM  # uvicorn raises it again, once it has shut down
    assert "Traceback" not in site.log()
    site.processes.clear()
    site.start(server="uvicorn")
    page = person.connect()
    page.follow(id)
    assert page.finish(id)["status"] == "complete"
    assert page.texts[id] == "So far. And more."


def test_answers_beyond_the_drain_are_interrupted_with_their_text(make_site, api_server, meet):
    site = make_site(api_server).start(server="uvicorn")
    api_server.behaviour = stall(["So far. "])
    person = meet(site.url)
    page = person.connect()
    id = page.ask("Why?")
    page.read_text(id, "So far. ")
    site.stop()
    assert api_server.requests[0].closed.wait(5)
    page = (site.start(server="uvicorn"), person.connect())[1]
    page.follow(id)
    assert page.finish(id)["status"] == "interrupted"
    assert page.texts[id] == "So far. "


def test_the_answers_of_a_killed_process_are_interrupted_by_another(make_site, api_server, redis_url, meet):
    site = make_site(api_server, REDIS_URL=redis_url).start(server="uvicorn")
    api_server.behaviour = stall(["So far. "])
    person = meet(site.url)
    near = person.connect()
    id = near.ask("Why?")
    near.read_text(id, "So far. ")
    start_another(site, "uvicorn")
    far = person.connect(site.urls[1])
    far.follow(id)
    far.read_text(id, "So far. ")
    site.processes[0].kill()
    assert far.finish(id)["status"] == "interrupted"
    assert far.texts[id] == "So far. "
