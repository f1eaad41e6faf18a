"""What a follower reads from the database about its answer."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Case, Value, When
from django.db.models.functions import Length, Substr

from answers import protocol
from answers.engine import queue
from answers.engine.model_options import find_option
from answers.engine.running_answer import THINKING
from answers.engine.runtime import run_in_database_thread
from answers.live.progress import PIECE_CHARS, Progress
from answers.models import Answer, Status
from answers.protocol import Event


class AnswerRow(NamedTuple):
    """A row with one piece of its text and one of its reasoning."""

    answer: Answer
    text: str
    length: int  # of the whole text
    reasoning: str
    reasoning_length: int
    ahead: int | None  # in the queue, if it waits and `with_place` was given

    @property
    def has_ended(self) -> bool:
        return Status(self.answer.status).is_end

    def new_to(self, progress: Progress) -> Iterator[Event]:
        """The content that the reader does not have."""
        edition = self.answer.edition
        start = progress.position if edition == progress.edition else 0
        yield from progress.reasoning(progress.reasoning_position, self.reasoning)
        yield from progress.text(edition, start, self.text, may_go_back=self.has_ended)

    def is_known_to(self, progress: Progress) -> bool:
        """Whether the reader now has the whole row. They may have text that is not saved yet."""
        has_text = progress.edition != self.answer.edition or progress.position >= self.length
        return has_text and progress.reasoning_position >= self.reasoning_length

    @property
    def status(self) -> Event | None:
        """None if it waits and its place was not read."""
        row = self.answer
        if row.status == Status.QUEUED:
            return None if self.ahead is None else protocol.queued(row.pk, self.ahead)
        # Until the API reports its own name for the model, the row has the name that was chosen.
        model = row.shown_model if self.has_ended else row.model_label or find_option(row.model).name
        return protocol.started(row.pk, model)

    @property
    def activity(self) -> Event | None:
        """The activity as far as the row shows it. Other processes do not know the rest."""
        is_thinking = not self.has_ended and self.reasoning_length and not self.length
        return protocol.activity(self.answer.pk, THINKING) if is_thinking else None


@run_in_database_thread
def read_row(id: UUID, progress: Progress, *, with_place: bool) -> AnswerRow | None:
    """The row with the text and reasoning that the reader does not have, or None if there is no row."""
    # A position in another edition is meaningless.
    start = Case(When(edition=progress.edition, then=Value(progress.position + 1)), default=Value(1))
    rows = Answer.objects.defer("text", "reasoning", "question").annotate(
        piece=Substr("text", start, Value(PIECE_CHARS)),
        length=Length("text"),
        reasoning_piece=Substr("reasoning", Value(progress.reasoning_position + 1), Value(PIECE_CHARS)),
        reasoning_length=Length("reasoning"),
    )
    row: Any = rows.filter(pk=id).first()
    if row is None:
        return None
    ahead = queue.ahead_of(row) if with_place and row.status == Status.QUEUED else None
    return AnswerRow(row, row.piece, row.length, row.reasoning_piece, row.reasoning_length, ahead)
