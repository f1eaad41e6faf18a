"""Budgets on real sites: across processes, and after answers were deleted, even running ones."""

import time
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from answers.models.days import end_of, today
from tests.support.api_server import stall
from tests.support.services import wait_for

TEST_MINUTES = 3  # on a slow machine
COUNT = "from answers.models import UsageLog; print('logged:', UsageLog.objects.count())"


@pytest.fixture(autouse=True)
def _one_day():
    left = end_of(today()) - timezone.now()
    if left < timedelta(minutes=TEST_MINUTES):  # a new budget would open during the test
        time.sleep(left.total_seconds() + 1)


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def two(request, make_site, api_server):
    """Start two processes of a site with these settings."""

    def two(**settings):
        if request.param == "PostgreSQL":
            server = request.getfixturevalue("postgres_server")
            settings["DATABASE_URL"] = server.create_database(f"budget-{uuid.uuid4().hex}")
        settings["REDIS_URL"] = request.getfixturevalue("redis_url")
        site = make_site(api_server, **settings)
        return site.start(processes=2)

    return two


def refused(socket):
    id = socket.ask("And now?")
    refused = socket.read_until("error")
    assert (refused["type"], refused["code"], refused["answer"]) == ("error", "budget_used", id)
    assert 0 < refused["retry_after"] <= 86_400
    return refused["message"]


def token(person):
    return {"csrfmiddlewaretoken": person.http.cookies["csrftoken"]}


def delete(person, id):
    address = f"{person.url}/a/{id}/delete/"
    person.http.get(address).raise_for_status()
    person.http.post(address, data=token(person), headers={"Referer": person.url}).raise_for_status()


def test_a_budget_holds_in_every_process_and_after_deletion(two, api_server, meet):
    site = two(ASKME_TOKENS_PER_DAY="10")
    api_server.answer(["Because."], usage={"prompt_tokens": 8, "completion_tokens": 2})
    person = meet(site.urls[0])
    near, far = person.connect(), person.connect(site.urls[1])
    id = near.ask("Why?")
    near.finish(id)
    for socket in (far, near):
        assert refused(socket).startswith(
            "You've reached the limit of 10 tokens per day. Please ask again in "
        )
    delete(person, id)
    refused(far)
    form = {"question": "Without a script?"} | token(person)
    page = person.http.post(f"{site.url}/ask/", form, headers={"Referer": site.url})
    assert page.status_code == 429
    assert int(page.headers["Retry-After"]) > 0
    other = meet(site.url).connect()
    assert other.finish(other.ask("And I?"))["status"] == "complete"
    assert len(api_server.requests) == 2
    assert site.manage("ask", "And the operator?").returncode == 0


def test_deleting_an_answer_while_it_runs_does_not_evade_the_budget(two, api_server, meet):
    site = two(ASKME_SITE_TOKENS_PER_DAY="2")
    api_server.behaviour = stall(["So far. "])
    person = meet(site.urls[0])
    socket = person.connect()
    id = socket.ask("Why?")
    socket.read_text(id, "So far. ")
    delete(person, id)
    wait_for(lambda: "logged: 1" in site.manage("shell", "-c", COUNT).stdout, 30, "it is logged")
    assert refused(meet(site.urls[1]).connect()).startswith("This site has reached its budget for today.")


def test_with_a_budget_nobody_queues_many_questions_before_the_first_is_answered(two, api_server, meet):
    site = two(ASKME_TOKENS_PER_DAY="10", ASKME_RUNNING_PER_USER="2")
    api_server.behaviour = stall(["So far. "])
    person = meet(site.urls[0])
    near, far = person.connect(), person.connect(site.urls[1])
    running = near.ask("First?")
    near.read_text(running, "So far. ")
    far.read_until("answer.queued", far.ask("Second?"))
    for socket in (near, far):
        id = socket.ask("Third?")
        refused = socket.read_until("error", id)
        assert (refused["code"], refused["retry_after"]) == ("too_many_questions", None)
        assert refused["message"].startswith("You're already waiting for 2 answers.")
    near.stop(running)
    near.finish(running)
    near.read_until("answer.queued", near.ask("Now?"))
