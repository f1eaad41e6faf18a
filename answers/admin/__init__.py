"""The admin of answers, of shared links, and of the audit. Django imports this package by its name."""

from answers.admin.answers import AnswerAdmin
from answers.admin.audit import AuditEntryAdmin
from answers.admin.shares import ShareAdmin

__all__ = ["AnswerAdmin", "AuditEntryAdmin", "ShareAdmin"]
