"""Without JavaScript: the page's forms, as a plain client and a browser that runs no script send them."""

import re
import socket
import sqlite3
import time
import uuid
from html import unescape
from urllib.parse import urlencode

import pytest
import requests
from playwright.sync_api import expect

from answers.models import Status
from tests.api_server import stall
from tests.browser import OpenTab, dictated
from tests.people import Person
from tests.services import wait_for
from tests.sites import Site


class PlainPerson(Person):
    """Sends the forms of the pages that they see."""

    def __init__(self, url: str, **headers: str) -> None:
        super().__init__(url, **headers)
        self.page = self.http.get(url)

    def form(self, mark: str = 'id="form"') -> dict[str, str]:
        """What this form on the page brings along by itself."""
        form = re.findall(rf"<form[^>]* {mark}.*?</form>", self.page.text, re.DOTALL)[0]
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))

    def send(self, path: str, form: dict[str, str], **options) -> requests.Response:
        self.page = self.http.post(self.url + path, form, timeout=20, **options)
        return self.page

    def ask(self, question: str, **fields: str) -> requests.Response:
        return self.send("/ask/", self.form() | {"question": question} | fields)

    def stop(self, answer: str) -> requests.Response:
        path = f"/a/{answer}/stop/"
        return self.send(path, self.form(f'class="stop" method="post" action="{path}"'))

    def reload(self) -> str:
        self.page = self.http.get(self.page.url)
        return self.page.text

    @property
    def box(self) -> str:
        """What is typed in it."""
        [text] = re.findall(r'<textarea id="question-box"[^>]*>(.*?)</textarea>', self.page.text, re.DOTALL)
        return unescape(text).removeprefix("\n")

    @property
    def problem(self) -> str:
        [sentence] = re.findall(r'role="alert".*?<p[^>]*>(.*?)</p>', self.page.text, re.DOTALL)
        return unescape(sentence)

    @property
    def statuses(self) -> list[str]:
        return [one for one in re.findall(r'data-status="(\w+)"', self.page.text) if one in Status.values]


@pytest.fixture
def visit(request):
    def visit(site: Site, **headers: str) -> PlainPerson:
        person = PlainPerson(site.url, **headers)
        request.addfinalizer(person.close)
        return person

    return visit


def id_of(page: requests.Response) -> str:
    """Of the answer whose address this is."""
    return re.fullmatch(r"http://[^/]+/a/([\w-]{36})/", page.url)[1]


def rows(site: Site) -> list[tuple[str, str]]:
    """The question and status of each answer, oldest first."""
    with sqlite3.connect(site.folder / "site.sqlite3") as store:
        return list(store.execute("SELECT question, status FROM answers_answer ORDER BY asked_at"))


# -- Asking and reading


def test_a_question_is_asked_read_as_it_grows_and_followed_up(site, visit):
    site.api.behaviour = stall(["Because. "])
    person = visit(site)
    page = person.ask("Why?\r\nTell me.")
    assert [one.status_code for one in page.history] == [303]
    assert "no-store" in page.history[0].headers["Cache-Control"]
    first = id_of(page)
    wait_for(lambda: "Because." in person.reload(), 5, "the text is on the page")
    assert 'http-equiv="refresh"' in person.page.text
    assert rows(site)[0][0] == "Why?\nTell me."  # as over the websocket, not as forms end lines
    site.api.release()
    wait_for(lambda: 'http-equiv="refresh"' not in person.reload(), 5, "it is finished")
    assert person.statuses == ["complete"]

    site.api.answer(["And that."])
    second = id_of(person.ask("And that?"))
    wait_for(lambda: "refresh" not in person.reload(), 5, "it is finished")
    assert person.statuses == ["complete", "complete"]
    asked = [message["content"] for message in site.api.requests[-1].body["messages"]]
    assert asked == ["Why?\nTell me.", "Because. ", "And that?"]
    history = person.http.get(f"{site.url}/history/").text
    assert history.index(second) < history.index(first)
    assert "Traceback" not in site.log()


