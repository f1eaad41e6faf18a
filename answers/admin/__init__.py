"""The admin of answers and of shared links. Django imports this package by its name."""

from answers.admin.answers import AnswerAdmin
from answers.admin.shares import ShareAdmin

__all__ = ["AnswerAdmin", "ShareAdmin"]
