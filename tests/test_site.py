"""Whole sites: real Daphne processes, real websockets, each channel layer, the API stand-in behind them."""

import json
import sqlite3
import threading
import uuid
from contextlib import closing

import pytest
import requests
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.api_server import numbered, stall
from tests.people import Socket


@pytest.fixture(params=["in memory", "Redis"])
def any_site(request, make_site, api_server):
    """The same site on each channel layer."""
    redis = {"REDIS_URL": request.getfixturevalue("redis_url")} if request.param == "Redis" else {}
    return make_site(api_server, **redis).start()


def test_two_people_at_once_each_see_their_own_answer(any_site, meet):
    any_site.api.when("alice", stall(["For Alice. "]))
    any_site.api.when("bob", stall(["For Bob. "]))
    sockets = {name: meet(any_site.url).connect() for name in ("alice", "bob")}
    answers = {name: socket.ask(f"I am {name}") for name, socket in sockets.items()}
    for name, socket in sockets.items():
        socket.read_text(answers[name], f"For {name.title()}. ")
    any_site.api.release()
    for name, socket in sockets.items():
        assert socket.finish(answers[name])["status"] == "complete"
        assert socket.texts == {answers[name]: f"For {name.title()}. "}


def test_events_come_in_the_order_of_the_protocol(any_site, meet):
    any_site.api.answer(["Hello", ", ", "world"], usage={"prompt_tokens": 7, "completion_tokens": 3})
    socket = meet(any_site.url).connect()
    id = socket.ask("Hello?")
    end = socket.finish(id)
    types = [event["type"] for event in socket.events]
    assert types[:3] == ["answer.queued", "answer.started", "answer.text"]
    assert set(types[3:-1]) <= {"answer.text"}
    assert socket.events[0] == {"type": "answer.queued", "answer": id, "ahead": 0}
    assert socket.events[1] == {"type": "answer.started", "answer": id, "model": "test"}
    assert 0 <= end.pop("first_text_seconds") <= end.pop("seconds") < 20
    assert end == {
        "type": "answer.finished",
        "answer": id,
        "status": "complete",
        "length": 12,
        "finish_reason": "stop",
        "error": None,
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "estimated": False},
    }


def test_twenty_thousand_tokens_at_once_arrive_whole_and_in_order(any_site, meet):
    any_site.api.behaviour = numbered(20_000)
    socket = meet(any_site.url).connect()
    id = socket.ask("All of it")
    assert socket.finish(id)["status"] == "complete"
    assert socket.texts[id] == "".join(f"{number} " for number in range(20_000))
    fresh = meet(any_site.url)
    fresh.http.cookies.update(_cookies(socket))
    again = fresh.connect()
    again.follow(id)
    assert again.finish(id)["status"] == "complete"
    assert again.texts[id] == socket.texts[id]


def _cookies(socket: Socket) -> dict[str, str]:
    header = socket._socket.request.headers["Cookie"]
    return dict(pair.split("=", 1) for pair in header.split("; "))


HARD_TEXT = "👩‍👩‍👧 שלום \u2028\u0085\x0b<script>alert(1)</script>\r\n\t“é” \U0001f3f4\u0301"


def test_every_character_arrives_as_it_was_sent(any_site, meet):
    any_site.api.answer(list(HARD_TEXT))
    socket = meet(any_site.url).connect()
    id = socket.ask(HARD_TEXT)
    assert socket.finish(id)["length"] == len(HARD_TEXT)
    assert socket.texts[id] == HARD_TEXT
    assert any_site.api.requests[0].question == HARD_TEXT


def test_nul_and_lone_surrogates_become_replacement_characters(any_site, meet):
    any_site.api.answer(["a\0b", "\ud83d", "c", "\ud83d", "\ude00"])
    socket = meet(any_site.url).connect()
    id = socket.ask("x\0y\udc00z")
    assert socket.finish(id)["status"] == "complete"
    assert socket.texts[id] == "a\ufffdb\ufffdc\U0001f600"
    assert any_site.api.requests[0].question == "x\ufffdy\ufffdz"
    any_site.stop()
    shown = any_site.manage(
        "shell",
        "-c",
        f"from answers.models import Answer; a = Answer.objects.get(pk='{id}'); "
        "print(ascii(a.question), ascii(a.text), a.status)",
    )
    assert shown.stdout.splitlines()[-1] == r"'x\ufffdy\ufffdz' 'a\ufffdb\ufffdc\U0001f600' complete"


