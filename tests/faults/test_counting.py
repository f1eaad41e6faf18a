"""Every question is counted exactly once, however it ends: one row, and one answer in the figures.

`make chaos` checks the same with many more answers and faults.
"""

import uuid
from collections import Counter

import pytest

from tests.support.api_server import answer, numbered, refuse, stall
from tests.support.database import wait_for_row
from tests.support.processes import kill, start_another
from tests.support.sums import differences

SWEPT_SECONDS = 40  # from kill -9 to `interrupted`: twice what is promised, and tested elsewhere
USAGE = {"prompt_tokens": 17, "completion_tokens": 4, "cost": 0.0012}


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def busy_site(request, make_site, api_server, redis_url):
    """One process. The test starts another."""
    environment = {"REDIS_URL": redis_url, "ASKME_RUNNING_PER_USER": "2"}
    if request.param == "PostgreSQL":
        server = request.getfixturevalue("postgres_server")
        environment["DATABASE_URL"] = server.create_database(f"counting{uuid.uuid4().hex}")
    return make_site(api_server, **environment).start()


def manage(site):
    def run(*arguments: str) -> str:
        done = site.manage(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def ask_three(page, number) -> dict[str, str]:
    """Ask what ends by itself. Return how, by the answer."""
    ends = {}
    for question in ("ends well", "fails", "is cut"):
        id = page.ask(f"{question} {number}")
        ends[id] = page.finish(id)["status"]
    return ends


def test_rows_requests_and_figures_agree_after_failures_stops_and_a_kill(busy_site, api_server, meet):
    site, ends = busy_site, {}
    api_server.when("ends well", answer(["Well. "], usage=USAGE))
    api_server.when("fails", refuse(401, {"message": "Incorrect API key"}))
    api_server.when("is cut", numbered(3, finish="length", usage=USAGE))
    api_server.when("is stopped", stall(["So far. "]))
    api_server.when("is killed", stall(["So far. "]))
    near = meet(site.url).connect()
    ends |= ask_three(near, 0)
    stopped, killed = near.ask("is stopped"), near.ask("is killed")
    for id in (stopped, killed):
        near.read_text(id, "So far. ")
    start_another(site)  # now, so that the process that is killed has the answer
    ends |= ask_three(meet(site.urls[1]).connect(site.urls[1]), 1)
    waiting = near.ask("is stopped before it is sent")
    near.read_until("answer.queued", waiting)
    near.stop(waiting)
    ends[waiting] = near.finish(waiting)["status"]
    near.stop(stopped)
    ends[stopped] = near.finish(stopped)["status"]
    assert differences(site.environment["DATABASE_URL"], manage(site)) == []
    kill(site, 0)
    wait_for_row(site, killed, SWEPT_SECONDS, status="interrupted")
    ends[killed] = "interrupted"

    assert Counter(ends.values()) == {"complete": 4, "failed": 2, "stopped": 2, "interrupted": 1}
    asked = {request.question for request in api_server.requests}
    assert len(asked) == len(api_server.requests) == len(ends) - 1
    for _ in range(2):
        # Before all answers are in the daily figures, and afterwards.
        assert differences(site.environment["DATABASE_URL"], manage(site)) == []
        manage(site)("prune")
