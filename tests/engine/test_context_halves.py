"""Follow-up questions begin with the same turns, until half of them are dropped at once."""

import itertools
import uuid

import pytest

from accounts.models import User
from answers.engine.context import earlier_turns
from answers.models import Answer, Status
from completions import Turn
from tests.engine.test_context import before, limit, say, talk

__all__ = ["limit"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return User.objects.create_user("alice")


def conversation(user, number, text="x" * 9):
    """Ask this many questions of 10 characters each, and return what was sent with each of them."""
    sent, last = [], None
    for index in range(number):
        last = say(user, str(index % 10), text, last)
        sent.append(earlier_turns(last))
    return sent


def test_the_beginning_stays_the_same_until_half_of_the_turns_are_dropped_at_once(alice, limit):
    limit(25)  # ten turns
    sent = conversation(alice, 40)
    assert [len(turns) for turns in sent[:12]] == [*range(11), 5]
    cuts = [
        (len(earlier), len(later))
        for earlier, later in itertools.pairwise(sent)
        if later[: len(earlier)] != earlier
    ]
    # Only every sixth question has another beginning than the one before.
    assert cuts == [(10, 5)] * 5
    for index, turns in enumerate(sent):
        assert [turn.question for turn in turns] == [str(i % 10) for i in range(index - len(turns), index)]


def test_an_edited_question_is_sent_with_the_same_turns_as_the_original(alice, limit):
    limit(25)
    last = None
    for index in range(15):
        last = say(alice, str(index % 10), "x" * 9, last)
    version = Answer.objects.ask(alice, uuid.uuid4(), "Again?", revises=last.pk)
    assert earlier_turns(version) == earlier_turns(last)
    assert len(earlier_turns(last)) == 8


def test_an_answer_without_text_changes_nothing_about_the_beginning(alice, limit):
    limit(25)
    last = talk(alice, *[(str(index), "x" * 9) for index in range(8)])
    turns = before(last)
    for text in ("", " \n"):
        last = say(alice, "Failed?", text, last)
        assert before(last) == turns
    # A process that was killed before the first save leaves an answer of which nothing is known.
    Answer.objects.filter(pk=last.pk).update(sent_turns=0, text="")
    assert before(last) == turns
    assert before(say(alice, "9", "x" * 9, last)) == (*turns, Turn("9", "x" * 9))


def test_a_lower_limit_halves_until_the_rest_fits_and_a_higher_one_brings_nothing_back(alice, limit):
    last = talk(alice, *[(str(index), "x" * 9) for index in range(8)])
    assert len(before(last)) == 8
    limit(11)  # four turns
    assert [turn.question for turn in before(last)] == ["4", "5", "6", "7"]
    limit(10)  # not quite four
    assert [turn.question for turn in before(last)] == ["4", "5", "6", "7"]
    limit(9)
    assert [turn.question for turn in before(last)] == ["6", "7"]
    last = say(alice, "8", "x" * 9, last)
    limit(4_000)
    assert [turn.question for turn in before(last)] == ["6", "7", "8"]


def test_deleting_an_earlier_turn_brings_no_other_one_in_its_place_beyond_the_first(alice, client):
    last = talk(alice, *[(str(index), "x" * 9) for index in range(4)])
    client.force_login(alice)
    client.post(f"/a/{last.follows_id}/delete/")
    last.refresh_from_db()
    assert [turn.question for turn in before(last)] == ["0", "1", "3"]


def test_turns_that_the_model_found_too_long_are_not_sent_again(alice):
    last = talk(alice, *[(str(index), "x" * 9) for index in range(8)])
    question = Answer.objects.ask(alice, uuid.uuid4(), "8", follows=last.pk)
    fields = {"status": Status.COMPLETE, "text": "x" * 9, "sent_turns": 4}  # half of them were refused
    Answer.objects.filter(pk=question.pk).update(**fields)
    question.refresh_from_db()
    assert [turn.question for turn in before(question)] == ["4", "5", "6", "7", "8"]


def test_after_one_turn_that_was_too_long_the_next_question_begins_anew(alice, limit):
    limit(10)
    long = say(alice, "Long?", "x" * 100)
    assert before(long) == (Turn("Long?", "…" + "x" * 34),)
    after = say(alice, "Short?", "Yes.", long)
    assert before(after) == (Turn("Short?", "Yes."),)
