"""Without JavaScript: a refused question comes back in its box, below a sentence that says why."""

import re
import sqlite3
import uuid
from html import unescape

import pytest

from tests.support.api_server import stall
from tests.support.database import question_statuses
from tests.support.forms import PASSWORD, id_of
from tests.support.measurements import within
from tests.support.services import wait_for


@pytest.mark.parametrize(
    ("question", "fields", "status", "sentence"),
    [
        ("", {}, 400, "Please type a question first."),
        (" \n ", {}, 400, "Please type a question first."),
        ("x" * 8001, {}, 400, "Your question has 8,001 characters. The limit is 8,000."),
        ("Why?", {"follows": str(uuid.uuid4())}, 404, "There is no such answer, or it is not yours."),
        ("Why?", {"revises": str(uuid.uuid4())}, 404, "There is no such answer, or it is not yours."),
        ("Why?", {"follows": "x"}, 400, "The field “follows” must be a UUID"),
        ("Why?", {"follows": str(uuid.uuid4()), "revises": str(uuid.uuid4())}, 400, "not both"),
        ("Why?", {"model": "nothing"}, 400, "model"),
    ],
)
def test_a_refused_question_stays_in_the_box_and_a_sentence_says_why(
    site, visit, question, fields, status, sentence
):
    person = visit(site)
    page = person.ask(question, **fields)
    assert page.status_code == status
    assert sentence in person.problem
    assert person.box == question.replace("\r\n", "\n")
    assert question_statuses(site) == []
    assert id_of(person.ask("Better?"))  # with the form of this page


def test_a_refused_follow_up_stays_in_its_thread(site, visit):
    person = visit(site)
    first = id_of(person.ask("First?"))
    wait_for(lambda: "refresh" not in person.reload(), 20, "the answer is finished")
    page = person.ask("x" * 8001)
    assert page.status_code == 400
    assert "First?" in page.text
    second = id_of(person.ask("Second?"))
    assert first in person.http.get(f"{site.url}/a/{second}/").text


def test_a_refused_new_version_stays_a_new_version(site, visit):
    person = visit(site)
    first = id_of(person.ask("First?"))
    wait_for(lambda: "refresh" not in person.reload(), 20, "the answer is finished")
    person.ask("x" * 8001, revises=first, follows="")
    second = id_of(person.ask("First, in short?"))
    wait_for(lambda: "refresh" not in person.reload(), 20, "the answer is finished")
    assert "First, in short?" in person.page.text
    assert f'href="/a/{first}/#' in person.page.text  # the previous version
    assert [one["content"] for one in site.api.requests[-1].body["messages"]] == ["First, in short?"]
    assert second != first


def test_the_chosen_model_stays_selected_after_a_refusal(make_site, api_server, visit):
    site = make_site(api_server, ASKME_MODELS="Fast=small, Thorough=big").start()
    person = visit(site)
    person.ask("x" * 8001, model="big")
    assert '<option value="big" selected>Thorough' in person.page.text
    assert '<option value="small">' in person.page.text


def test_a_person_over_the_limit_learns_when_to_ask_again(make_site, api_server, visit):
    site = make_site(api_server, ASKME_QUESTIONS_PER_MINUTE="1").start()
    person = visit(site)
    person.ask("One?")
    page = person.ask("Two?")
    assert page.status_code == 429
    assert 0 < int(page.headers["Retry-After"]) <= 60
    assert "limit of 1 question per minute" in person.problem
    assert person.box == "Two?"
    api_server.wait_for_requests(1)  # the first question may not have reached it yet
    assert len(api_server.requests) == 1


def test_guests_at_one_address_share_a_limit_on_forms_too(make_site, api_server, visit):
    site = make_site(api_server, ASKME_ADDRESS_QUESTIONS_PER_MINUTE="1", ASKME_PROXIES="1").start()
    headers = {"X-Forwarded-For": "192.0.2.7"}
    assert visit(site, **headers).ask("One?").status_code == 200
    refused = visit(site, **headers)
    assert refused.ask("Two?").status_code == 429
    assert "network" in refused.problem
    assert visit(site, **{"X-Forwarded-For": "192.0.2.8"}).ask("Three?").status_code == 200


