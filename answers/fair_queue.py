"""A queue that is fair between people: whoever asked 20 questions waits behind whoever asked one.

Not thread-safe: it belongs to the event loop, as the worker does.
"""

from collections import Counter, deque
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar


class Owned(Protocol):
    @property
    def user_id(self) -> Hashable: ...


T = TypeVar("T", bound=Owned)


class FairQueue(Generic[T]):
    """People take turns, each with their oldest item, at most `per_user` of one person served at once."""

    def __init__(self, per_user: int = 0) -> None:
        self.per_user = per_user  # 0: no limit
        self._served: Counter[Hashable] = Counter()
        self._turns: dict[Hashable, deque[T]] = {}  # in the order of turns; no deque is empty

    def __len__(self) -> int:
        return sum(len(items) for items in self._turns.values())

    def put(self, item: T) -> None:
        self._turns.setdefault(item.user_id, deque()).append(item)

    def get(self) -> T | None:
        """The next item to serve, or None: all are waiting for a place of their own. Pair with `done`."""
        for user_id in self._turns:
            if not self.per_user or self._served[user_id] < self.per_user:
                break
        else:
            return None
        items = self._turns.pop(user_id)
        item = items.popleft()
        if items:
            self._turns[user_id] = items  # to the end: everybody else has a turn first
        self._served[user_id] += 1
        return item

    def done(self, item: T) -> None:
        """`item` is no longer served."""
        self._served[item.user_id] -= 1
        if not self._served[item.user_id]:
            del self._served[item.user_id]

    def remove(self, item: T) -> bool:
        """Take a waiting item out. False: it does not wait."""
        items = self._turns.get(item.user_id, deque())
        if item not in items:
            return False
        items.remove(item)
        if not items:
            del self._turns[item.user_id]
        return True

    def ahead(self, item: T) -> int:
        """How many waiting items have their turn before this one."""
        users = list(self._turns)
        own_turn, own_place = users.index(item.user_id), self._turns[item.user_id].index(item)
        before = own_place
        for turn, user_id in enumerate(users):
            if user_id != item.user_id:
                before += min(len(self._turns[user_id]), own_place + (turn < own_turn))
        return before

    def __iter__(self):  # type: ignore[no-untyped-def]
        """All waiting items, person by person."""
        for items in self._turns.values():
            yield from items
