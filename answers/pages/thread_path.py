"""What a page shows of a thread: one path through it, or one part of a very long path.

It takes at most two SQL statements, however long the thread and however many versions: one for the tree,
which needs no texts, and one for the answers on the page.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID, uuid4

from answers.models import Answer, AnswerQuerySet, Status
from answers.pages.thread import Tree
from answers.pages.titles import shortened

PART_ANSWERS = 100  # on one page; more would be too large for a phone


@dataclass
class PathEntry:
    """One place on the path: the answer shown there, and the ids of all `versions`, oldest first."""

    answer: Answer
    versions: list[UUID]
    rating_problem: str = ""
    new_answer: UUID = field(default_factory=uuid4)  # the next version's id, if it is asked again
    new_follow_up: UUID = field(default_factory=uuid4)  # the id of the question that asks it to go on

    @property
    def endings(self) -> list[str]:
        """The messages about its end that apply, by their names in the template. answer.js knows them too."""
        match self.answer.status:
            case Status.COMPLETE:
                return [self.answer.finish_reason]
            case Status.STOPPED | Status.FAILED | Status.INTERRUPTED as status:
                return [status, "kept"] if self.answer.text else [status]
        return []

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
class ThreadPath:
    """A follow-up follows `end`. `earlier` and `later` are the nearest answers before and after this part."""

    entries: list[PathEntry]
    end: UUID
    earlier: UUID | None
    later: UUID | None

    @classmethod
    def through(cls, answer: Answer) -> Self | None:
        """The path through this answer, which is not read again. None if it has just been deleted."""
        answers = Answer.objects.of_thread(answer)
        tree = Tree.of(answers)
        found = tree.find(answer.pk)
        return cls._part(answers, tree, tree.path(found), answer.pk, [answer]) if found else None

    @classmethod
    def to_newest(cls, answers: AnswerQuerySet, at: UUID | None) -> Self | None:
        """The path to the newest answer: the part of it with the answer `at`, if that is on the path."""
        tree = Tree.of(answers)
        newest = tree.newest()
        return cls._part(answers, tree, tree.path(newest), at) if newest else None

    @classmethod
    def _part(
        cls,
        answers: AnswerQuerySet,
        tree: Tree,
        path: list[Answer],
        at: UUID | None,
        known: Iterable[Answer] = (),
    ) -> Self:
        # Parts are counted from the end, so that each answer is in exactly one of them.
        after = next((number for number, one in enumerate(reversed(path)) if one.pk == at), 0)
        stop = len(path) - after // PART_ANSWERS * PART_ANSWERS
        start = max(0, stop - PART_ANSWERS)
        loaded = {one.pk: one for one in known}
        loaded |= answers.in_bulk([one.pk for one in path[start:stop] if one.pk not in loaded])
        return cls(
            entries=[
                PathEntry(loaded[one.pk], [version.pk for version in tree.versions(one)])
                for one in path[start:stop]
                if one.pk in loaded  # it may just have been deleted
            ],
            end=path[-1].pk,
            earlier=path[start - 1].pk if start else None,
            later=path[stop].pk if stop < len(path) else None,
        )

    @property
    def title(self) -> str:
        """The first question, with a mark while anything is being answered; see answers/pages/titles.py."""
        return ("… " if self.is_unfinished else "") + shortened(self.entries[0].answer.question)

    @property
    def is_unfinished(self) -> bool:
        return any(not Status(entry.answer.status).is_end for entry in self.entries)
