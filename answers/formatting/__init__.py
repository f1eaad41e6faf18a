"""Markdown to safe HTML, whole or while it grows. It knows neither Django nor answers: text in, HTML out."""

from answers.formatting.cache import formatted_html
from answers.formatting.changes import Change, changes
from answers.formatting.code import load_languages
from answers.formatting.growing import Growing, formatted, prefix_of
from answers.formatting.unformatted import unformatted

__all__ = [
    "Change",
    "Growing",
    "changes",
    "formatted",
    "formatted_html",
    "load_languages",
    "prefix_of",
    "unformatted",
]
