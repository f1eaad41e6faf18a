"""The log tells the story of one answer: its id finds every line, in all processes. None has any text."""

import json
import re

import pytest

from tests.support.api_behaviours import Dictation, refuse
from tests.support.api_server import ApiServer
from tests.support.people import Person
from tests.support.processes import runner
from tests.support.services import wait_for
from tests.support.sites import Site

ACCESS = re.compile(r"\d+\.\d+\.\d+\.\d+:\d+ - - \[")  # Daphne writes it past `logging`, unless it has -v 0


@pytest.fixture(scope="module")
def site(tmp_path_factory, redis_url):
    with ApiServer() as api:
        site = Site(tmp_path_factory.mktemp("log"), api, REDIS_URL=redis_url, ASKME_LOG="json", ASKME_XYZ="1")
        try:
            yield site.start(processes=2)
        finally:
            site.stop()


@pytest.fixture
def person(site):
    person = Person(site.urls[0], **{"X-Request-ID": "from-the-proxy"})
    yield person
    person.close()


def lines(site: Site) -> list[dict]:
    """Without a last one that is still being written."""
    texts = [path.read_text() for path in sorted(site.folder.glob("daphne-*.log"))]
    whole = "".join(text[: text.rfind("\n") + 1] for text in texts)
    return [json.loads(line) for line in whole.splitlines() if line and not ACCESS.match(line)]


def in_order(told: list[dict]) -> list[dict]:
    """Begin with these lines. A slow process may log "asked" after another one has started the answer."""
    order = {"asked": 0, "started": 1}
    return sorted(told, key=lambda line: order.get(line["message"].split()[0], 2))


def story(site: Site, answer: str, *also: str) -> list[dict]:
    """Wait for its end, which the page learns at the same moment, and for what else there has to be."""

    def found() -> list[dict]:
        ours = [line for line in lines(site) if line.get("answer") == answer]
        steps = {line["message"].split()[0] for line in ours}
        return ours if steps.issuperset({"ended", *also}) else []

    return sorted(wait_for(found, 10, "its end is logged"), key=lambda line: line["time"])


def test_an_ordinary_answer_has_four_lines(site, person):
    page = person.connect()
    answer = page.ask("A private question?")
    page.finish(answer)
    asked, started, call, ended = in_order(story(site, answer))
    assert (asked["message"], asked["request"]) == ("asked ahead=0", "from-the-proxy")
    assert asked["process"].endswith(f":{site.processes[0].pid}")
    assert started["process"] == started["facts"]["process"] == call["process"] == ended["process"]
    assert (call["facts"]["status"], call["facts"]["attempts"]) == (200, 1)
    assert call["facts"]["request_id"].startswith("req-")
    assert call["facts"]["first_text_seconds"] >= 0
    assert ended["facts"]["status"] == "complete"
    assert ended["facts"]["prompt_tokens"] > 0 < ended["facts"]["completion_tokens"]
    for private in ("private question", "Hello", "sk-test", person.http.cookies["guest"]):
        assert private not in site.log()


def test_a_stop_in_another_process_is_in_the_story(site, person):
    pages = [person.connect(url) for url in site.urls]
    site.api.when("Stop me", feed := Dictation())
    answer = pages[0].ask("Stop me")
    feed.say("So far. ")
    pages[0].read_text(answer, "So far. ")
    pages[1 - runner(site, answer)].stop(answer)
    pages[0].finish(answer)
    told = in_order(story(site, answer, "stopped"))
    steps = [line["message"].split("=")[0] for line in told]
    assert steps[:3] == [
        "asked ahead",
        "started process",
        "stop requested, in another process than that which runs it",
    ]
    # An answer ends at once, whenever its thread notices that it has to close the connection.
    assert sorted(steps[3:]) == ["ended status", "stopped status"]
    assert len({line["process"] for line in told}) == 2
    [ended] = [line for line in told if line["message"].startswith("ended ")]
    assert ended["facts"]["status"] == "stopped"


def test_each_attempt_and_the_reason_of_a_failure_are_in_the_story(site, person):
    page = person.connect()
    site.api.when("Too fast", refuse(429, {"message": "Slow down"}, {"Retry-After": "0"}))
    answer = page.ask("Too fast")
    page.finish(answer)
    _, _, first, second, third, ended = story(site, answer)
    assert first["message"].startswith("retrying in 0.0 s after busy status=429 request_id=")
    assert [line["facts"]["attempts"] for line in (first, second, third)] == [1, 2, 3]
    assert len({line["facts"]["request_id"] for line in (first, second, third)}) == 3
    assert (ended["facts"]["status"], ended["facts"]["error"]) == ("failed", "busy")


def test_lines_of_one_answer_do_not_name_another(site, person):
    """Tasks that work for everybody must not keep the id of whoever caused them to start."""
    page = person.connect()
    answers = [page.ask(f"Question {number}") for number in range(5)]
    page.finish_all(*answers)
    for answer in answers:
        assert len(story(site, answer)) == 4


def test_what_was_found_before_the_start_is_json_too(site):
    [first, *_] = lines(site)
    assert (first["level"], first["logger"]) == ("WARNING", "answers.checks")
    assert "There is no setting ASKME_XYZ" in first["message"]
