"""The models: answers, the processes that run them, a log of questions for limits, and shared links."""

from answers.models.answer import (
    FINISH_REASON_CHARS,
    MODEL_CHARS,
    NOTE_CHARS,
    Answer,
    AnswerQuerySet,
    Rating,
    Status,
)
from answers.models.process import Process
from answers.models.question_log import QuestionLog
from answers.models.share import Share, make_token

__all__ = [
    "FINISH_REASON_CHARS",
    "MODEL_CHARS",
    "NOTE_CHARS",
    "Answer",
    "AnswerQuerySet",
    "Process",
    "QuestionLog",
    "Rating",
    "Share",
    "Status",
    "make_token",
]
