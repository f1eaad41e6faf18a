"""The queue: people take turns, each has a maximum of simultaneous answers, and one process gets each."""

import uuid
from collections import defaultdict
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from answers.engine import queue
from answers.engine.hooks import Hooks
from answers.models import Answer, Status

pytestmark = pytest.mark.django_db
fewer_examples = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
HERE, ELSEWHERE = uuid.uuid4(), uuid.uuid4()


class People(defaultdict):
    """Users by name, who ask numbered questions."""

    def __missing__(self, name):
        self[name] = User.objects.create_user(f"{name}-{uuid.uuid4().hex}")
        return self[name]

    def ask(self, name, number=0, **fields):
        place = queue.next_place(self[name], uuid.uuid4())
        question = f"{name} {number}"
        row = Answer.objects.ask(self[name], uuid.uuid4(), question, turn=place.turn, **fields)
        row.ahead = place.ahead
        return row


class FailingHooks(Hooks):
    def prompt(self, answer, prompt):
        if "fails" in prompt.question:
            raise ValueError("no")
        if "breaks" in prompt.question:
            with connection.cursor() as cursor:
                cursor.execute("SELECT nothing FROM nowhere")
        return prompt


@pytest.fixture
def people(settings):
    settings.ASKME_RUNNING_PER_USER = 0
    return People()


def claim(room=1, process=HERE, **options):
    """As a worker does: until there is nothing to claim, or no room."""
    claimed = []
    while room and (more := queue.claim(process, room, **{"only_own": False} | options)):
        claimed += more
        room -= len(more)
    return claimed


def end(answer):
    Answer.objects.finish(answer.id, status=Status.COMPLETE)


def serve(limit=100):
    """Run one after the other, and return their questions."""
    served = []
    while len(served) < limit and (claimed := claim()):
        served.append(claimed[0].prompt.question)
        end(claimed[0])
    return served


def test_one_question_is_second_behind_twenty_of_another_person(people):
    for number in range(20):
        people.ask("alice", number)
    bob = people.ask("bob")
    assert bob.ahead == queue.ahead_of(bob) == 1
    assert serve(3) == ["alice 0", "bob 0", "alice 1"]


def test_a_person_already_being_served_comes_after_one_who_is_not(people):
    people.ask("alice")
    [first] = claim()
    for number in range(1, 20):
        people.ask("alice", number)
    assert people.ask("bob").ahead == 0
    end(first)
    assert serve(2) == ["bob 0", "alice 1"]


def test_a_second_question_does_not_wait_behind_all_of_a_person_who_was_served(people):
    for number in range(20):
        people.ask("alice", number)
    served = []
    for number in range(3):
        people.ask("bob", number)
        served += serve(2)
    assert served == ["alice 0", "bob 0", "alice 1", "bob 1", "alice 2", "bob 2"]


def test_a_person_has_a_maximum_of_simultaneous_answers_in_all_processes(people, settings):
    settings.ASKME_RUNNING_PER_USER = 2
    for number in range(3):
        people.ask("alice", number)
    first, *rest = [*claim(), *claim(process=ELSEWHERE), *claim(room=5)]
    assert len(rest) == 1
    people.ask("bob")
    assert [answer.prompt.question for answer in claim(room=5)] == ["bob 0"]
    end(first)
    assert [answer.prompt.question for answer in claim(process=ELSEWHERE, room=5)] == ["alice 2"]


def test_a_claimed_question_names_its_process_and_its_start(people, settings):
    settings.ASKME_DEMO, settings.ASKME_MODEL = False, "small"
    row = people.ask("alice")
    [answer] = claim()
    row.refresh_from_db()
    assert (row.status, row.process_id, row.model) == (Status.RUNNING, HERE, "small")
    assert row.asked_at <= row.started_at == answer.started_at
    assert claim(process=ELSEWHERE) == []


def test_a_waiting_question_can_be_stopped_once(people):
    row = people.ask("alice")
    assert queue.stop(people["bob"], row.pk) is None
    stopped = queue.stop(people["alice"], row.pk)
    assert (stopped.status, stopped.text) == (Status.STOPPED, "")
    assert stopped.finished_at is not None
    assert queue.stop(people["alice"], row.pk) is None
    assert claim() == []


def test_stopping_a_question_does_not_make_the_persons_others_wait_longer(people):
    first, second = people.ask("alice", 1), people.ask("alice", 2)
    people.ask("bob", 1)
    people.ask("bob", 2)
    assert queue.ahead_of(second) == 2
    queue.stop(people["alice"], first.pk)
    assert serve(2) == ["alice 2", "bob 1"]


