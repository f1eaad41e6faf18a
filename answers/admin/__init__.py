"""The admin of answers, shared links, usage, processes and the audit. Django imports this package by its name."""

from answers.admin.answers import AnswerAdmin
from answers.admin.audit import AuditEntryAdmin
from answers.admin.processes import ProcessAdmin
from answers.admin.shares import ShareAdmin
from answers.admin.usage import DailyUsageAdmin

__all__ = ["AnswerAdmin", "AuditEntryAdmin", "DailyUsageAdmin", "ProcessAdmin", "ShareAdmin"]
