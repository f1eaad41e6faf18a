"""The models: answers, the processes that run them, shared links, logs and figures, the audit."""

from answers.models.answer import (
    API_ID_CHARS,
    FINISH_REASON_CHARS,
    MODEL_CHARS,
    NOTE_CHARS,
    Answer,
)
from answers.models.answer_queries import AnswerQuerySet
from answers.models.audit_entry import Action, AuditEntry
from answers.models.batches import Prunable, delete_in_batches, in_batches
from answers.models.daily_usage import DailyUsage
from answers.models.personal_settings import PersonalSettings
from answers.models.personal_usage import PersonalUsage
from answers.models.process import Process
from answers.models.prune_run import PruneRun
from answers.models.question_log import QuestionLog
from answers.models.share import Share, make_token
from answers.models.status import Rating, Status
from answers.models.usage_log import UsageLog

__all__ = [
    "API_ID_CHARS",
    "FINISH_REASON_CHARS",
    "MODEL_CHARS",
    "NOTE_CHARS",
    "Action",
    "Answer",
    "AnswerQuerySet",
    "AuditEntry",
    "DailyUsage",
    "PersonalSettings",
    "PersonalUsage",
    "Process",
    "Prunable",
    "PruneRun",
    "QuestionLog",
    "Rating",
    "Share",
    "Status",
    "UsageLog",
    "delete_in_batches",
    "in_batches",
    "make_token",
]
