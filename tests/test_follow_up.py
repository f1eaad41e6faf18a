"""Follow-up questions, other versions and the choice of models, on whole sites: what is really sent."""

import sqlite3
import uuid

import pytest

from tests.api_server import answer, refuse, stall

MODELS = "Fast=small, Thorough=large"
TOO_LONG = {"message": "This model's maximum context length is 40 tokens.", "code": "context_length_exceeded"}


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def any_site(request, make_site, api_server):
    """The same site on each store."""
    store = {}
    if request.param == "PostgreSQL":
        server = request.getfixturevalue("postgres_server")
        store = {"DATABASE_URL": server.create_database(f"follow-up-{uuid.uuid4().hex}")}
    return make_site(api_server, **store).start()


@pytest.fixture
def model_site(make_site, api_server):
    """A site where people choose between two models."""
    return make_site(api_server, ASKME_MODEL="", ASKME_MODELS=MODELS).start()


def ask(socket, question, text, **fields):
    """Ask, with this as the answer; to its end."""
    socket.api.script(answer([text]))
    id = socket.ask(question, **fields)
    assert socket.finish(id)["status"] == "complete"
    return id


@pytest.fixture
def page(meet):
    """Opens a page: of somebody who has just come to the site, or of a person who was there."""

    def page(site, person=None):
        socket = (person or meet(site.url)).connect()
        socket.api = site.api
        return socket

    return page


def said(exchange):
    """The messages of a request: who, and what."""
    return [(message["role"], message["content"]) for message in exchange.body["messages"]]


def turn(question, text):
    return [("user", question), ("assistant", text)]


def rows(site):
    with sqlite3.connect(site.folder / "site.sqlite3") as store:
        return store.execute("SELECT question, status, model, model_label FROM answers_answer").fetchall()


def error(socket):
    event = socket.read()
    assert event["type"] == "error", event
    return event


# What is sent


def test_a_follow_up_is_sent_with_what_was_said_before_it(any_site, page):
    socket = page(any_site)
    first = ask(socket, "Why is it blue? 🎈", "Because of “scattering”.\n")
    second = ask(socket, "And at sunset?", "Red.", follows=first)
    ask(socket, "Why?", "Dust.", follows=second)
    earlier = turn("Why is it blue? 🎈", "Because of “scattering”.\n")
    assert [said(exchange) for exchange in any_site.api.requests] == [
        [("user", "Why is it blue? 🎈")],
        [*earlier, ("user", "And at sunset?")],
        [*earlier, *turn("And at sunset?", "Red."), ("user", "Why?")],
    ]


def test_what_finds_no_room_is_not_sent_and_of_a_long_answer_the_end_is(any_site, page):
    any_site.stop()
    any_site.environment["ASKME_CONTEXT_TOKENS"] = "10"
    any_site.start()
    socket = page(any_site)
    first = ask(socket, "1?", "One.")
    second = ask(socket, "2?", "T" * 33, follows=first)
    third = ask(socket, "3?", "H" * 1_000 + " The end.", follows=second)
    ask(socket, "A question is always sent, " + "however long it is. " * 10, "Four.", follows=third)
    sent = [said(exchange)[:-1] for exchange in any_site.api.requests]
    assert sent[2] == turn("2?", "T" * 33)
    assert sent[3] == turn("3?", "…" + "H" * 28 + " The end.")
    assert any_site.api.requests[3].question.endswith("long it is. ")


def test_another_version_has_the_same_turns_before_it_as_the_original(any_site, page):
    socket = page(any_site)
    first = ask(socket, "1?", "One.")
    second = ask(socket, "2?", "Two.", follows=first)
    version = ask(socket, "2, in other words?", "Zwei.", revises=second)
    ask(socket, "3?", "Three.", follows=version)
    requests = any_site.api.requests
    assert said(requests[1])[:-1] == said(requests[2])[:-1] == turn("1?", "One.")
    assert said(requests[3])[:-1] == [*turn("1?", "One."), *turn("2, in other words?", "Zwei.")]


