"""The thread of an answer, as its person sees it: one path, with the other versions of each question."""

from typing import NamedTuple, Self
from uuid import UUID

from django.db.models.functions import Left
from django.utils.safestring import SafeString, mark_safe

from answers.formatting import formatted_html, prefix_of
from answers.models import Answer
from answers.pages.thread import Tree

AROUND = 10  # answers that are shown before this one, and after it
SHOWN_CHARS = 20_000  # of the text of each of them
LONG = ["text", "reasoning", "sources", "error_detail", "rating_note"]


class Turn(NamedTuple):
    """One answer on the path. `html` is empty, and the question is not read, for those who may not read."""

    answer: Answer
    number: int  # on the path, from 1
    versions: list[UUID]  # at its place, oldest first, itself included
    is_current: bool
    html: SafeString
    is_cut: bool

    @property
    def version(self) -> int:
        return self.versions.index(self.answer.pk) + 1

    @property
    def numbered_versions(self) -> list[tuple[int, UUID]]:
        return list(enumerate(self.versions, start=1))


class Conversation(NamedTuple):
    """`before` and `after` are the nearest answers on the path that are not shown."""

    turns: list[Turn]
    length: int  # of the path
    size: int  # of the thread, with all versions
    before: UUID | None
    after: UUID | None

    @property
    def current(self) -> Turn | None:
        return next((turn for turn in self.turns if turn.is_current), None)

    @classmethod
    def around(cls, answer: Answer, *, with_texts: bool) -> Self:
        """What is near this answer, which has been read already. It takes two statements."""
        rows = Answer.objects.of_thread(answer)
        tree = Tree.of(rows)
        path = tree.path(tree.find(answer.pk) or answer)
        ids = [one.pk for one in path]
        place = ids.index(answer.pk)
        first, last = max(0, place - AROUND), place + AROUND + 1
        near = rows.filter(pk__in=ids[first:last]).exclude(pk=answer.pk).order_by().defer(*LONG)
        if with_texts:
            near = near.annotate(beginning=Left("text", SHOWN_CHARS + 1))
        else:
            near = near.defer(*LONG, "question")
        loaded = {one.pk: one for one in near} | {answer.pk: answer}
        turns = [
            _turn(loaded[one.pk], number, [version.pk for version in tree.versions(one)], answer, with_texts)
            for number, one in enumerate(path[first:last], start=first + 1)
            if one.pk in loaded  # it may just have been deleted
        ]
        before = ids[first - 1] if first else None
        return cls(turns, len(path), len(tree), before, ids[last] if last < len(ids) else None)


def _turn(answer: Answer, number: int, versions: list[UUID], current: Answer, with_texts: bool) -> Turn:
    if answer.pk == current.pk:
        html = answer.html if with_texts else SafeString("")
        return Turn(answer, number, versions or [answer.pk], True, html, False)
    text = str(getattr(answer, "beginning", ""))
    html = mark_safe(formatted_html(text[:SHOWN_CHARS], prefix_of(answer.pk)))  # noqa: S308
    return Turn(answer, number, versions, False, html, len(text) > SHOWN_CHARS)
