"""The admin of answers and of shared links. Django imports this package by its name."""

from answers.admin.answers import AnswerAdmin
from answers.admin.processes import ProcessAdmin
from answers.admin.shares import ShareAdmin
from answers.admin.usage import DailyUsageAdmin

__all__ = ["AnswerAdmin", "DailyUsageAdmin", "ProcessAdmin", "ShareAdmin"]
