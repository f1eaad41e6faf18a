"""The admin of answers. Django imports this package by its name."""

from answers.admin.answers import AnswerAdmin

__all__ = ["AnswerAdmin"]