def test_a_form_that_is_sent_twice_is_one_question(site, visit):
    person = visit(site)
    form = person.form() | {"question": "Once?"}
    assert len({id_of(person.send("/ask/", form)) for _ in range(3)}) == 1
    assert len(site.api.requests) == 1


@pytest.mark.parametrize("answer", ["", "x", "0" * 5000])
def test_a_form_whose_id_is_none_gets_a_new_one(site, visit, answer):
    person = visit(site)
    assert id_of(person.ask("Why?", answer=answer)) != answer
    assert len(rows(site)) == 1


def test_what_a_form_asked_is_followed_and_stopped_over_a_websocket(site, visit):
    """It runs on the server's own loop, in the worker that the sockets have."""
    site.api.behaviour = stall(["So far. "])
    person = visit(site)
    answer = id_of(person.ask("Both ways?"))
    socket = person.connect()
    socket.follow(answer)
    socket.read_text(answer, "So far. ")
    socket.stop(answer)
    assert socket.finish(answer)["status"] == "stopped"
    assert site.api.requests[0].closed.wait(1)


def test_a_question_is_asked_again_as_another_version(site, visit):
    person = visit(site)
    first = id_of(person.ask("Why?\nTell me."))
    wait_for(lambda: "refresh" not in person.reload(), 5, "it is finished")
    other = id_of(person.send("/ask/", person.form('class="again"')))
    assert f"/a/{first}/" in person.page.text  # the version before
    assert other != first
    assert [question for question, _ in rows(site)] == ["Why?\nTell me."] * 2


# -- Stopping


def test_a_form_stops_at_once_and_the_text_is_kept(site, visit):
    site.api.behaviour = stall(["So far. "])
    person = visit(site)
    answer = id_of(person.ask("Stop me?"))
    wait_for(lambda: "So far." in person.reload(), 5, "the text is on the page")
    stopped = time.monotonic()
    page = person.stop(answer)
    assert site.api.requests[0].closed.wait(1)
    assert time.monotonic() - stopped < 1
    assert page.history[0].status_code == 303
    assert id_of(page) == answer
    wait_for(lambda: "refresh" not in person.reload(), 5, "it is finished")
    assert person.statuses == ["stopped"]
    assert "So far." in person.page.text
    assert id_of(person.stop(answer)) == answer  # twice is harmless


def test_a_form_stops_what_another_process_runs(make_site, api_server, redis_url):
    site = make_site(api_server, REDIS_URL=redis_url).start(processes=2)
    api_server.behaviour = stall(["So far. "])
    person = PlainPerson(site.urls[0])
    try:
        answer = id_of(person.ask("Stop me?"))
        exchange = api_server.wait_for_requests(1)
        person.url = site.urls[1]
        person.stop(answer)
        assert exchange.closed.wait(2)
    finally:
        person.close()


# -- Refusals


@pytest.mark.parametrize(
    ("question", "fields", "status", "sentence"),
    [
        ("", {}, 400, "Please type a question first."),
        (" \n ", {}, 400, "Please type a question first."),
        ("x" * 8001, {}, 400, "Your question has 8001 characters; at most 8000 can be asked."),
        ("Why?", {"follows": str(uuid.uuid4())}, 404, "There is no such answer, or it is not yours."),
        ("Why?", {"revises": str(uuid.uuid4())}, 404, "There is no such answer, or it is not yours."),
        ("Why?", {"follows": "x"}, 400, "The field “follows” is a UUID"),
        ("Why?", {"follows": str(uuid.uuid4()), "revises": str(uuid.uuid4())}, 400, "not both"),
        ("Why?", {"model": "nothing"}, 400, "model"),
    ],
)
def test_a_refused_question_stays_in_the_box_under_a_sentence(
    site, visit, question, fields, status, sentence
):
    person = visit(site)
    page = person.ask(question, **fields)
    assert page.status_code == status
    assert sentence in person.problem
    assert person.box == question.replace("\r\n", "\n")
    assert rows(site) == []
    assert id_of(person.ask("Better?"))  # by the form of this page


