"""Which earlier turns are sent with a question that follows others, and what it costs to read them."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from answers import context
from answers.address import NOWHERE
from answers.completions import Turn
from answers.context import earlier_turns
from answers.events import Ask
from answers.models import Answer, Status, User
from answers.speaker import Speaker

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return User.objects.create_user("alice")


@pytest.fixture
def room(settings):
    """How many tokens, of four characters each, find room."""

    def room(tokens):
        settings.ASKME_CONTEXT_TOKENS = tokens

    return room


def say(user, question, text="", follows=None, **fields):
    answer = Answer.objects.ask(user, uuid.uuid4(), question, follows=follows and follows.pk, **fields)
    Answer.objects.filter(pk=answer.pk).update(text=text, status=Status.COMPLETE)
    answer.refresh_from_db()
    return answer


def talk(user, *turns):
    """Turns of which each follows the one before; the last of their answers."""
    answer = None
    for question, text in turns:
        answer = say(user, question, text, answer)
    return answer


def before(last):
    """What is sent with a question that follows this answer."""
    return earlier_turns(say(last.user, "And now?", follows=last))


def test_earlier_turns_come_in_their_order(alice):
    last = talk(alice, ("1?", "One."), ("2?", "Two."), ("3?", "Three."))
    assert before(last) == (Turn("1?", "One."), Turn("2?", "Two."), Turn("3?", "Three."))


def test_a_question_that_follows_nothing_reads_nothing(alice, django_assert_num_queries):
    question = say(alice, "Why?", "Because.")
    with django_assert_num_queries(0):
        assert earlier_turns(question) == ()


def test_without_room_nothing_is_read(alice, room, django_assert_num_queries):
    question = say(alice, "And now?", follows=say(alice, "Why?", "Because."))
    room(0)
    with django_assert_num_queries(0):
        assert earlier_turns(question) == ()


def test_other_versions_and_what_follows_them_are_not_sent(alice):
    first = say(alice, "1?", "One.")
    say(alice, "2, version 1?", "Other.", first)
    second = say(alice, "2, version 2?", "Two.", first)
    say(alice, "3, after the other?", "Other.", say(alice, "2, version 3?", "Other.", first))
    assert before(second) == (Turn("1?", "One."), Turn("2, version 2?", "Two."))


def test_a_version_has_what_was_before_the_original(alice):
    original = say(alice, "2?", "Two.", say(alice, "1?", "One."))
    version = Answer.objects.ask(alice, uuid.uuid4(), "2 again?", revises=original.pk)
    assert earlier_turns(version) == earlier_turns(original) == (Turn("1?", "One."),)
    first = Answer.objects.ask(alice, uuid.uuid4(), "1 again?", revises=original.follows_id)
    assert earlier_turns(first) == ()


def test_turns_are_whole_and_the_newest_while_there_is_room(alice, room):
    last = talk(alice, ("1?", "O" * 8), ("2?", "T" * 8), ("3?", "H" * 8))
    for tokens, number in [(8, 3), (7, 2), (5, 2), (4, 1), (3, 1)]:
        room(tokens)
        turns = before(last)
        assert len(turns) == number, f"{tokens} tokens"
        assert turns[-1].question == "3?"
        assert sum(turn.chars for turn in turns) <= 4 * tokens


def test_older_turns_do_not_slip_in_behind_one_that_finds_no_room(alice, room):
    last = talk(alice, ("1?", "One."), ("2?", "Two." * 100), ("3?", "Three."))
    room(20)
    assert before(last) == (Turn("3?", "Three."),)


def test_of_an_answer_that_is_too_long_the_end_is_kept(alice, room):
    room(10)
    assert before(say(alice, "Long?", "x" * 1_000 + "the very end.")) == (
        Turn("Long?", "…" + "x" * 21 + "the very end."),
    )
    last = talk(alice, ("Older?", "No."), ("Long?", "x" * 36))
    assert before(last) == (Turn("Long?", "…" + "x" * 34),)
    assert before(say(alice, "Long?", "x" * 35)) == (Turn("Long?", "x" * 35),)


def test_of_a_question_that_is_too_long_the_beginning_is_kept(alice, room):
    room(10)
    assert before(say(alice, "Begin " + "x" * 1_000, "y" * 1_000)) == (
        Turn("Begin " + "x" * 13 + "…", "…" + "y" * 19),
    )
    assert before(say(alice, "Begin " + "x" * 1_000, "Short.")) == (
        Turn("Begin " + "x" * 27 + "…", "Short."),
    )


@pytest.mark.parametrize("tokens", [1, 2, 3])
def test_however_little_room_there_is_no_more_is_sent(alice, room, tokens):
    room(tokens)
    [turn] = before(say(alice, "q" * 100, "a" * 100))
    assert 0 < turn.chars <= 4 * tokens
    assert turn.question
    assert turn.answer


def test_room_counts_characters_not_bytes(alice, room):
    room(2)
    assert before(say(alice, "é?", "🎈é🎈é🎈é")) == (Turn("é?", "🎈é🎈é🎈é"),)
    assert before(say(alice, "é?", "🎈é🎈é🎈éx")) == (Turn("é?", "…🎈é🎈éx"),)


@pytest.mark.parametrize("text", ["", " \n"])
def test_a_turn_without_text_is_left_out(alice, room, text):
    last = talk(alice, ("1?", "One."), ("2?", text), ("3?", "Three."), ("4?", text))
    assert before(last) == (Turn("1?", "One."), Turn("3?", "Three."))
    room(4)
    assert before(talk(alice, ("Long?", "x" * 100), ("2?", text))) == (Turn("Long?", "…" + "x" * 10),)


def test_another_persons_turn_is_never_sent(alice):
    bobs = say(User.objects.create_user("bob"), "Secret?", "Secret.")
    hers = say(alice, "1?", "One.")
    Answer.objects.filter(pk=hers.pk).update(follows=bobs, thread=bobs.thread)
    assert before(hers) == (Turn("1?", "One."),)


def test_a_deleted_turn_is_not_sent(alice, client):
    last = talk(alice, ("1?", "One."), ("2?", "Two."), ("3?", "Three."))
    client.force_login(alice)
    client.post(f"/a/{last.follows_id}/delete/")
    last.refresh_from_db()
    assert before(last) == (Turn("1?", "One."), Turn("3?", "Three."))


def test_a_long_thread_is_one_statement_and_no_text_beyond_the_room(
    alice, room, django_assert_num_queries, monkeypatch
):
    ids = [uuid.uuid4() for _ in range(1_000)]
    Answer.objects.bulk_create(
        Answer(pk=id, user=alice, thread=ids[0], follows_id=follows, question="?" * 50, text="x" * 10_000)
        for id, follows in zip(ids, [None, *ids], strict=False)
    )
    question = say(alice, "And now?", follows=Answer.objects.get(pk=ids[-1]))
    read = []

    def watched(turns, room):
        read.extend(turns)
        return fitting(read, room)

    fitting = context._fitting
    monkeypatch.setattr(context, "_fitting", watched)
    room(4_000)
    with django_assert_num_queries(1):
        assert len(earlier_turns(question)) == 1
    assert len(read) == 2
    room(1_000)
    read.clear()
    assert earlier_turns(question) == (Turn("?" * 50, "…" + "x" * 3_949),)
    assert [len(turn.answer) for turn in read] == [4_001]


def test_one_goes_back_only_so_far_for_turns_with_text(alice, monkeypatch):
    monkeypatch.setattr(context, "MOST_TURNS", 3)
    assert before(talk(alice, ("1?", "One."), ("2?", ""), ("3?", ""))) == (Turn("1?", "One."),)
    assert before(talk(alice, ("1?", "One."), ("2?", ""), ("3?", ""), ("4?", ""))) == ()


def test_a_question_costs_seven_statements_and_two_more_if_it_follows_another(alice, client):
    client.force_login(alice)
    speaker = Speaker(client.session.session_key)

    def statements(**fields):
        ask = Ask(uuid.uuid4(), "Why?", **fields)
        with CaptureQueriesContext(connection) as queries:
            speaker._save(ask, NOWHERE)
        return len([query for query in queries if "SAVEPOINT" not in query["sql"]])

    first = say(alice, "1?", "One.")
    second = say(alice, "2?", "Two.", first)
    assert statements() == 7
    assert statements(follows=first.pk) == statements(revises=second.pk) == 9
    assert statements(revises=first.pk) == 8
