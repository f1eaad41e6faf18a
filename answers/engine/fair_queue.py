"""A queue that is fair between people: someone who asked 20 questions waits behind someone who asked one.

Not thread-safe: like the worker, it may be used only on the event loop.
"""

from collections import Counter, deque
from collections.abc import Hashable, Iterator
from itertools import count
from typing import Generic, NamedTuple, Protocol, TypeVar


class Owned(Protocol):
    @property
    def user_id(self) -> Hashable: ...


T = TypeVar("T", bound=Owned)


class Waiting(NamedTuple):
    turn: int
    number: int  # order of arrival, among items with the same turn
    item: object


class FairQueue(Generic[T]):
    """People take turns, each with their oldest item. At most `per_user` of one person are served at once.

    This is start-time fair queueing (Goyal, Vin and Cheng, 1996) with equal weights. An item's turn follows
    that of the person's previous item, or is the turn being served now if that is later. So people who are
    being served come after people who are not.
    """

    def __init__(self, per_user: int = 0) -> None:
        self.per_user = per_user  # 0: no limit
        self._served: Counter[Hashable] = Counter()
        self._waiting: dict[Hashable, deque[Waiting]] = {}  # never an empty deque
        self._turn = 0  # the latest turn served
        self._next: dict[Hashable, int] = {}  # the next turn of each person who waits or is served
        self._numbers = count()

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def __iter__(self) -> Iterator[T]:
        """All waiting items, in the order of their turns."""
        for waiting in sorted(one for items in self._waiting.values() for one in items):
            yield waiting.item  # type: ignore[misc]

    def put(self, item: T) -> None:
        turn = max(self._turn, self._next.get(item.user_id, 0))
        waiting = Waiting(turn, next(self._numbers), item)
        self._waiting.setdefault(item.user_id, deque()).append(waiting)
        self._next[item.user_id] = turn + 1

    def get(self) -> T | None:
        """The next item to serve, or None if everyone who waits is at their limit. Pair with `done`."""
        heads = [
            items[0]
            for user_id, items in self._waiting.items()
            if not self.per_user or self._served[user_id] < self.per_user
        ]
        if not heads:
            return None
        waiting = min(heads)
        item: T = waiting.item  # type: ignore[assignment]
        self._turn = max(self._turn, waiting.turn)
        self._waiting[item.user_id].popleft()
        self._served[item.user_id] += 1
        self._forget(item.user_id)
        return item

    def done(self, item: T) -> None:
        """`item` is no longer served."""
        self._served[item.user_id] -= 1
        self._forget(item.user_id)

    def remove(self, item: T) -> bool:
        """Remove a waiting item. Returns False if it is not waiting."""
        items = self._waiting.get(item.user_id, deque())
        place = next((place for place, waiting in enumerate(items) if waiting.item is item), None)
        if place is None:
            return False
        del items[place]
        for later in range(place, len(items)):
            items[later] = items[later]._replace(turn=items[later].turn - 1)
        self._next[item.user_id] -= 1
        self._forget(item.user_id)
        return True

    def ahead(self, item: T) -> int:
        """How many waiting items come before this one."""
        return next(place for place, waiting in enumerate(self) if waiting is item)

    def _forget(self, user_id: Hashable) -> None:
        """Drop what is no longer needed about a person."""
        if not self._waiting.get(user_id, True):
            del self._waiting[user_id]
        if not self._served[user_id]:
            del self._served[user_id]
            if user_id not in self._waiting:
                del self._next[user_id]