def test_a_refused_follow_up_stays_in_its_thread(site, visit):
    person = visit(site)
    first = id_of(person.ask("First?"))
    wait_for(lambda: "refresh" not in person.reload(), 5, "it is finished")
    page = person.ask("x" * 8001)
    assert page.status_code == 400
    assert "First?" in page.text
    second = id_of(person.ask("Second?"))
    assert first in person.http.get(f"{site.url}/a/{second}/").text


def test_a_question_that_is_refused_when_asked_anew_comes_back_as_another_version(site, visit):
    person = visit(site)
    first = id_of(person.ask("First?"))
    wait_for(lambda: "refresh" not in person.reload(), 5, "it is finished")
    person.ask("x" * 8001, revises=first, follows="")
    second = id_of(person.ask("First, in short?"))
    wait_for(lambda: "refresh" not in person.reload(), 5, "it is finished")
    assert "First, in short?" in person.page.text
    assert f'href="/a/{first}/#' in person.page.text  # the version before
    assert [one["content"] for one in site.api.requests[-1].body["messages"]] == ["First, in short?"]
    assert second != first


def test_the_chosen_model_stays_chosen_beside_a_refused_question(make_site, api_server, visit):
    site = make_site(api_server, ASKME_MODELS="Fast=small, Thorough=big").start()
    person = visit(site)
    person.ask("x" * 8001, model="big")
    assert '<option value="big" selected>Thorough' in person.page.text
    assert '<option value="small">' in person.page.text


def test_who_asks_too_often_is_told_when_again(make_site, api_server, visit):
    site = make_site(api_server, ASKME_QUESTIONS_PER_MINUTE="1").start()
    person = visit(site)
    person.ask("One?")
    page = person.ask("Two?")
    assert page.status_code == 429
    assert 0 < int(page.headers["Retry-After"]) <= 60
    assert "That was 1 question" in person.problem
    assert person.box == "Two?"
    assert len(api_server.requests) == 1


def test_guests_of_one_address_are_limited_by_forms_too(make_site, api_server, visit):
    site = make_site(api_server, ASKME_ADDRESS_QUESTIONS_PER_MINUTE="1", ASKME_PROXIES="1").start()
    headers = {"X-Forwarded-For": "192.0.2.7"}
    assert visit(site, **headers).ask("One?").status_code == 200
    refused = visit(site, **headers)
    assert refused.ask("Two?").status_code == 429
    assert "network" in refused.problem
    assert visit(site, **{"X-Forwarded-For": "192.0.2.8"}).ask("Three?").status_code == 200


def test_a_full_queue_is_a_sentence(make_site, api_server, visit):
    site = make_site(api_server, ASKME_THREADS="1", ASKME_QUEUE="1").start()
    api_server.behaviour = stall(["So far. "])
    running = id_of(visit(site).ask("I run?"))
    wait_for(lambda: "running" in [status for _, status in rows(site)], 5, f"{running} runs")
    visit(site).ask("I wait?")
    person = visit(site)
    page = person.ask("And I?")
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "30"
    assert "Very many people" in person.problem
    assert person.box == "And I?"


def test_what_was_typed_is_there_after_the_login_that_it_needs(make_site, api_server, visit):
    site = make_site(api_server, ASKME_GUESTS="false").start()
    person = visit(site)
    page = person.ask("Why?")
    assert page.status_code == 403
    assert "Please log in" in person.problem
    assert person.box == "Why?"
    [link] = re.findall(r'href="(/accounts/signup/\?next=[^"]+)"', page.text)[:1]
    person.page = person.http.get(site.url + unescape(link))
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', person.page.text)[1]
    form = {"csrfmiddlewaretoken": token, "email": "alice@example.org", "password1": "correct horse battery"}
    [after] = re.findall(r'name="next" value="([^"]+)"', person.page.text)
    person.send("/accounts/signup/", form | {"next": after})
    assert person.page.url == f"{site.url}/ask/"
    assert person.box == "Why?"
    assert id_of(person.ask(person.box))
    person.page = person.http.get(f"{site.url}/ask/")
    assert person.box == ""  # once


def test_who_has_no_session_any_more_gets_one_and_asks_again(site, visit):
    person = visit(site)
    with sqlite3.connect(site.folder / "site.sqlite3") as store:
        store.execute("DELETE FROM django_session")
    page = person.ask("Why?")
    assert page.status_code == 403
    assert "session has ended" in person.problem
    assert person.box == "Why?"
    assert id_of(person.ask(person.box))