def test_the_system_prompt_stays_first(make_site, api_server, page):
    site = make_site(api_server, ASKME_SYSTEM_PROMPT="Be brief.").start()
    socket = page(site)
    ask(socket, "2?", "Two.", follows=ask(socket, "1?", "One."))
    assert said(api_server.requests[1])[0] == ("system", "Be brief.")
    assert said(api_server.requests[1])[1:] == [*turn("1?", "One."), ("user", "2?")]


def test_the_older_api_gets_earlier_turns_in_the_form_of_its_prompt(make_site, api_server, page):
    site = make_site(api_server, ASKME_API="completions").start()
    socket = page(site)
    ask(socket, "2?", "Two.", follows=ask(socket, "1?", " One.\n"))
    instruction = "Answer the following question.\n"
    assert [exchange.question for exchange in api_server.requests] == [
        f"{instruction}Question: 1?\nAnswer:",
        f"{instruction}Question: 1?\nAnswer: One.\n\nQuestion: 2?\nAnswer:",
    ]


def test_a_deleted_answer_is_not_sent_and_what_followed_it_still_is(site, meet, page):
    person = meet(site.url)
    socket = page(site, person)
    first = ask(socket, "1?", "One.")
    second = ask(socket, "2?", "Two.", follows=first)
    third = ask(socket, "3?", "Three.", follows=second)
    address = f"{site.url}/a/{second}/delete/"
    person.http.get(address)
    token = person.http.cookies["csrftoken"]
    person.http.post(address, {"csrfmiddlewaretoken": token}).raise_for_status()
    ask(socket, "4?", "Four.", follows=third)
    assert said(site.api.requests[3])[:-1] == [*turn("1?", "One."), *turn("3?", "Three.")]


def test_an_answer_that_failed_is_not_sent_and_one_that_was_stopped_is(site, page):
    socket = page(site)
    site.api.script(refuse(401))
    failed = socket.ask("1?")
    assert socket.finish(failed)["status"] == "failed"
    site.api.script(stall(["So far"]))
    stopped = socket.ask("2?", follows=failed)
    socket.read_text(stopped, "So far")
    socket.stop(stopped)
    assert socket.finish(stopped)["status"] == "stopped"
    ask(socket, "3?", "Three.", follows=stopped)
    assert said(site.api.requests[2]) == [*turn("2?", "So far"), ("user", "3?")]


def test_with_no_room_for_earlier_turns_none_is_sent(make_site, api_server, page):
    site = make_site(api_server, ASKME_CONTEXT_TOKENS="0").start()
    socket = page(site)
    ask(socket, "2?", "Two.", follows=ask(socket, "1?", "One."))
    assert said(api_server.requests[1]) == [("user", "2?")]


def test_another_try_sends_the_same_and_a_model_for_which_it_is_too_much_gets_fewer_turns(site, page):
    socket = page(site)
    id = None
    for number in range(4):
        id = ask(socket, f"{number}?", f"{number}.", **({"follows": id} if id else {}))
    at_once = {"retry-after-ms": "1"}
    site.api.script(refuse(500, "x", at_once), *[refuse(400, TOO_LONG)] * 2, answer(["Short."]))
    id = socket.ask("4?", follows=id)
    assert socket.finish(id)["status"] == "complete"
    earlier = [message for number in range(4) for message in turn(f"{number}?", f"{number}.")]
    assert [said(exchange) for exchange in site.api.requests[4:]] == [
        [*earlier, ("user", "4?")],
        [*earlier, ("user", "4?")],
        [*earlier[4:], ("user", "4?")],
        [*earlier[6:], ("user", "4?")],
    ]


def test_tokens_that_are_estimated_count_what_was_sent(site, page):
    socket = page(site)
    first = ask(socket, "x" * 100, "y" * 300)
    site.api.script(stall(["So far. "]))
    second = socket.ask("z" * 40, follows=first)
    socket.read_text(second, "So far. ")
    socket.stop(second)
    assert socket.finish(second)["usage"] == {
        "prompt_tokens": 110,
        "completion_tokens": 2,
        "estimated": True,
    }


# Whose, and how often


