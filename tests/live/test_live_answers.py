"""Answers over real websockets, on each channel layer: complete, in order, and only to their owner."""

import json
import threading
import uuid

import pytest

from tests.support.api_server import numbered, stall
from tests.support.people import Socket


def test_two_people_who_ask_at_once_each_see_their_own_answer(any_layer_site, meet):
    any_layer_site.api.when("alice", stall(["For Alice. "]))
    any_layer_site.api.when("bob", stall(["For Bob. "]))
    sockets = {name: meet(any_layer_site.url).connect() for name in ("alice", "bob")}
    answers = {name: socket.ask(f"I am {name}") for name, socket in sockets.items()}
    for name, socket in sockets.items():
        socket.read_text(answers[name], f"For {name.title()}. ")
    any_layer_site.api.release()
    for name, socket in sockets.items():
        assert socket.finish(answers[name])["status"] == "complete"
        assert socket.texts == {answers[name]: f"For {name.title()}. "}


def test_events_come_in_the_order_of_the_protocol(any_layer_site, meet):
    any_layer_site.api.answer(["Hello", ", ", "world"], usage={"prompt_tokens": 7, "completion_tokens": 3})
    socket = meet(any_layer_site.url).connect()
    id = socket.ask("Hello?")
    end = socket.finish(id)
    types = [event["type"] for event in socket.events]
    assert types[:3] == ["answer.queued", "answer.started", "answer.text"]
    assert set(types[3:-1]) <= {"answer.text"}
    assert socket.events[0] == {"type": "answer.queued", "answer": id, "ahead": 0}
    assert socket.events[1] == {"type": "answer.started", "answer": id, "model": "test"}
    assert 0 <= end.pop("first_text_seconds") <= end.pop("seconds") < 20
    end.pop("tokens_per_second")
    assert end == {
        "type": "answer.finished",
        "answer": id,
        "status": "complete",
        "length": 12,
        "reasoning_length": 0,
        "edition": 0,
        "sources": [],
        "finish_reason": "stop",
        "error": None,
        "usage": {
            "prompt_tokens": 7,
            "completion_tokens": 3,
            "reasoning_tokens": None,
            "cached_tokens": None,
            "estimated": False,
        },
        "model": "stand-in",  # as the API named it
    }


def test_twenty_thousand_tokens_at_once_arrive_completely_and_in_order(any_layer_site, meet):
    any_layer_site.api.behaviour = numbered(20_000)
    socket = meet(any_layer_site.url).connect()
    id = socket.ask("All of it")
    assert socket.finish(id)["status"] == "complete"
    assert socket.texts[id] == "".join(f"{number} " for number in range(20_000))
    fresh = meet(any_layer_site.url)
    fresh.http.cookies.update(_cookies(socket))
    again = fresh.connect()
    again.follow(id)
    assert again.finish(id)["status"] == "complete"
    assert again.texts[id] == socket.texts[id]


def _cookies(socket: Socket) -> dict[str, str]:
    header = socket._socket.request.headers["Cookie"]
    return dict(pair.split("=", 1) for pair in header.split("; "))


HARD_TEXT = "👩‍👩‍👧 שלום \u2028\u0085\x0b<script>alert(1)</script>\r\n\t“é” \U0001f3f4\u0301"


def test_every_character_arrives_as_it_was_sent(any_layer_site, meet):
    any_layer_site.api.answer(list(HARD_TEXT))
    socket = meet(any_layer_site.url).connect()
    id = socket.ask(HARD_TEXT)
    assert socket.finish(id)["length"] == len(HARD_TEXT)
    assert socket.texts[id] == HARD_TEXT
    assert any_layer_site.api.requests[0].question == HARD_TEXT


def test_nul_and_lone_surrogates_become_replacement_characters(any_layer_site, meet):
    any_layer_site.api.answer(["a\0b", "\ud83d", "c", "\ud83d", "\ude00"])
    socket = meet(any_layer_site.url).connect()
    id = socket.ask("x\0y\udc00z")
    assert socket.finish(id)["status"] == "complete"
    assert socket.texts[id] == "a\ufffdb\ufffdc\U0001f600"
    assert any_layer_site.api.requests[0].question == "x\ufffdy\ufffdz"
    any_layer_site.stop()
    shown = any_layer_site.manage(
        "shell",
        "-c",
        f"from answers.models import Answer; a = Answer.objects.get(pk='{id}'); "
        "print(ascii(a.question), ascii(a.text), a.status)",
    )
    assert shown.stdout.splitlines()[-1] == r"'x\ufffdy\ufffdz' 'a\ufffdb\ufffdc\U0001f600' complete"