@pytest.mark.parametrize("texts", [[], ["So far. "]], ids=["before the first text", "in the middle"])
def test_stop_closes_the_upstream_connection_and_keeps_the_text(any_site, meet, texts):
    any_site.api.behaviour = stall(texts)
    socket = meet(any_site.url).connect()
    id = socket.ask("Stop me")
    exchange = any_site.api.wait_for_requests(1)
    if texts:
        socket.read_text(id, "So far. ")
    socket.stop(id)
    end = socket.finish(id)
    assert end["status"] == "stopped"
    assert exchange.closed.wait(1)
    estimate = {"prompt_tokens": 2, "completion_tokens": 2, "estimated": True}
    assert end["usage"] == (estimate if texts else None)  # "Stop me", "So far. "
    assert socket.texts.get(id, "") == "".join(texts)
    socket.stop(id)  # twice is harmless
    socket.follow(id)
    assert socket.finish(id)["status"] == "stopped"


def test_the_same_question_five_times_over_three_sockets_is_asked_once(any_site, meet):
    any_site.api.behaviour = stall(["Once. "])
    person = meet(any_site.url)
    sockets = [person.connect() for _ in range(3)]
    id = str(uuid.uuid4())
    for socket in [*sockets, *sockets[:2]]:
        socket.ask("The same", id)
    for socket in sockets:
        socket.read_text(id, "Once. ")
    any_site.api.release()
    for socket in sockets:
        assert socket.finish(id)["status"] == "complete"
        assert socket.texts[id] == "Once. "
    assert len(any_site.api.requests) == 1


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
    assert api_server.requests[0].closed.wait(1)


def test_text_crosses_processes_live(make_site, api_server, meet, redis_url):
    """Each piece is sent only after the far page shows the one before; the store alone would take minutes."""
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


def test_disconnect_is_not_stop(any_site, meet):
    any_site.api.behaviour = stall(["Before. "])
    person = meet(any_site.url)
    first = person.connect()
    id = first.ask("Go on")
    first.read_text(id, "Before. ")
    first.close()
    any_site.api.release()
    second = person.connect()
    second.follow(id)
    assert second.finish(id)["status"] == "complete"
    assert second.texts[id] == "Before. "


def test_bob_can_neither_follow_nor_stop_nor_repeat_alices_answer(site, meet):
    site.api.behaviour = stall(["Secret. "])
    alice, bob = meet(site.url).connect(), meet(site.url).connect()
    id, nowhere = alice.ask("Mine"), str(uuid.uuid4())
    alice.read_text(id, "Secret. ")
    for frame in ("answer.follow", "answer.stop"):
        replies = []
        for target in (id, nowhere):
            bob.say(frame, answer=target)
            reply = bob.read()
            assert reply.pop("answer") == target
            replies.append(reply)
        assert replies[0] == replies[1]
        assert replies[0]["code"] == "not_found"
    bob.ask("Mine", id)
    assert bob.read()["code"] == "not_found"
    assert bob.texts == {}
    site.api.release()
    assert alice.finish(id)["status"] == "complete"


def test_the_address_of_an_answer_is_its_owners_alone(site, meet):
    alice, bob = meet(site.url), meet(site.url)
    socket = alice.connect()
    id = socket.ask("Whose?")
    socket.finish(id)
    assert "Whose?" in alice.http.get(f"{site.url}/a/{id}/").text
    targets = (id, str(uuid.uuid4()))
    others = [bob.http.get(f"{site.url}/a/{target}/") for target in targets]
    assert [reply.status_code for reply in others] == [404, 404]
    pages = {reply.text.replace(target, "ID") for reply, target in zip(others, targets, strict=True)}
    assert len(pages) == 1


BAD_FRAMES = [
    "", "null", "[]", "{}", "[" * 30_000, '{"type": 1, "answer": 2}', b"\x00\xff", "\x00",
    json.dumps({"type": "question.ask", "answer": str(uuid.UUID(int=1))}),
    json.dumps({"type": "question.ask", "answer": str(uuid.UUID(int=1)), "question": ["?"]}),
    json.dumps({"type": "question.ask", "answer": str(uuid.UUID(int=1)), "question": "?", "follows": 7}),
    json.dumps({"type": "question.ask", "answer": str(uuid.UUID(int=1)), "question": "?", "revises": "me"}),
    json.dumps({"type": "question.ask", "answer": str(uuid.UUID(int=1)), "question": "?", "model": ["x"]}),
    json.dumps({"type": "question.ask", "answer": str(uuid.UUID(int=1)), "question": "?",
                "follows": str(uuid.UUID(int=2)), "revises": str(uuid.UUID(int=3))}),
    json.dumps({"type": "answer.follow", "answer": str(uuid.UUID(int=1)), "position": -1}),
    json.dumps({"type": "answer.follow", "answer": str(uuid.UUID(int=1)), "position": True}),
    json.dumps({"type": "answer.follow", "answer": str(uuid.UUID(int=1)), "position": 10**30}),
    json.dumps({"type": "answer.stop", "answer": "x" * 36}),
    json.dumps({"type": "answer.text", "answer": str(uuid.UUID(int=1)), "position": 0, "text": "mine"}),
    json.dumps({"type": "websocket.disconnect", "answer": str(uuid.UUID(int=1)), "code": 1}),
]  # fmt: skip


