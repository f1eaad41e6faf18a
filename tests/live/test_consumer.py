"""What the socket refuses: bad frames, other people's answers, and pages of other sites."""

import json
import uuid

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.support.api_server import stall
from tests.support.people import Socket


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
    json.dumps({"type": "answer.follow", "answer": str(uuid.UUID(int=1)), "reasoning_position": -1}),
    json.dumps({"type": "answer.follow", "answer": str(uuid.UUID(int=1)), "reasoning_position": 2**31}),
    json.dumps({"type": "answer.follow", "answer": str(uuid.UUID(int=1)), "edition": "0"}),
    json.dumps({"type": "answer.follow", "answer": str(uuid.UUID(int=1)), "edition": 10**30}),
    json.dumps({"type": "answer.stop", "answer": "x" * 36}),
    json.dumps({"type": "answer.text", "answer": str(uuid.UUID(int=1)), "position": 0, "text": "mine"}),
    json.dumps({"type": "websocket.disconnect", "answer": str(uuid.UUID(int=1)), "code": 1}),
]  # fmt: skip


def test_any_bytes_get_an_error_and_the_socket_stays_open(site, meet):
    socket = meet(site.url).connect()
    for frame in BAD_FRAMES:
        socket.send(frame)
        reply = socket.read()
        assert (reply["type"], reply["code"]) == ("error", "bad_frame"), frame
    socket.send("x" * 140_000)
    assert socket.read()["code"] == "too_large"
    assert socket.finish(socket.ask("Still there?"))["status"] == "complete"
    assert "Traceback" not in site.log()


def test_positions_beyond_the_end_are_harmless(site, meet):
    person = meet(site.url)
    socket = person.connect()
    id = socket.ask("Still there?")
    end = socket.finish(id)
    far = {"position": 2**31 - 1, "reasoning_position": 2**30 - 1, "edition": 2**15 - 1}
    other = person.connect()
    other.say("answer.follow", answer=id, **far)
    other.editions[id] = far["edition"]
    assert other.finish(id) == end
    assert other.texts == socket.texts
    assert "Traceback" not in site.log()


def test_an_enormous_frame_closes_only_its_senders_connection(site, meet):
    neighbour, socket = meet(site.url).connect(), meet(site.url).connect()
    socket.send("x" * 2_000_000)
    with pytest.raises(ConnectionClosed):
        socket.read()
    assert neighbour.finish(neighbour.ask("Still there?"))["status"] == "complete"
    assert "Traceback" not in site.log()


@pytest.mark.parametrize("question", ["", "  \n ", "x" * 8_001], ids=["empty", "blank", "too long"])
def test_an_invalid_question_is_refused_with_a_sentence(site, meet, question):
    socket = meet(site.url).connect()
    id = socket.ask(question)
    refused = socket.read()
    assert (refused["type"], refused["code"], refused["answer"]) == ("error", "bad_question", id)
    assert refused["message"].endswith(".")
    assert site.api.requests == []


def test_a_page_from_another_site_cannot_open_a_socket(site):
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


def test_a_socket_without_a_session_gets_an_error(site):
    socket = Socket(site.url, {"sessionid": "made-up"})
    id = socket.ask("Who am I?")
    refused = socket.read()
    assert (refused["code"], refused["answer"]) == ("no_session", id)
    assert site.api.requests == []
    socket.close()


def _ws(site) -> str:
    return site.url.replace("http", "ws", 1)