@pytest.mark.parametrize("texts", [[], ["So far. "]], ids=["before the first text", "in the middle"])
def test_stop_closes_the_connection_to_the_api_and_keeps_the_text(any_layer_site, meet, texts):
    any_layer_site.api.behaviour = stall(texts)
    socket = meet(any_layer_site.url).connect()
    id = socket.ask("Stop me")
    exchange = any_layer_site.api.wait_for_requests(1)
    if texts:
        socket.read_text(id, "So far. ")
    socket.stop(id)
    end = socket.finish(id)
    assert end["status"] == "stopped"
    assert exchange.closed.wait(15)
    estimate = {"prompt_tokens": 2, "completion_tokens": 2 if texts else 0, "estimated": True}
    estimate |= {"reasoning_tokens": None, "cached_tokens": None}
    assert end["usage"] == estimate  # "Stop me", "So far. "
    assert socket.texts.get(id, "") == "".join(texts)
    socket.stop(id)  # twice is harmless
    socket.follow(id)
    assert socket.finish(id)["status"] == "stopped"


def test_the_same_question_five_times_over_three_sockets_is_asked_once(any_layer_site, meet):
    any_layer_site.api.behaviour = stall(["Once. "])
    person = meet(any_layer_site.url)
    sockets = [person.connect() for _ in range(3)]
    id = str(uuid.uuid4())
    for socket in [*sockets, *sockets[:2]]:
        socket.ask("The same", id)
    for socket in sockets:
        socket.read_text(id, "Once. ")
    any_layer_site.api.release()
    for socket in sockets:
        assert socket.finish(id)["status"] == "complete"
        assert socket.texts[id] == "Once. "
    assert len(any_layer_site.api.requests) == 1


def test_another_process_follows_live_and_stops(make_site, api_server, meet, redis_url):
    site = make_site(api_server, REDIS_URL=redis_url).start(processes=2)
    api_server.behaviour = stall(["Far and near. "])
    person = meet(site.urls[0])
    near, far = person.connect(), person.connect(site.urls[1])
    id = near.ask("Where?")
    near.read_text(id, "Far and near. ")
    far.follow(id)
    far.read_text(id, "Far and near. ")
    far.stop(id)
    assert near.finish(id)["status"] == far.finish(id)["status"] == "stopped"
    assert near.texts == far.texts
    assert api_server.requests[0].closed.wait(15)


def test_text_crosses_processes_live(make_site, api_server, meet, redis_url):
    """The API sends each piece once the far page shows the last one. The database would need minutes."""
    shown = threading.Semaphore(0)

    def paced(exchange):
        exchange.head()
        for number in range(100):
            exchange.chunk(f"{number} ")
            assert shown.acquire(timeout=20)
        exchange.finish()

    site = make_site(api_server, REDIS_URL=redis_url).start(processes=2)
    api_server.behaviour = paced
    person = meet(site.urls[0])
    near, far = person.connect(), person.connect(site.urls[1])
    id = near.ask("Count")
    near.read_text(id, "0 ")
    far.follow(id)
    for number in range(100):
        far.read_text(id, f"{number} ")
        shown.release()
    assert far.finish(id)["status"] == "complete"
    assert near.finish(id)["status"] == "complete"
    assert near.texts == far.texts


def test_disconnect_is_not_stop(any_layer_site, meet):
    any_layer_site.api.behaviour = stall(["Before. "])
    person = meet(any_layer_site.url)
    first = person.connect()
    id = first.ask("Go on")
    first.read_text(id, "Before. ")
    first.close()
    any_layer_site.api.release()
    second = person.connect()
    second.follow(id)
    assert second.finish(id)["status"] == "complete"
    assert second.texts[id] == "Before. "


def test_the_person_gets_a_sentence_without_the_apis_error_message(site, meet):
    site.api.behaviour = lambda exchange: exchange.reply(401, {"error": {"message": "Bad key sk-test"}})
    socket = meet(site.url).connect()
    id = socket.ask("Hello?")
    end = socket.finish(id)
    assert (end["status"], end["error"]["code"]) == ("failed", "not_configured")
    assert "sk-test" not in json.dumps(socket.events)
    assert "Bad key" not in json.dumps(socket.events)


def test_a_page_that_claims_to_have_more_than_there_can_be_gets_the_end(any_database_site, meet):
    person = meet(any_database_site.url)
    first, second = person.connect(), person.connect()
    id = first.ask("Why?")
    first.finish(id)
    second.say(
        "answer.follow", answer=id, position=2**31 - 1, reasoning_position=2**30 - 1, edition=2**15 - 1
    )
    assert second.read_until("answer.finished", id)["status"] == "complete"
    second.say("answer.follow", answer=id, position=2**31 - 1)
    assert second.read_until("answer.finished", id)["status"] == "complete"