def test_any_bytes_get_an_error_and_the_socket_lives_on(site, meet):
    socket = meet(site.url).connect()
    for frame in BAD_FRAMES:
        socket.send(frame)
        reply = socket.read()
        assert (reply["type"], reply["code"]) == ("error", "bad_frame"), frame
    socket.send("x" * 70_000)
    assert socket.read()["code"] == "too_large"
    assert socket.finish(socket.ask("Still there?"))["status"] == "complete"
    assert "Traceback" not in site.log()


def test_an_enormous_frame_costs_its_sender_the_connection_and_nobody_else(site, meet):
    neighbour, socket = meet(site.url).connect(), meet(site.url).connect()
    socket.send("x" * 2_000_000)
    with pytest.raises(ConnectionClosed):
        socket.read()
    assert neighbour.finish(neighbour.ask("Still there?"))["status"] == "complete"
    assert "Traceback" not in site.log()


@pytest.mark.parametrize("question", ["", "  \n ", "x" * 8_001], ids=["empty", "blank", "too long"])
def test_a_question_that_cannot_be_asked_is_refused_with_a_sentence(site, meet, question):
    socket = meet(site.url).connect()
    id = socket.ask(question)
    refused = socket.read()
    assert (refused["type"], refused["code"], refused["answer"]) == ("error", "bad_question", id)
    assert refused["message"].endswith(".")
    assert site.api.requests == []


def test_a_page_of_another_site_cannot_open_a_socket(site):
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(f"{_ws(site)}/ws/answers/", origin="http://evil.example", proxy=None),
    ):
        pass
    assert refused.value.response.status_code == 403


def test_another_path_is_refused_without_a_traceback(site):
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(f"{_ws(site)}/ws/nothing/", origin=site.url, proxy=None),
    ):
        pass
    assert refused.value.response.status_code == 403
    assert "Traceback" not in site.log()


def test_a_socket_without_a_session_is_told_so(site):
    socket = Socket(site.url, {"sessionid": "made-up"})
    id = socket.ask("Who am I?")
    refused = socket.read()
    assert (refused["code"], refused["answer"]) == ("no_session", id)
    assert site.api.requests == []
    socket.close()


def _ws(site) -> str:
    return site.url.replace("http", "ws", 1)


def test_waiting_questions_are_told_how_many_are_ahead(make_site, api_server, meet):
    site = make_site(api_server, ASKME_THREADS="1").start()
    api_server.behaviour = stall(["First. "])
    alice, bob, charlie = (meet(site.url).connect() for _ in range(3))
    first = alice.ask("1")
    api_server.wait_for_requests(1)
    second = bob.ask("2")
    assert bob.read()["ahead"] == 0  # who runs is not ahead in the queue
    third = charlie.ask("3")
    assert charlie.read()["ahead"] == 1
    api_server.behaviour = stall(["Second. "])
    alice.stop(first)
    bob.read_text(second, "Second. ")
    assert charlie.read() == {"type": "answer.queued", "answer": third, "ahead": 0}
    charlie.stop(third)
    assert charlie.finish(third)["status"] == "stopped"
    assert len(api_server.requests) == 2  # a question stopped while it waited was never sent
    api_server.release()
    assert bob.finish(second)["status"] == "complete"


def test_who_asks_too_often_is_refused_in_every_process_and_nothing_is_sent(
    make_site, api_server, meet, redis_url
):
    site = make_site(api_server, ASKME_QUESTIONS_PER_MINUTE="2", REDIS_URL=redis_url).start(processes=2)
    person = meet(site.urls[0])
    near, far = person.connect(), person.connect(site.urls[1])
    first = near.ask("1")
    near.finish(first)
    far.finish(far.ask("2"))
    for socket in (near, far):
        third = socket.ask("3")
        refused = socket.read()
        assert (refused["type"], refused["code"], refused["answer"]) == ("error", "too_many_questions", third)
        assert 0 < refused["retry_after"] <= 60
    near.texts.clear()
    near.ask("1", first)  # the same question again is none more
    assert near.finish(first)["status"] == "complete"
    other = meet(site.url).connect()
    assert other.finish(other.ask("And I?"))["status"] == "complete"
    assert len(api_server.requests) == 3


