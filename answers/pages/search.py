"""Searching questions and answers.

PostgreSQL keeps a text-search vector of each finished answer in a column that is not in the model
(answers/migrations/0001_initial.py). SQLite scans the person's own texts. Both accept words, "phrases in
quotes", and -words that must not occur. PostgreSQL also knows English endings and `or`.
"""

import re

from django.db import connections
from django.db.models import BooleanField, Q
from django.db.models.expressions import RawSQL

from answers.models import AnswerQuerySet

MATCHES = """"answers_answer"."search" @@ websearch_to_tsquery('askme', %s)"""
# The migration replaces these with spaces. Quotes, and a hyphen before a word, have a meaning here.
SIGNS = re.compile(r"""[!#$%&'()*+,./:;<=>?@\[\\\]^_`{|}~]|(?<=[^\s"])-""")
TERM = re.compile(r'(-?)(?:"([^"]+)"?|([^\s"]+))')


def matching(answers: AnswerQuerySet, words: str) -> AnswerQuerySet:
    if connections[answers.db].vendor == "postgresql":
        words = SIGNS.sub(" ", words)
        return answers.filter(RawSQL(MATCHES, [words], output_field=BooleanField()))  # noqa: S611
    for minus, phrase, word in TERM.findall(words):
        term = phrase or word
        found = Q(question__icontains=term) | Q(text__icontains=term)
        answers = answers.filter(~found if minus else found)
    return answers