def test_a_question_that_cannot_be_saved_is_kept_without_a_database(site, visit):
    person = visit(site)
    form = person.form() | {"question": "<Kept> &\n\nwhole?", "follows": ""}
    with sqlite3.connect(site.folder / "site.sqlite3", isolation_level=None) as store:
        store.execute("BEGIN IMMEDIATE")
        asked = time.monotonic()
        page = person.send("/ask/", form)
        assert time.monotonic() - asked < 8
        store.execute("ROLLBACK")
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "30"
    assert "cannot reach its database" in person.problem
    assert person.box == form["question"]
    assert person.form()["answer"] == form["answer"]
    assert site.api.requests == []
    time.sleep(1)  # while the store is asked nothing, after a failure
    assert id_of(person.ask(person.box)) == form["answer"]
    assert rows(site)[0][0] == form["question"]
    assert "Traceback" not in site.log()


def test_postgresql_may_be_away_as_well(make_site, api_server, visit, postgres):
    site = make_site(api_server, DATABASE_URL=postgres.create_database("askme")).start()
    person = visit(site)
    form = person.form() | {"question": "Kept?"}
    postgres.stop()
    asked = time.monotonic()
    assert person.send("/ask/", form).status_code == 503
    assert time.monotonic() - asked < 5
    assert person.box == "Kept?"
    postgres.start()
    time.sleep(1)  # while the store is asked nothing, after a failure
    assert id_of(person.ask(person.box)) == form["answer"]
    wait_for(lambda: "refresh" not in person.reload(), 5, "it is finished")
    assert person.statuses == ["complete"]
    assert "Traceback" not in site.log()


def test_who_hangs_up_leaves_no_question_that_nobody_runs(site, visit):
    person = visit(site)
    cookies = "; ".join(f"{name}={value}" for name, value in person.http.cookies.items())
    for number in range(120):
        form = person.form() | {"question": f"{number}?", "answer": str(uuid.uuid4())}
        body = urlencode(form).encode()
        head = (
            f"POST /ask/ HTTP/1.1\r\nHost: {site.url.removeprefix('http://')}\r\nCookie: {cookies}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", site.ports[0])) as sock:
            sock.sendall(head.encode() + body)
            time.sleep(number / 12_000)  # 0 to 10 ms: at each point of the way
    time.sleep(1)  # some are still on their way to the store
    wait_for(lambda: all(Status(status).is_end for _, status in rows(site)), 10, "all are finished")
    assert {status for _, status in rows(site)} == {"complete"}  # and some came so far
    assert "Traceback" not in site.log()


# -- In a browser that runs no script


def test_all_is_there_without_javascript(shared_site: Site, open_tab: OpenTab) -> None:
    answer = dictated(shared_site, "Why is snow white?")
    tab = open_tab(shared_site.url, java_script_enabled=False)
    page = tab.page
    tab.box.fill("Why is snow white?")
    tab.button.click()
    expect(tab.question).to_have_text("Why is snow white?")
    expect(tab.progress).to_contain_text("Answering", use_inner_text=True)
    answer.say("It scatters ")
    tab.shows("It scatters ")
    answer.say("all light.")
    answer.end()
    tab.shows("It scatters all light.")
    tab.is_ready()

    answer = dictated(shared_site, "And ice?")
    tab.box.fill("And ice?")
    tab.button.click()
    answer.say("Less ")
    tab.shows("Less ")
    expect(page.locator("article")).to_have_count(2)
    tab.stop.click()
    expect(tab.ending).to_contain_text("Stopped.", use_inner_text=True)
    tab.shows("Less ")

    page.get_by_role("link", name="History").click()
    page.get_by_role("link", name="And ice?", exact=True).click()
    tab.shows("Less ")
    tab.last.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="And ice?", exact=True)).to_have_count(0)
    page.get_by_role("link", name="Why is snow white?", exact=True).click()
    tab.shows("It scatters all light.")
    expect(page.locator("article")).to_have_count(1)
