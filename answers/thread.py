"""One thread of questions that follow each other, as a tree: what follows the same answer are versions.

A page shows one way through it. Deleting an answer hands what follows it to the answer before it.
"""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from answers.models import Answer


class Thread:
    def __init__(self, answers: Iterable[Answer]) -> None:
        """`answers` are those of one thread, in the order in which they were asked."""
        self._answers = {answer.pk: answer for answer in answers}
        self._next: defaultdict[UUID | None, list[Answer]] = defaultdict(list)
        for answer in self._answers.values():
            self._next[answer.follows_id].append(answer)

    def before(self, answer: Answer) -> list[Answer]:
        """What it follows, oldest first, without itself."""
        path: list[Answer] = []
        while answer.follows_id is not None:
            answer = self._answers[answer.follows_id]
            path.append(answer)
        return path[::-1]

    def path(self, answer: Answer) -> list[Answer]:
        """From the first question through this answer to the end, after it by the newest versions."""
        path = [*self.before(answer), answer]
        while following := self._next[path[-1].pk]:
            path.append(following[-1])
        return path

    def versions(self, answer: Answer) -> list[Answer]:
        """All that stand at its place in the thread, oldest first; itself among them."""
        return self._next[answer.follows_id]
