"""The same tests for every frame, as for every address."""

import json
import uuid

import pytest

from answers.live.consumer import MAX_FOLLOWED
from tests.support.api_server import stall
from tests.support.people import Socket
from tests.support.site_tables import FRAMES, NO_ANSWER


def reply_to(socket: Socket, type: str, **fields) -> tuple[str, str]:
    """Send a frame that is refused, and return the code and the sentence."""
    socket.say(type, **FRAMES[type] | fields)
    error = socket.read_until("error")
    assert error["message"].endswith((".", "…."))
    return error["code"], error["message"]


def test_every_frame_works_for_the_owner(alice):
    first = alice.asks("First?")
    second = alice.asks("Second?", follows=first, revises=None, model=None)
    other = alice.asks("Second, in other words?", revises=second)
    for answer in (first, second, other):
        socket = alice.connect()
        socket.follow(answer)
        assert socket.finish(answer)["status"] == "complete"
        socket.stop(answer)  # this changes nothing of a finished answer
        socket.follow(answer)
        assert socket.finish(answer)["status"] == "complete"


def test_anybody_with_the_link_can_follow(alice, bob, visitor):
    answer = alice.asks()
    token = alice.shares(answer)
    for person in (bob, visitor):
        socket = person.connect()
        socket.say("answer.follow", answer=answer, share=token)
        socket.texts[answer] = ""
        assert socket.finish(answer)["status"] == "complete"
        assert reply_to(socket, "answer.follow", answer=answer)[0] == "not_found"
        assert reply_to(socket, "answer.stop", answer=answer)[0] == "not_found"


OF_ANOTHER = [
    ("question.ask", "answer"),
    ("question.ask", "follows"),
    ("question.ask", "revises"),
    ("answer.follow", "answer"),
    ("answer.stop", "answer"),
]


@pytest.mark.parametrize(("type", "field"), OF_ANOTHER)
def test_another_persons_frame_is_refused_and_does_not_reveal_the_answer(alice, bob, visitor, type, field):
    answer = alice.asks()
    token = alice.shares(alice.asks("Another thread?"))
    for person in (bob, visitor):
        socket = person.connect()
        own = {} if field == "answer" else {"answer": str(uuid.uuid4())}
        refused = reply_to(socket, type, **own | {field: answer})
        assert refused[0] == "not_found"
        if (type, field) != ("question.ask", "answer"):  # here, an unknown id is a new question
            assert reply_to(socket, type, **own | {field: str(uuid.uuid4())}) == refused
        if type == "answer.follow":
            for share in (token, "x" * 32, ""):
                assert reply_to(socket, type, answer=answer, share=share) == refused
    assert alice.reads(answer)


def test_a_visitor_of_a_closed_site_cannot_ask(people, closed_site):
    asked = len(closed_site.api.requests)
    socket = people(closed_site).connect()
    code, sentence = reply_to(socket, "question.ask")
    assert code == "login_required"
    assert "Please log in" in sentence
    # Without guests, a page sets no cookie by which its reader could have answers.
    assert reply_to(socket, "answer.follow")[0] == "no_session"
    assert reply_to(socket, "answer.stop")[0] == "not_found"
    assert len(closed_site.api.requests) == asked


@pytest.mark.parametrize("type", FRAMES)
def test_frames_without_a_session_are_refused(shared_site, type):
    socket = Socket(shared_site.url, {})
    assert reply_to(socket, type)[0] in ("no_session", "not_found")
    socket.close()


BAD_FIELDS = [
    *[
        (type, "answer", bad)
        for type in FRAMES
        for bad in (None, 1, "", "x" * 36, NO_ANSWER + "0", [NO_ANSWER])
    ],
    *[
        ("question.ask", field, bad)
        for field in ("follows", "revises")
        for bad in (1, "", "x" * 36, [NO_ANSWER])
    ],
    *[("question.ask", "question", bad) for bad in (None, 1, ["?"])],
    *[("question.ask", "model", bad) for bad in (1, ["?"], {})],
    *[("answer.follow", "position", bad) for bad in (-1, "1", True, 1.5, 2**31, None)],
    *[("answer.follow", "share", bad) for bad in (1, "x" * 65, "é", [])],
]


def test_a_bad_field_is_refused_and_the_socket_stays_open(visitor):
    socket = visitor.connect()
    for type, field, bad in BAD_FIELDS:
        assert reply_to(socket, type, **{field: bad})[0] == "bad_frame", (type, field, bad)
    assert reply_to(socket, "question.ask", follows=NO_ANSWER, revises=NO_ANSWER)[0] == "bad_frame"
    assert socket.finish(socket.ask("Still there?"))["status"] == "complete"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"question": ""}, "bad_question"),
        ({"question": "x" * 8001}, "bad_question"),
        ({"model": "nothing"}, "bad_model"),
        ({"model": "x" * 8001}, "bad_model"),
        ({"question": "x" * 140_000}, "too_large"),
    ],
)
def test_a_bad_question_or_model_in_a_frame_is_refused_with_a_sentence(visitor, fields, code):
    socket = visitor.connect()
    assert reply_to(socket, "question.ask", **fields)[0] == code


@pytest.mark.parametrize("character", ["🎈", "\x01", '"', "é"])
def test_a_question_of_the_allowed_length_fits_whatever_its_characters(visitor, character):
    question = character * 8_000
    socket = visitor.connect()
    answer = str(uuid.uuid4())
    for is_ascii in (True, False):  # JSON may escape a character, or not
        frame = {"type": "question.ask", "answer": answer, "question": question}
        socket.send(json.dumps(frame, ensure_ascii=is_ascii))
        assert socket.finish(answer)["status"] == "complete"
        socket.texts.clear()
    assert visitor.send("POST", "/ask/", {"question": question}).status_code == 303


def test_one_socket_follows_a_limited_number_of_answers(shared_site, alice):
    shared_site.api.when("Hold on?", stall())
    socket = alice.connect()
    for _ in range(MAX_FOLLOWED):
        socket.ask("Hold on?")
    assert socket.read_until("error", last := socket.ask("One more?"))["code"] == "too_many"
    shared_site.api.release()
    assert alice.reads(last)  # the question was accepted, but this socket does not follow it