def test_a_guest_who_clears_the_cookie_stays_within_the_limit_of_their_address(make_site, api_server, meet):
    site = make_site(api_server, ASKME_PROXIES="1", ASKME_ADDRESS_QUESTIONS_PER_MINUTE="2").start()
    for number in range(3):
        guest = meet(site.url, **{"X-Forwarded-For": f"6.6.6.{number}, 192.0.2.7"}).connect()
        id = guest.ask("Me again?")
        if number < 2:
            guest.finish(id)
    for _ in range(2):
        refused = guest.read()
        assert (refused["type"], refused["code"], refused["answer"]) == ("error", "too_many_questions", id)
        guest.ask("Me again?", id)
    neighbour = meet(site.url, **{"X-Forwarded-For": "192.0.2.8"}).connect()
    assert neighbour.finish(neighbour.ask("And I?"))["status"] == "complete"
    assert len(api_server.requests) == 3


def test_more_questions_than_threads_wait_their_turn_and_all_are_answered(make_site, api_server, meet):
    site = make_site(api_server, ASKME_THREADS="4", ASKME_RUNNING_PER_USER="2").start()
    api_server.behaviour = stall(["Whole. "])
    people = [meet(site.url) for _ in range(4)]
    sockets = [person.connect() for person in people]
    asked = [(socket, socket.ask("0")) for socket in sockets]
    for socket, id in asked:
        socket.read_until("answer.started", id)
    asked += [(socket, socket.ask(f"{number}")) for number in range(1, 6) for socket in sockets]
    for socket, id in asked[-4:]:
        socket.read_until("answer.queued", id)
    fresh = people[0].http.get(site.url)  # the site answers while it is full
    assert fresh.status_code == 200
    assert fresh.elapsed.total_seconds() < 1
    late = meet(site.url).connect()
    last = late.ask("And I?")
    assert late.read_until("answer.queued", last)["ahead"] == 0  # all others are served already
    assert len(api_server.requests) == 4
    api_server.release()
    for socket, id in [*asked, (late, last)]:
        if id not in {event["answer"] for event in socket.events if event["type"] == "answer.finished"}:
            socket.read_until("answer.finished", id)
        assert socket.texts[id] == "Whole. "
    with closing(sqlite3.connect(site.folder / "site.sqlite3")) as store:
        order = [text for (text,) in store.execute("SELECT question FROM answers_answer ORDER BY started_at")]
    assert len(order) == len(api_server.requests) == 25
    assert order.index("And I?") == 4


def test_an_error_of_the_api_is_a_sentence_for_the_person_and_detail_for_the_operator(site, meet):
    site.api.behaviour = lambda exchange: exchange.reply(401, {"error": {"message": "Bad key sk-test"}})
    socket = meet(site.url).connect()
    id = socket.ask("Hello?")
    end = socket.finish(id)
    assert (end["status"], end["error"]["code"]) == ("failed", "not_configured")
    assert "sk-test" not in json.dumps(socket.events)
    assert "Bad key" not in json.dumps(socket.events)


def test_sigterm_saves_what_runs_as_interrupted(any_site, meet):
    any_site.api.behaviour = stall(["So far. "])
    person = meet(any_site.url)
    socket = person.connect()
    id = socket.ask("And then?")
    socket.read_text(id, "So far. ")
    any_site.stop()  # fails if it takes more than its time
    assert any_site.api.requests[0].closed.wait(1)
    any_site.start()
    again = person.connect(any_site.url)
    again.follow(id)
    assert again.finish(id)["status"] == "interrupted"
    assert again.texts[id] == "So far. "


def test_sigterm_lets_pages_go_and_finishes_what_runs(make_site, api_server, meet):
    site = make_site(api_server, ASKME_DRAIN_SECONDS="20").start()
    api_server.behaviour = stall(["So far. "])
    person = meet(site.url)
    socket = person.connect()
    id = socket.ask("And then?")
    socket.read_text(id, "So far. ")
    [process] = site.processes
    process.terminate()
    with pytest.raises(ConnectionClosed) as closed:
        socket.read_until("never")
    assert closed.value.rcvd.code == 4012
    with pytest.raises(requests.ConnectionError):
        requests.get(site.url)
    assert process.poll() is None
    assert not api_server.requests[0].closed.is_set()
    api_server.release()
    process.wait(5)
    site.stop()
    site.start()
    again = person.connect()
    again.follow(id)
    assert again.finish(id)["status"] == "complete"
    assert again.texts[id] == "So far. "


def test_the_demo_model_answers_without_key_and_network(make_site, meet):
    site = make_site().start()
    socket = meet(site.url).connect()
    id = socket.ask("Why is the sky blue?")
    socket.read_text(id, "Why is the sky blue?")
    socket.read_text(id, "demo model")
    socket.stop(id)
    assert socket.finish(id)["status"] == "stopped"
    assert "OPENAI_API_KEY" in requests.get(site.url).text