@fewer_examples
@given(st.lists(st.sampled_from("abcd"), max_size=12), st.data())
def test_the_places_are_the_order_in_which_questions_are_served(people, users, data):
    Answer.objects.all().delete()
    for number, user in enumerate(users):
        people.ask(user, number)
    serve(data.draw(st.integers(0, len(users))))  # also stop in the middle of a round
    places = [Answer.objects.get(pk=id).question for id in queue.order()]
    assert places == serve()


@fewer_examples
@given(st.lists(st.sampled_from("abcd"), max_size=12))
def test_all_are_served_and_each_persons_in_order(people, users):
    Answer.objects.all().delete()
    for number, user in enumerate(users):
        people.ask(user, number)
    served = serve()
    for user in "abcd":
        asked = [f"{user} {number}" for number, name in enumerate(users) if name == user]
        assert [question for question in served if question.startswith(user)] == asked


def test_the_question_of_another_kind_of_process_is_its_own(people):
    """As those of `manage.py ask`, which is not a server."""
    own = people.ask("alice", process_id=HERE)
    people.ask("bob")
    assert [answer.id for answer in claim(room=5, only_own=True)] == [own.pk]
    assert [answer.prompt.question for answer in claim(room=5, process=ELSEWHERE)] == ["bob 0"]


def test_a_question_older_than_an_hour_is_interrupted_with_a_sentence(people):
    old, new = people.ask("alice"), people.ask("alice", 1)
    before = timezone.now() - timedelta(seconds=queue.EXPIRY_SECONDS)
    Answer.objects.filter(pk=old.pk).update(asked_at=before)
    assert [answer.id for answer in claim(room=5)] == [new.pk]
    [expired] = queue.expire(10)
    old.refresh_from_db()
    assert (old.pk, old.status, old.error_code) == (expired.pk, Status.INTERRUPTED, "expired")
    assert old.error_message == "This question waited for over an hour. Please ask again."
    assert queue.expire(10) == []


def test_a_server_runs_what_it_was_asked_before_it_began_to_serve(people):
    own = people.ask("alice", process_id=HERE)
    assert [answer.id for answer in claim()] == [own.pk]


def test_a_question_that_only_one_process_may_run_can_be_stopped_while_it_waits(people, settings):
    """As with Ctrl-C in a terminal, if other answers of the same person are running."""
    settings.ASKME_RUNNING_PER_USER = 1
    people.ask("alice", 0, process_id=HERE)
    [running] = claim(only_own=True)
    waiting = people.ask("alice", 1, process_id=HERE)
    assert claim(only_own=True) == []
    assert queue.stop(people["alice"], waiting.pk).status == Status.STOPPED
    assert [answer.pk for answer in Answer.objects.owned()] == [running.id]


def test_an_expired_question_has_no_process(people):
    own = people.ask("alice", process_id=HERE)
    before = timezone.now() - timedelta(seconds=queue.EXPIRY_SECONDS)
    Answer.objects.filter(pk=own.pk).update(asked_at=before)
    assert [answer.pk for answer in queue.expire(10)] == [own.pk]
    assert not Answer.objects.owned().exists()


def test_a_question_whose_stop_was_requested_while_it_waited_is_not_sent(people, settings):
    """As when its person was deactivated while it was being saved."""
    settings.ASKME_HOOKS = f"{__name__}.{FailingHooks.__qualname__}"
    row = people.ask("alice")
    Answer.objects.filter(pk=row.pk).update(question="fails")
    assert Answer.objects.request_stop(people["alice"], row.pk)
    [claimed] = claim()
    assert claimed.outcome.status == Status.STOPPED


def test_a_hook_that_fails_costs_only_its_own_question(people, settings):
    settings.ASKME_HOOKS = f"{__name__}.{FailingHooks.__qualname__}"
    people.ask("alice", "fails")
    people.ask("alice", "breaks the transaction")
    people.ask("alice", "works")
    outcomes = [answer.outcome and answer.outcome.error_code for answer in claim(room=5)]
    assert outcomes == ["internal", "internal", None]
    assert Answer.objects.running().count() == 3


def test_an_empty_queue_costs_one_query(people, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert claim() == []
    with django_assert_num_queries(1):
        assert queue.expire(10) == []
