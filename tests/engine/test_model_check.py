"""The check of the models, on whole sites whose API lists some: what is asked, logged and shown."""

import pytest

from tests.support.api_server import answer, refuse
from tests.support.forms import PASSWORD, Visitor
from tests.support.services import wait_for

MISSING = "The API does not list the model “test”"
MAKE_OPERATOR = f"""
from accounts.models import User
User.objects.create_superuser("boss", "boss@example.org", {PASSWORD!r})
"""


def listing(*models):
    """A behaviour that lists the models, and answers questions as usual."""

    def behaviour(exchange):
        if exchange.path.endswith("/models"):
            exchange.reply(200, {"object": "list", "data": list(models)})
        else:
            answer(["Fine."])(exchange)

    return behaviour


def paths(api):
    return [exchange.path for exchange in api.requests]


@pytest.fixture
def checked(make_site, api_server):
    """A function that starts a site which checks its models, and waits until it has asked the API."""

    def checked(behaviour, processes=1, **environment):
        api_server.behaviour = behaviour
        site = make_site(api_server, ASKME_CHECK_MODELS="true", LOG_LEVEL="DEBUG", **environment)
        site.start(processes)
        api_server.wait_for_requests(1)
        return site

    return checked


def pages_of_an_operator(site):
    assert site.manage("shell", "-c", MAKE_OPERATOR).returncode == 0
    operator = Visitor(site.url)
    try:
        operator.log_in("boss")
        yield from (operator.http.get(site.url + path) for path in ("/admin/", "/admin/answers/answer/"))
    finally:
        operator.close()


def test_a_missing_model_is_in_the_log_and_in_the_admin(checked):
    site = checked(listing({"id": "another"}))
    wait_for(lambda: MISSING in site.log(), 10, "the log has the warning")
    for page in pages_of_an_operator(site):
        assert page.status_code == 200
        assert page.text.count(MISSING) == 1
        assert "manage.py check_api" in page.text


def test_a_model_that_ends_is_in_the_log(checked):
    site = checked(listing({"id": "test", "shutdown_date": "2020-01-31"}))
    wait_for(lambda: "was shut down on 2020-01-31" in site.log(), 10, "the log has the warning")


def test_other_people_do_not_see_the_warning(checked):
    site = checked(listing({"id": "another"}))
    wait_for(lambda: MISSING in site.log(), 10, "the log has the warning")
    visitor = Visitor(site.url)
    try:
        for path in ("/", "/accounts/login/", "/admin/"):
            assert "does not list" not in visitor.http.get(site.url + path).text
    finally:
        visitor.close()


@pytest.mark.parametrize("name", ["nothing", "a refusal", "a page", "an answer"])
def test_a_server_without_a_list_causes_no_warning(checked, name):
    behaviour = {
        "nothing": listing(),
        "a refusal": refuse(404),
        "a page": lambda exchange: exchange.reply(200, "<html>No list here</html>"),
        "an answer": answer(["Fine."]),
    }[name]
    site = checked(behaviour)
    if name != "nothing":
        wait_for(lambda: "could not be checked" in site.log(), 15, "the check has ended")
    for page in pages_of_an_operator(site):
        assert "messagelist" not in page.text
    assert "does not list" not in site.log()
    assert "WARNING answers.engine.model_check" not in site.log()
    assert "ERROR" not in site.log()


def test_a_silent_list_delays_neither_the_start_nor_a_question_nor_the_end(checked, meet):
    """The stand-in waits with its head, and the site still answers."""

    def behaviour(exchange):
        if exchange.path.endswith("/models"):
            exchange.stall()
        else:
            answer(["Fine."])(exchange)

    site = checked(behaviour)
    assert not site.api.requests[0].closed.is_set()
    socket = meet(site.url).connect()
    id = socket.ask("Why?")
    assert socket.finish(id)["status"] == "complete"
    assert not site.api.requests[0].closed.is_set()
    site.stop()  # fails after ten seconds


def test_several_processes_ask_once(checked, redis_url):
    site = checked(listing({"id": "another"}), processes=3, REDIS_URL=redis_url)
    wait_for(lambda: MISSING in site.log(), 10, "the log has the warning")
    assert site.log().count(MISSING) == 1
    assert paths(site.api) == ["/v1/models"]


def test_a_site_that_must_not_ask_does_not(make_site, api_server, meet):
    """With the setting, and in the demo."""
    site = make_site(api_server, ASKME_CHECK_MODELS="false").start()
    socket = meet(site.url).connect()
    socket.finish(socket.ask("Why?"))
    assert paths(api_server) == ["/v1/chat/completions"]
