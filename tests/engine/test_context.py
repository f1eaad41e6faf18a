"""Which earlier turns are sent with a follow-up question, and what it costs to read them."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from answers.asking import questions
from answers.asking.requester import SessionRequester
from answers.engine import context
from answers.engine.context import earlier_turns
from answers.models import Answer, Status
from answers.protocol import Ask
from completions import Turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return User.objects.create_user("alice")


@pytest.fixture
def limit(settings):
    """Set how many tokens, of four characters each, the earlier turns may have."""

    def limit(tokens):
        settings.ASKME_CONTEXT_TOKENS = tokens

    return limit


def say(user, question, text="", follows=None, **fields):
    """Save an answer as if it had just been asked, with as many earlier turns as are sent now."""
    answer = Answer.objects.ask(user, uuid.uuid4(), question, follows=follows and follows.pk, **fields)
    sent = len(earlier_turns(answer))
    Answer.objects.filter(pk=answer.pk).update(text=text, status=Status.COMPLETE, sent_turns=sent)
    answer.refresh_from_db()
    return answer


def talk(user, *turns):
    """Save turns that follow each other, and return the last answer."""
    answer = None
    for question, text in turns:
        answer = say(user, question, text, answer)
    return answer


def before(last):
    """Return the turns that are sent with a question that follows this answer."""
    return earlier_turns(say(last.user, "And now?", follows=last))


def test_earlier_turns_come_in_their_order(alice):
    last = talk(alice, ("1?", "One."), ("2?", "Two."), ("3?", "Three."))
    assert before(last) == (Turn("1?", "One."), Turn("2?", "Two."), Turn("3?", "Three."))


def test_a_question_that_follows_nothing_reads_nothing(alice, django_assert_num_queries):
    question = say(alice, "Why?", "Because.")
    with django_assert_num_queries(0):
        assert earlier_turns(question) == ()


def test_without_a_context_limit_nothing_is_read(alice, limit, django_assert_num_queries):
    question = say(alice, "And now?", follows=say(alice, "Why?", "Because."))
    limit(0)
    with django_assert_num_queries(0):
        assert earlier_turns(question) == ()


def test_other_versions_and_what_follows_them_are_not_sent(alice):
    first = say(alice, "1?", "One.")
    say(alice, "2, version 1?", "Other.", first)
    second = say(alice, "2, version 2?", "Two.", first)
    say(alice, "3, after the other?", "Other.", say(alice, "2, version 3?", "Other.", first))
    assert before(second) == (Turn("1?", "One."), Turn("2, version 2?", "Two."))


def test_a_version_has_the_same_earlier_turns_as_the_original(alice):
    original = say(alice, "2?", "Two.", say(alice, "1?", "One."))
    version = Answer.objects.ask(alice, uuid.uuid4(), "2 again?", revises=original.pk)
    assert earlier_turns(version) == earlier_turns(original) == (Turn("1?", "One."),)
    first = Answer.objects.ask(alice, uuid.uuid4(), "1 again?", revises=original.follows_id)
    assert earlier_turns(first) == ()


def test_turns_are_sent_whole_and_the_newer_half_if_they_do_not_fit(alice, limit):
    last = talk(alice, ("1?", "O" * 8), ("2?", "T" * 8), ("3?", "H" * 8))
    for tokens, number in [(8, 3), (7, 1), (5, 1), (4, 1), (3, 1)]:
        limit(tokens)
        turns = before(last)
        assert len(turns) == number, f"{tokens} tokens"
        assert turns[-1].question == "3?"
        assert sum(turn.chars for turn in turns) <= 4 * tokens


def test_no_older_turn_is_sent_in_place_of_one_that_does_not_fit(alice, limit):
    last = talk(alice, ("1?", "One."), ("2?", "Two." * 100), ("3?", "Three."))
    limit(20)
    assert before(last) == (Turn("3?", "Three."),)


def test_the_end_of_a_too_long_answer_is_kept(alice, limit):
    limit(10)
    assert before(say(alice, "Long?", "x" * 1_000 + "the very end.")) == (
        Turn("Long?", "…" + "x" * 21 + "the very end."),
    )
    last = talk(alice, ("Older?", "No."), ("Long?", "x" * 36))
    assert before(last) == (Turn("Long?", "…" + "x" * 34),)
    assert before(say(alice, "Long?", "x" * 35)) == (Turn("Long?", "x" * 35),)


def test_the_beginning_of_a_too_long_question_is_kept(alice, limit):
    limit(10)
    assert before(say(alice, "Begin " + "x" * 1_000, "y" * 1_000)) == (
        Turn("Begin " + "x" * 13 + "…", "…" + "y" * 19),
    )
    assert before(say(alice, "Begin " + "x" * 1_000, "Short.")) == (
        Turn("Begin " + "x" * 27 + "…", "Short."),
    )


@pytest.mark.parametrize("tokens", [1, 2, 3])
def test_a_tiny_limit_is_not_exceeded(alice, limit, tokens):
    limit(tokens)
    [turn] = before(say(alice, "q" * 100, "a" * 100))
    assert 0 < turn.chars <= 4 * tokens
    assert turn.question
    assert turn.answer


def test_the_limit_counts_characters_not_bytes(alice, limit):
    limit(2)
    assert before(say(alice, "é?", "🎈é🎈é🎈é")) == (Turn("é?", "🎈é🎈é🎈é"),)
    assert before(say(alice, "é?", "🎈é🎈é🎈éx")) == (Turn("é?", "…🎈é🎈éx"),)


@pytest.mark.parametrize("text", ["", " \n"])
def test_a_turn_without_text_is_left_out(alice, limit, text):
    last = talk(alice, ("1?", "One."), ("2?", text), ("3?", "Three."), ("4?", text))
    assert before(last) == (Turn("1?", "One."), Turn("3?", "Three."))
    limit(4)
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


def test_a_long_thread_is_one_query_that_reads_only_what_is_sent(
    alice, limit, django_assert_num_queries, monkeypatch
):
    ids = [uuid.uuid4() for _ in range(1_000)]
    Answer.objects.bulk_create(
        Answer(
            pk=id,
            user=alice,
            thread=ids[0],
            follows_id=ids[number - 1] if number else None,
            sent_turns=number,
            question="?" * 50,
            text="x" * 10_000,
        )
        for number, id in enumerate(ids)
    )
    question = Answer.objects.ask(alice, uuid.uuid4(), "And now?", follows=ids[-1])
    read = []
    monkeypatch.setattr(context, "Turn", lambda *texts: read.append(Turn(*texts)) or read[-1])
    limit(40_000)
    with django_assert_num_queries(1):
        assert len(earlier_turns(question)) == 15  # 1,000, 500, 250, 125, 62, 31
    assert len(read) == 15
    limit(1_000)
    read.clear()
    assert earlier_turns(question) == (Turn("?" * 50, "…" + "x" * 3_949),)
    assert [len(turn.answer) for turn in read] == [4_001, 3_950]  # and shortened


def test_the_search_for_turns_with_text_ends_after_a_few_turns(alice, monkeypatch):
    monkeypatch.setattr(context, "MAX_TURNS", 3)
    assert before(talk(alice, ("1?", "One."), ("2?", ""), ("3?", ""))) == (Turn("1?", "One."),)
    assert before(talk(alice, ("1?", "One."), ("2?", ""), ("3?", ""), ("4?", ""))) == ()


def test_a_question_costs_seven_queries_and_one_more_if_it_follows_another(alice, client):
    client.force_login(alice)
    requester = SessionRequester(client.session.session_key)

    def statements(**fields):
        ask = Ask(uuid.uuid4(), "Why?", **fields)
        with CaptureQueriesContext(connection) as queries:
            questions._save_once(requester, ask, uuid.uuid4())
        return len([query for query in queries if "SAVEPOINT" not in query["sql"]])

    first = say(alice, "1?", "One.")
    second = say(alice, "2?", "Two.", first)
    assert statements() == 7
    assert statements(follows=first.pk) == statements(revises=second.pk) == 8