def test_a_full_queue_is_explained_in_a_sentence(make_site, api_server, visit):
    site = make_site(api_server, ASKME_THREADS="1", ASKME_QUEUE="1").start()
    api_server.behaviour = stall(["So far. "])
    running = id_of(visit(site).ask("I run?"))
    wait_for(lambda: "running" in [status for _, status in question_statuses(site)], 20, f"{running} runs")
    visit(site).ask("I wait?")
    person = visit(site)
    page = person.ask("And I?")
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "30"
    assert "very busy" in person.problem
    assert person.box == "And I?"


def test_a_typed_question_survives_the_login_that_it_needs(make_site, api_server, visit):
    site = make_site(api_server, ASKME_GUESTS="false").start()
    person = visit(site)
    page = person.ask("Why?")
    assert page.status_code == 403
    assert "Please log in" in person.problem
    assert person.box == "Why?"
    [link] = re.findall(r'href="(/accounts/signup/\?next=[^"]+)"', page.text)[:1]
    person.page = person.http.get(site.url + unescape(link))
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', person.page.text)[1]
    form = {"csrfmiddlewaretoken": token, "email": "alice@example.org", "password1": PASSWORD}
    [after] = re.findall(r'name="next" value="([^"]+)"', person.page.text)
    person.send("/accounts/signup/", form | {"next": after})
    assert person.page.url == f"{site.url}/ask/"
    assert person.box == "Why?"
    assert id_of(person.ask(person.box))
    person.page = person.http.get(f"{site.url}/ask/")
    assert person.box == ""  # it is kept only once


def test_a_person_whose_session_ended_gets_a_new_one_and_can_ask_again(site, visit):
    person = visit(site)
    token = person.form()["csrfmiddlewaretoken"]
    account = {"email": "alice@example.org", "password1": PASSWORD}
    person.send("/accounts/signup/", account | {"csrfmiddlewaretoken": token})
    with sqlite3.connect(site.folder / "site.sqlite3") as database:
        database.execute("DELETE FROM django_session")
    page = person.ask("Why?")
    assert page.status_code == 403
    assert "session has ended" in person.problem
    assert person.box == "Why?"
    assert id_of(person.ask(person.box))


def ask_again(person):
    """After a failure the database is not asked for a moment."""
    wait_for(lambda: person.ask(person.box).status_code == 200, 20, "the question is accepted")


@pytest.mark.timed
def test_a_question_that_cannot_be_saved_stays_in_the_box(site, visit):
    person = visit(site)
    form = person.form() | {"question": "<Kept> &\n\nwhole?", "follows": ""}
    with sqlite3.connect(site.folder / "site.sqlite3", isolation_level=None) as database:
        database.execute("BEGIN IMMEDIATE")
        with within(9.5):  # SQLite waits five; two tries would take ten
            page = person.send("/ask/", form)
        database.execute("ROLLBACK")
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "30"
    assert "cannot reach its database" in person.problem
    assert person.box == form["question"]
    assert person.form()["answer"] == form["answer"]
    assert site.api.requests == []
    ask_again(person)
    assert id_of(person.page) == form["answer"]
    assert question_statuses(site)[0][0] == form["question"]
    assert "Traceback" not in site.log()


@pytest.mark.timed
def test_a_question_stays_in_the_box_while_postgresql_is_down(make_site, api_server, visit, postgres):
    site = make_site(api_server, DATABASE_URL=postgres.create_database("askme")).start()
    person = visit(site)
    form = person.form() | {"question": "Kept?"}
    postgres.stop()
    with within(10):
        assert person.send("/ask/", form).status_code == 503
    assert person.box == "Kept?"
    postgres.start()
    ask_again(person)
    assert id_of(person.page) == form["answer"]
    wait_for(lambda: "refresh" not in person.reload(), 20, "the answer is finished")
    assert person.statuses == ["complete"]
    assert "Traceback" not in site.log()
