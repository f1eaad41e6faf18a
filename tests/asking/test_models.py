"""The choice of a model, on whole sites: which one is asked, and how it is shown."""

import pytest

from tests.support.api_server import stall
from tests.support.conversations import ask, error, rows, said, turn


def test_the_chosen_model_is_asked_and_shown_by_its_label(model_site, meet, page):
    person = meet(model_site.url)
    socket = page(model_site, person)
    first = ask(socket, "1?", "One.", model="large")
    second = ask(socket, "2?", "Two.", model="small", follows=first)
    ask(socket, "1, better?", "Uno.", model="small", revises=first)
    assert [exchange.body["model"] for exchange in model_site.api.requests] == ["large", "small", "small"]
    assert said(model_site.api.requests[1]) == [*turn("1?", "One."), ("user", "2?")]
    shown = [event["model"] for event in socket.events if event["type"] == "answer.started"]
    assert shown == ["Thorough", "Fast", "Fast"]
    assert [row[2:] for row in rows(model_site)] == [
        ("stand-in", "Thorough"),
        ("stand-in", "Fast"),
        ("stand-in", "Fast"),
    ]
    later = page(model_site, person)
    later.follow(second)
    assert later.read_until("answer.started")["model"] == "Fast"


@pytest.mark.parametrize("fields", [{}, {"model": None}, {"model": ""}])
def test_without_a_choice_the_first_model_is_asked(model_site, page, fields):
    socket = page(model_site)
    ask(socket, "Why?", "Because.", **fields)
    assert model_site.api.requests[0].body["model"] == "small"
    assert rows(model_site)[0][3] == "Fast"


@pytest.mark.parametrize("name", ["Fast", "gpt-5", "small, large", "🎈"])
def test_an_unknown_model_is_refused_and_the_question_can_be_sent_again(model_site, page, name):
    socket = page(model_site)
    id = socket.ask("Why?", model=name)
    refused = error(socket)
    assert (refused["code"], refused["answer"]) == ("bad_model", id)
    assert refused["message"] == "This model is no longer available. Please choose another."
    assert (model_site.api.requests, rows(model_site)) == ([], [])
    socket.ask("Why?", id, model="large")
    assert socket.finish(id)["status"] == "complete"
    assert model_site.api.requests[0].body["model"] == "large"


def test_a_site_with_one_model_refuses_a_choice(site, page):
    socket = page(site)
    socket.ask("Why?", model="gpt-5")
    assert error(socket)["code"] == "bad_model"
    ask(socket, "Why?", "Because.")
    assert [exchange.body["model"] for exchange in site.api.requests] == ["test"]
    assert rows(site)[0][3] == ""


def test_an_answer_keeps_the_label_of_a_model_that_was_removed(model_site, meet, page):
    person = meet(model_site.url)
    id = ask(page(model_site, person), "Why?", "Because.", model="large")
    model_site.stop()
    model_site.environment["ASKME_MODELS"] = "Fast=small"
    model_site.start()
    socket = page(model_site, person)
    socket.follow(id)
    assert socket.read_until("answer.started")["model"] == "Thorough"
    socket.finish(id)
    ask(socket, "And now?", "Short.", follows=id, model="small")
    assert said(model_site.api.requests[1])[:-1] == turn("Why?", "Because.")


def test_an_effort_is_sent_but_is_no_part_of_the_name_that_people_see(make_site, api_server, page):
    site = make_site(api_server, ASKME_MODEL="small@high").start()
    socket = page(site)
    site.api.script(stall(["So far. "]))
    id = socket.ask("Why?")
    socket.read_text(id, "So far. ")
    assert [event["model"] for event in socket.events if event["type"] == "answer.started"] == ["small"]
    assert rows(site)[0][2] == "small@high"
    site.api.release()
    socket.finish(id)
    body = site.api.requests[0].body
    assert (body["model"], body["reasoning_effort"]) == ("small", "high")
    assert rows(site)[0][2] == "stand-in"
