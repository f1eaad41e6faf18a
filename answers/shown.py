"""What a page shows of a thread: one way through it, and of a very long one a part.

Two statements, however long the thread and however many its versions: one for the tree, which needs no texts,
and one for what is shown.
"""

from dataclasses import dataclass, field
from typing import Self
from uuid import UUID, uuid4

from answers.models import Answer, AnswerQuerySet, Status
from answers.thread import Tree

PART_EXCHANGES = 100  # on one page; more would be a page that no phone can hold


@dataclass
class Exchange:
    """What exchange.html shows. `versions` are all at its place in the thread, oldest first."""

    answer: Answer
    versions: list[UUID]
    rating_problem: str = ""
    new_answer: UUID = field(default_factory=uuid4)  # if it is asked again

    @property
    def number(self) -> int:
        return self.versions.index(self.answer.pk) + 1

    @property
    def previous(self) -> UUID | None:
        return self.versions[self.number - 2] if self.number > 1 else None

    @property
    def next(self) -> UUID | None:
        return self.versions[self.number] if self.number < len(self.versions) else None

    @property
    def newest(self) -> UUID:
        return self.versions[-1]


@dataclass
class Way:
    """`end` is what a follow-up follows; `earlier` and `later` are the nearest answers that are not shown."""

    exchanges: list[Exchange]
    end: UUID
    earlier: UUID | None
    later: UUID | None

    @classmethod
    def through(cls, answers: AnswerQuerySet, id: UUID) -> Self | None:
        """To, and past, the answer with this id. `answers` are those of one thread."""
        tree = _tree(answers)
        answer = tree.find(id)
        return cls._part(answers, tree, tree.path(answer), id) if answer else None

    @classmethod
    def to_newest(cls, answers: AnswerQuerySet, at: UUID | None) -> Self | None:
        """To what was asked last; the part with the answer `at`, if it is on that way."""
        tree = _tree(answers)
        newest = tree.newest()
        return cls._part(answers, tree, tree.path(newest), at) if newest else None

    @classmethod
    def _part(cls, answers: AnswerQuerySet, tree: Tree, path: list[Answer], at: UUID | None) -> Self:
        # Counted from the end, so that each answer is in one part.
        after = next((number for number, one in enumerate(reversed(path)) if one.pk == at), 0)
        stop = len(path) - after // PART_EXCHANGES * PART_EXCHANGES
        start = max(0, stop - PART_EXCHANGES)
        whole = answers.in_bulk([one.pk for one in path[start:stop]])
        return cls(
            exchanges=[
                Exchange(whole[one.pk], [version.pk for version in tree.versions(one)])
                for one in path[start:stop]
                if one.pk in whole  # not deleted a moment ago
            ],
            end=path[-1].pk,
            earlier=path[start - 1].pk if start else None,
            later=path[stop].pk if stop < len(path) else None,
        )

    @property
    def is_unfinished(self) -> bool:
        return any(not Status(exchange.answer.status).is_end for exchange in self.exchanges)


def _tree(answers: AnswerQuerySet) -> Tree:
    return Tree(answers.order_by("asked_at", "pk").only("pk", "follows"))
