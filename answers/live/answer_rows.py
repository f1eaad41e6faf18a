"""What a follower reads from the database about its answer."""

from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Value
from django.db.models.functions import Length, Substr

from answers import protocol
from answers.engine import queue
from answers.engine.runtime import run_in_database_thread
from answers.models import Answer, Status
from answers.protocol import Event

PIECE_CHARS = 65_536  # in one event, so that little of a long answer waits in memory for a slow reader


class AnswerRow(NamedTuple):
    """A row with one piece of its text."""

    answer: Answer
    text: str
    length: int  # of the whole text
    ahead: int | None  # in the queue, if it waits and `with_place` was given

    @property
    def has_ended(self) -> bool:
        return Status(self.answer.status).is_end

    @property
    def status(self) -> Event:
        if self.ahead is not None:
            return protocol.queued(self.answer.pk, self.ahead)
        return protocol.started(self.answer.pk, self.answer.shown_model)


@run_in_database_thread
def read_row(id: UUID, position: int, *, with_place: bool) -> AnswerRow | None:
    """The row with its text from `position` on, or None if there is none."""
    text, length = Substr("text", Value(position + 1), Value(PIECE_CHARS)), Length("text")
    rows = Answer.objects.defer("text", "question").annotate(piece=text, length=length)
    row: Any = rows.filter(pk=id).first()
    if row is None:
        return None
    ahead = queue.ahead_of(row) if with_place and row.status == Status.QUEUED else None
    return AnswerRow(row, row.piece, row.length, ahead)