def test_bob_can_neither_follow_up_nor_revise_alices_answer(site, page):
    alice, bob = page(site), page(site)
    id, nowhere = ask(alice, "Mine?", "Secret."), str(uuid.uuid4())
    for field in ("follows", "revises"):
        replies = []
        for target in (id, nowhere):
            question = bob.ask("And?", **{field: target})
            reply = error(bob)
            assert reply.pop("answer") == question
            replies.append(reply)
        assert replies[0] == replies[1]
        assert replies[0]["code"] == "not_found"
    assert len(site.api.requests) == 1
    assert [question for question, *_ in rows(site)] == ["Mine?"]


def test_the_same_follow_up_five_times_over_three_sockets_is_asked_once(any_site, meet, page):
    person = meet(any_site.url)
    sockets = [page(any_site, person) for _ in range(3)]
    first, second = ask(sockets[0], "1?", "One."), str(uuid.uuid4())
    any_site.api.behaviour = stall(["Once. "])
    for socket in [*sockets, *sockets[:2]]:
        socket.ask("2?", second, follows=first)
    for socket in sockets:
        socket.read_text(second, "Once. ")
    any_site.api.release()
    for socket in sockets:
        assert socket.finish(second)["status"] == "complete"
    [_, exchange] = any_site.api.requests
    assert said(exchange) == [*turn("1?", "One."), ("user", "2?")]


def test_the_row_of_a_follow_up_is_there_before_the_api_is_asked(model_site, page):
    socket = page(model_site)
    first = ask(socket, "1?", "One.")
    seen = []

    def look(exchange):
        seen.extend(rows(model_site))
        answer(["Two."])(exchange)

    model_site.api.script(look)
    socket.finish(socket.ask("2?", follows=first, model="large"))
    [row] = [row for row in seen if row[0] == "2?"]
    assert row[1] in ("queued", "running")
    assert row[3] == "Thorough"  # of a process that is killed now it is known too


# Which model


def test_the_model_that_was_chosen_is_asked_and_shown_by_its_label(model_site, meet, page):
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
def test_who_does_not_choose_gets_the_first(model_site, page, fields):
    socket = page(model_site)
    ask(socket, "Why?", "Because.", **fields)
    assert model_site.api.requests[0].body["model"] == "small"
    assert rows(model_site)[0][3] == "Fast"


@pytest.mark.parametrize("name", ["Fast", "gpt-5", "small, large", "🎈"])
def test_a_model_that_is_not_offered_is_refused_and_the_question_may_come_again(model_site, page, name):
    socket = page(model_site)
    id = socket.ask("Why?", model=name)
    refused = error(socket)
    assert (refused["code"], refused["answer"]) == ("bad_model", id)
    assert refused["message"] == "This model is not offered any more. Please choose another."
    assert (model_site.api.requests, rows(model_site)) == ([], [])
    socket.ask("Why?", id, model="large")
    assert socket.finish(id)["status"] == "complete"
    assert model_site.api.requests[0].body["model"] == "large"


def test_where_there_is_no_choice_none_can_be_made(site, page):
    socket = page(site)
    socket.ask("Why?", model="gpt-5")
    assert error(socket)["code"] == "bad_model"
    ask(socket, "Why?", "Because.")
    assert [exchange.body["model"] for exchange in site.api.requests] == ["test"]
    assert rows(site)[0][3] == ""


def test_an_answer_says_its_label_when_the_model_is_not_offered_any_more(model_site, meet, page):
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


def test_the_demo_model_shows_that_it_was_sent_what_was_said_before(make_site, meet):
    site = make_site(ASKME_MODELS="Fast=small, Thorough=large").start()
    socket = meet(site.url).connect()
    first = socket.ask("Why is the sky blue?")
    socket.read_text(first, "demo model")
    socket.stop(first)
    socket.finish(first)
    second = socket.ask("And at sunset?", follows=first, model="large")
    socket.read_text(second, "1. Why is the sky blue?")
    assert socket.texts[second].startswith("You are talking to “Thorough”.")
    socket.read_text(second, "one turn of our conversation")
    socket.stop(second)
    assert socket.finish(second)["status"] == "stopped"
