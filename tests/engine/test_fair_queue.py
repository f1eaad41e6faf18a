"""The fair queue: people take turns, and each has a maximum of simultaneous answers."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from answers.engine.fair_queue import FairQueue


@dataclass(frozen=True)
class Item:
    user_id: str
    number: int = 0


def drain(queue):
    served = []
    while item := queue.get():
        served.append(item)
        queue.done(item)
    return served


def test_one_question_is_second_behind_twenty_of_another_person():
    queue = FairQueue()
    for number in range(20):
        queue.put(Item("alice", number))
    queue.put(bob := Item("bob"))
    assert queue.ahead(bob) == 1
    assert drain(queue)[:3] == [Item("alice", 0), Item("bob"), Item("alice", 1)]


def test_a_person_already_being_served_comes_after_one_who_is_not():
    queue = FairQueue()
    queue.put(first := Item("alice"))
    assert queue.get() is first
    for number in range(1, 20):
        queue.put(Item("alice", number))
    queue.put(bob := Item("bob"))
    assert queue.ahead(bob) == 0
    queue.done(first)
    assert drain(queue)[:2] == [bob, Item("alice", 1)]


def test_nothing_is_kept_about_people_who_have_been_served():
    queue = FairQueue()
    for number in range(3):
        queue.put(Item("alice", number))
        queue.put(Item("bob", number))
    kept = vars(FairQueue()).keys() - {"_numbers", "_turn"}
    drain(queue)
    assert {name: vars(queue)[name] for name in kept} == {name: vars(FairQueue())[name] for name in kept}


def test_a_person_has_a_maximum_of_simultaneous_answers():
    queue = FairQueue(per_user=2)
    for number in range(3):
        queue.put(Item("alice", number))
    assert [queue.get(), queue.get(), queue.get()] == [Item("alice", 0), Item("alice", 1), None]
    queue.put(Item("bob"))
    assert queue.get() == Item("bob")
    queue.done(Item("alice", 0))
    assert queue.get() == Item("alice", 2)


def test_a_waiting_item_can_be_taken_out_once():
    queue = FairQueue()
    queue.put(item := Item("alice"))
    assert queue.remove(item)
    assert not queue.remove(item)
    assert queue.get() is None
    assert len(queue) == 0


def test_removing_an_item_does_not_make_its_owner_wait_longer():
    queue = FairQueue()
    queue.put(first := Item("alice", 1))
    queue.put(second := Item("alice", 2))
    queue.put(bob := Item("bob", 1))
    queue.put(Item("bob", 2))
    assert queue.ahead(second) == 2
    assert queue.remove(first)
    assert drain(queue)[:2] == [second, bob]


@given(st.lists(st.sampled_from("abcd"), max_size=30), st.data())
def test_ahead_is_the_number_of_items_served_before(users, data):
    queue = FairQueue()
    items = [Item(user, number) for number, user in enumerate(users)]
    for item in items:
        queue.put(item)
    for _ in range(data.draw(st.integers(0, len(items)))):
        items.remove(queue.get())  # also stop in the middle of a round
    places = {item: queue.ahead(item) for item in items}
    assert sorted(queue, key=places.get) == drain(queue)


@given(st.lists(st.sampled_from("abcd"), max_size=40))
def test_all_are_served_and_each_persons_in_order(users):
    queue = FairQueue()
    for number, user in enumerate(users):
        queue.put(Item(user, number))
    served = drain(queue)
    for user in "abcd":
        assert [item for item in served if item.user_id == user] == [
            Item(user, number) for number, name in enumerate(users) if name == user
        ]
