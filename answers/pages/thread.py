"""A thread as a tree of questions and answers. Questions that follow the same answer are versions.

A page shows one path through it. When an answer is deleted, its follow-ups then follow the answer before it.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Self
from uuid import UUID

from answers.models import Answer, AnswerQuerySet


class Tree:
    def __init__(self, answers: Iterable[Answer]) -> None:
        """`answers` are those of one thread, in the order in which they were asked."""
        self._answers = {answer.pk: answer for answer in answers}
        self._next: defaultdict[UUID | None, list[Answer]] = defaultdict(list)
        for answer in self._answers.values():
            self._next[answer.follows_id].append(answer)

    @classmethod
    def of(cls, answers: AnswerQuerySet) -> Self:
        """The tree of one thread, without the texts of its answers."""
        return cls(answers.order_by("asked_at", "pk").only("pk", "follows"))

    def __len__(self) -> int:
        return len(self._answers)

    def find(self, id: UUID) -> Answer | None:
        return self._answers.get(id)

    def newest(self) -> Answer | None:
        """The last one asked. Nothing follows it."""
        return next(reversed(self._answers.values()), None)

    def before(self, answer: Answer) -> list[Answer]:
        """The answers that it follows, oldest first, without itself."""
        path: list[Answer] = []
        while (follows := answer.follows_id) is not None and follows in self._answers:
            answer = self._answers[follows]
            path.append(answer)
        return path[::-1]

    def path(self, answer: Answer) -> list[Answer]:
        """From the first question through this answer, and on to the end along the newest versions."""
        path = [*self.before(answer), answer]
        while following := self._next.get(path[-1].pk):
            path.append(following[-1])
        return path

    def versions(self, answer: Answer) -> list[Answer]:
        """All answers at its place in the thread, oldest first, including itself."""
        return self._next[answer.follows_id]
