"""The models: answers, the processes that run them, a log for limits, shared links, the last prune."""

from answers.models.answer import (
    API_ID_CHARS,
    FINISH_REASON_CHARS,
    MODEL_CHARS,
    NOTE_CHARS,
    Answer,
)
from answers.models.answer_queries import AnswerQuerySet
from answers.models.batches import Prunable, delete_in_batches, in_batches
from answers.models.process import Process
from answers.models.prune_run import PruneRun
from answers.models.question_log import QuestionLog
from answers.models.share import Share, make_token
from answers.models.status import Rating, Status

__all__ = [
    "API_ID_CHARS",
    "FINISH_REASON_CHARS",
    "MODEL_CHARS",
    "NOTE_CHARS",
    "Answer",
    "AnswerQuerySet",
    "Process",
    "Prunable",
    "PruneRun",
    "QuestionLog",
    "Rating",
    "Share",
    "Status",
    "delete_in_batches",
    "in_batches",
    "make_token",
]
